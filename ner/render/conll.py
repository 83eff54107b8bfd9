"""Columns: token and tag on a line."""

from collections.abc import Sequence

from ner.errors import UsageError
from ner.render.base import Renderer, writable
from ner.tags import tags_of
from ner.text import Document, Sentence


class ConllRenderer(Renderer):
    """Two columns, token and IOB2 tag, and a blank line after each sentence.

    Raises `UsageError` for a type with a space or tab, which would be read as another column.
    """

    def __init__(self, labels: Sequence[str], title: str) -> None:
        super().__init__(labels, title)
        for label in labels:
            if " " in label or "\t" in label:
                raise UsageError(f"columns cannot hold the type {label!r}; choose --format jsonl")

    def document(self, document: Document) -> str:
        """The sentences of the document."""
        return writable("".join(_columns(sentence) for sentence in document.sentences))


def _columns(sentence: Sentence) -> str:
    tags = tags_of(sentence.spans, len(sentence))
    rows = zip(sentence.tokens, tags, strict=True)
    return "".join(f"{token} {tag}\n" for token, tag in rows) + "\n"
