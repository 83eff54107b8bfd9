"""Models of ours as a teacher: one, or an ensemble of several with the same tags."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ner.bundle import load_bundle
from ner.errors import UsageError
from ner.extensions.distillation.ensemble import Ensemble
from ner.extensions.distillation.labels import Labels
from ner.extensions.distillation.segmentation import SpanChain, best_spans
from ner.extensions.distillation.teacher import Circumstances
from ner.run_folder import find_bundle
from ner.text import SegmentedText


class ModelTeacher:
    """Run folders, bundles or packed models: their mixture, as expected counts."""

    def __init__(self, folders: Sequence[Path], where: Circumstances) -> None:
        """Load them. Raises `NerError` for missing or damaged ones, and for different tags."""
        self.name = ", ".join(map(str, folders))
        paths = [find_bundle(folder) for folder in folders]
        bundles = [load_bundle(path, where.device) for path in paths]
        self.tags, self._scheme = bundles[0].outputs, where.scheme
        self.tokenizer = bundles[0].config.data.tokenizer
        for folder, bundle in zip(folders, bundles, strict=True):
            if layers := bundle.model.layers:
                raise UsageError(
                    f"--teacher {folder}: has the tag layers {', '.join(layers)}, and a student "
                    "one; name models of one layer"
                )
            if bundle.config.model.scheme != where.scheme:
                own = bundle.config.model.scheme
                raise UsageError(
                    f"--teacher {folder}: its tags are of {own}, those of the student of "
                    f"{where.scheme}; give --set model.scheme={own}"
                )
            if bundle.config.model.head != bundles[0].config.model.head:
                raise UsageError(
                    f"--teacher {folder}: is a {bundle.config.model.head}, unlike {folders[0]}; "
                    "name models with one kind of head"
                )
            if bundle.outputs != self.tags:
                raise UsageError(
                    f"--teacher {folder}: has other types ({', '.join(bundle.labels)}) than "
                    f"{folders[0]} ({', '.join(bundles[0].labels)}); name models of the same ones"
                )
        self._ensemble = Ensemble(paths, where.device)
        # The tags of a softmax are independent: forward-backward finds their legal sequences.
        independent = bundles[0].config.model.head == "softmax"
        self._chain = SpanChain(self.tags, where.scheme) if independent else None
        files = [file for path in paths for file in _files(path)]
        self.size = sum(file.stat().st_size for file in files)
        self.identity = f"ner {_digest(files)} {where.device.type}"

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        """The labels of each sentence, read by itself."""
        tokens = [sentence.tokens for _, sentences in documents for sentence in sentences]
        counts = self._ensemble.expected(tokens)
        if self._chain is not None:
            with np.errstate(divide="ignore"):
                yield from self._chain.labels([np.log(c.unary.astype(np.float64)) for c in counts])
            return
        spans = best_spans([each.unary for each in counts], self.tags, self._scheme)
        for pair in zip(spans, counts, strict=True):
            yield Labels(*pair)


def _files(path: Path) -> list[Path]:
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        if file.name != "README.md":  # a card may be changed
            digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
