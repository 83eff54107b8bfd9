"""A pipeline of spaCy as a teacher: it reads raw text; its entities are laid over our tokens."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ner.errors import UsageError, reason_of
from ner.extensions.distillation.alignment import Found, align
from ner.extensions.distillation.labels import Labels
from ner.extensions.distillation.teacher import Circumstances
from ner.interchange import load_spacy
from ner.tags import tag_set
from ner.text import SegmentedText

# Components that find no entities, and that those which do have no need of.
_NEEDLESS = {
    "attribute_ruler", "entity_linker", "experimental_coref", "lemmatizer", "morphologizer",
    "parser", "sentencizer", "senter", "tagger", "textcat", "textcat_multilabel",
    "trainable_lemmatizer",
}  # fmt: skip
_LONGEST = 1 << 24  # characters of a text


class SpacyTeacher:
    """A pipeline of spaCy, ``spacy:NAME`` of a package or folder."""

    tokenizer = ""

    def __init__(self, spec: str, where: Circumstances) -> None:
        """Load it. Raises `MissingExtra` without spaCy, and `UsageError` for no such pipeline."""
        spacy = load_spacy(f"--teacher {spec}")
        self.name = spec
        if where.device.type == "cuda":
            spacy.prefer_gpu()
        self._nlp = _load(spacy, spec)
        self._widen = where.config.data.align == "expand"
        self.tags = tag_set(_labels(self._nlp, spec), where.scheme)
        stored = self._nlp.to_bytes()
        self.size = len(stored)
        facts = spacy.__version__, hashlib.sha256(stored).hexdigest(), self._widen
        self.identity = f"spacy {facts} {where.device.type}"

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        """The labels of each sentence, by the text that it stands in."""
        read = self._nlp.pipe(text for text, _ in documents)
        for (_, sentences), document in zip(documents, read, strict=True):
            entities = [Found(e.start_char, e.end_char, e.label_) for e in document.ents]
            yield from align(entities, sentences, widen=self._widen)


def _load(spacy: Any, spec: str) -> Any:
    name = spec.partition(":")[2]
    try:
        nlp = spacy.load(Path(name) if Path(name).is_dir() else name)
    except OSError as error:
        reason = reason_of(error)
        raise UsageError(
            f"--teacher {spec}: no such package or folder of spaCy ({reason}); name another, or "
            f"install it with: python -m spacy download {name}"
        ) from None
    except Exception as error:  # the library raises what it likes
        reason = reason_of(error)
        raise UsageError(
            f"--teacher {spec}: cannot be loaded by spaCy {spacy.__version__} ({reason}); "
            "name another"
        ) from None
    for pipe in nlp.pipe_names:
        if nlp.get_pipe_meta(pipe).factory in _NEEDLESS:
            nlp.remove_pipe(pipe)
    nlp.max_length = _LONGEST
    return nlp


def _labels(nlp: Any, spec: str) -> list[str]:
    """The types of all components that find entities. Raises `UsageError` where there are none."""
    pipes = [pipe for pipe in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(pipe).assigns]
    labels = sorted({label for pipe in pipes for label in nlp.get_pipe(pipe).labels})
    if not labels:
        raise UsageError(
            f"--teacher {spec}: has no component that finds entities "
            f"({', '.join(nlp.pipe_names) or 'it is empty'}); name another pipeline"
        )
    return labels
