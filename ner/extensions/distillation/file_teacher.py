"""Predictions in a file as a teacher: the answers of a service or of a language model."""

import hashlib
import logging
from collections.abc import Iterator, Sequence

from ner.corpus import read_file
from ner.errors import UsageError
from ner.extensions.distillation.labels import Labels
from ner.extensions.distillation.teacher import Circumstances
from ner.files import open_binary
from ner.tags import tag_set
from ner.text import SegmentedText, Span, layers_of

_log = logging.getLogger("ner")
_BLOCK = 1 << 20


class FileTeacher:
    """A labelled file, ``file:PATH``, of any format of a corpus; read by the settings of `data`.

    Its labels are those of its sentences: a sentence that it lacks has none.
    """

    size = None
    tokenizer = ""

    def __init__(self, spec: str, where: Circumstances) -> None:
        """Read the file. Raises `NerError` where that cannot be done."""
        self.name = spec
        path, data = spec.partition(":")[2], where.config.data
        self._spans: dict[tuple[str, ...], tuple[Span, ...]] = {}
        different = 0
        sentences = read_file(path, data)
        if layers := layers_of(sentences):
            raise UsageError(
                f"{spec}: has the tag layers {', '.join(layers)}, and a student one; name a file "
                "of one layer"
            )
        for sentence in sentences:
            if not sentence.partial:
                kept = self._spans.setdefault(sentence.tokens, sentence.spans)
                different += kept != sentence.spans
        if different:
            _log.warning(
                "%s: sentences labelled again and otherwise (the first labels count): %d",
                path, different,
            )  # fmt: skip
        labels = {span.label for spans in self._spans.values() for span in spans}
        self.tags = tag_set(sorted(labels), where.scheme)
        self.identity = f"file {_digest(path)} {data}"

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        """The labels of each sentence."""
        for _, sentences in documents:
            for sentence in sentences:
                yield Labels(self._spans.get(sentence.tokens))


def _digest(path: str) -> str:
    digest = hashlib.sha256()
    with open_binary(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
