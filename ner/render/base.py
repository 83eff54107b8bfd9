"""The protocol of an output format, and functions that several formats share."""

import abc
from collections.abc import Iterator, Sequence

from ner.text import SURROGATE, Document, Entity


class Renderer(abc.ABC):
    """One output format; `labels` are all types of the model, `title` is that of a page."""

    def __init__(self, labels: Sequence[str], title: str) -> None:
        self._labels, self._title = labels, title

    def begin(self) -> str:
        """The text before the first document."""
        return ""

    @abc.abstractmethod
    def document(self, document: Document) -> str:
        """One document, line end included; its entities are in order and do not overlap."""

    def end(self) -> str:
        """The text after the last document."""
        return ""


def writable(text: str) -> str:
    """Text in which each surrogate is U+FFFD."""
    return SURROGATE.sub("\ufffd", text)


def pieces(document: Document) -> Iterator[tuple[str, Entity | None]]:
    """Cut a document into stretches of text, each with its entity or none; none is left out."""
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end, f"{entity} overlaps or is out of order"
        yield document.text[position : entity.start], None
        yield document.text[entity.start : entity.end], entity
        position = entity.end
    yield document.text[position:], None
