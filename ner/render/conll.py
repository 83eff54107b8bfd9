"""Columns: token and tag on a line."""

from collections.abc import Iterable, Iterator, Sequence

from ner.errors import NerError
from ner.render.base import NOWHERE, Renderer, refuse_labels, writable
from ner.tags import tags_of
from ner.text import Document, Origin, Sentence

_UNWRITABLE = set("\t\r\n\0")


class ConllRenderer(Renderer):
    """Two columns, token and IOB2 tag, and a blank line after each sentence.

    A sentence from a column file keeps its columns, and the tag is one more. Raises `UsageError`
    for a type with a space or tab, which would be read as another column.
    """

    extension = ".conll"

    def __init__(self, labels: Sequence[str], title: str, fields: Sequence[str] = ()) -> None:
        super().__init__(labels, title, fields)
        refuse_labels(labels, " \t", "columns")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The sentences of the document. Raises `NerError` for a token that no column can hold."""
        return writable("".join(_columns(sentence, origin) for sentence in document.sentences))


def _columns(sentence: Sentence, origin: Origin) -> str:
    tags = tags_of(sentence.spans, len(sentence))
    if not origin.rows:
        check_tokens(sentence)
        return block(zip(sentence.tokens, tags, strict=True))
    if not origin.separator:
        return block(zip(map(_trimmed, origin.rows), tags, strict=True))
    for tag in tags:
        if origin.separator in tag:
            raise NerError(
                f"{sentence.place}: {tag!r} cannot stand in a column, as {origin.separator!r} "
                "ends one; choose --format jsonl"
            )
    return block(zip(origin.rows, tags, strict=True), origin.separator)


def _trimmed(row: str) -> str:
    """A line without spaces around; between tabs, empty columns count."""
    return row if "\t" in row else row.strip(" ")


def block(rows: Iterable[Sequence[str]], separator: str = "") -> str:
    """The lines of a sentence, a blank one after them; without a separator, blanks are one."""
    text = "".join(f"{(separator or _gap(row)).join(row)}\n" for row in rows) + "\n"
    # Else the reader would take it for a byte order mark, if the file begins here.
    return f"\n{text}" if text.startswith("\ufeff") else text


def _gap(row: Sequence[str]) -> str:
    """A space between columns, or a tab where there are some, or "# " would look like a comment."""
    return "\t" if row[0] == "#" or "\t" in row[0] else " "


def side_by_side(gold: Iterable[Sentence], predicted: Iterable[Sentence]) -> Iterator[str]:
    """Labelled sentences as three columns: token, gold tag, predicted tag, as conlleval reads them.

    Raises `NerError` for a token that no column can hold.
    """
    for one, other in zip(gold, predicted, strict=True):
        check_tokens(one, "leave --out away")
        tags = (tags_of(sentence.spans, len(sentence)) for sentence in (one, other))
        yield block(zip(one.tokens, *tags, strict=True))


def check_tokens(sentence: Sentence, remedy: str = "choose --format jsonl") -> None:
    """Raise `NerError` for a token or type that would be read back as something else."""
    for text in _strings(sentence):
        if not text or text == "-DOCSTART-" or " " in text or not _UNWRITABLE.isdisjoint(text):
            raise NerError(
                f"{sentence.place}: {text!r} cannot stand in a column file (empty, a separator in "
                f"it, or a document mark); {remedy}"
            )


def _strings(sentence: Sentence) -> Iterator[str]:
    yield from sentence.tokens
    yield from (span.label for span in sentence.spans)
