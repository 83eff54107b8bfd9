"""Columns: token and tag on a line."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from ner.errors import NerError
from ner.render.base import NOWHERE, Renderer, refuse_labels, writable
from ner.tags import tags_of
from ner.text import Document, Origin, Sentence

_UNWRITABLE = set("\t\r\n\0")


class ConllRenderer(Renderer):
    """Two columns, token and IOB2 tag, and a blank line after each sentence.

    A sentence from a column file keeps its columns, and the tag is one more. Of several tag layers
    each is a column. Raises `UsageError`
    for a type with a space or tab, which would be read as another column.
    """

    extension = ".conll"

    @classmethod
    def check(cls, labels: Sequence[str], layers: Sequence[str]) -> None:
        """Raise `UsageError` for what would be read as something else."""
        refuse_labels(labels, " \t", "columns")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The sentences of the document. Raises `NerError` for a token that no column can hold."""
        sentences = document.sentences
        return writable("".join(_columns(each, origin, self._layers) for each in sentences))


def _columns(sentence: Sentence, origin: Origin, layers: Sequence[str]) -> str:
    tags = layer_tags(sentence, layers)
    if not origin.rows:
        check_tokens(sentence)
        return block(zip(sentence.tokens, *tags, strict=True))
    if not origin.separator:
        return block(zip(map(_trimmed, origin.rows), *tags, strict=True))
    for tag in itertools.chain(*tags):
        if origin.separator in tag:
            raise NerError(
                f"{sentence.place}: {tag!r} cannot stand in a column, as {origin.separator!r} "
                "ends one; choose --format jsonl"
            )
    return block(zip(origin.rows, *tags, strict=True), origin.separator)


def layer_tags(sentence: Sentence, layers: Sequence[str]) -> list[list[str]]:
    """The IOB2 tags of a sentence, or those of each of its tag layers."""
    return [tags_of(sentence.of_layer(name).spans, len(sentence)) for name in layers or ("",)]


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


def side_by_side(
    gold: Iterable[Sentence], predicted: Iterable[Sentence], layers: Sequence[str] = ()
) -> Iterator[str]:
    """Labelled sentences as three columns: token, gold tag, predicted tag, as conlleval reads them.

    Of several tag layers each has its pair of columns. Raises `NerError` for a token that no column
    can hold.
    """
    for one, other in zip(gold, predicted, strict=True):
        check_tokens(one, "leave --out away")
        pairs = zip(layer_tags(one, layers), layer_tags(other, layers), strict=True)
        yield block(zip(one.tokens, *itertools.chain(*pairs), strict=True))


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
