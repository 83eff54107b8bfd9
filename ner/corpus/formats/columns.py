"""Column files: a token and its tag on a line, an empty line after each sentence.

Columns are separated by runs of spaces or tabs and nothing else, so a no-break space, an
ideographic space or a zero-width character stays in its token; or by a separator of one character.
``-DOCSTART-`` lines start a new document (CoNLL-2003). The first lines show the layout
(`ner.corpus.layout`).
"""

import itertools
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TextIO

from ner.config import Column, tag_columns
from ner.corpus.formats.base import Format, Input, Output, Peekable, TextWriter
from ner.corpus.layers import combined
from ner.corpus.layout import (
    BLANK,
    COMMENT,
    DOCSTART,
    DOCUMENT,
    HEAD,
    TOKEN,
    ColumnLayout,
    Line,
    Row,
)
from ner.corpus.records import ParseResult, TaggedRecord
from ner.corpus.tagged_records import parse_checked_records
from ner.errors import CorpusError, UsageError, shorten
from ner.tags import OUTSIDE, scheme_named

_log = logging.getLogger("ner")
_ROWS = 1 << 16  # distinct lines that are remembered; most lines of a corpus come again
_UNWRITABLE = re.compile("[ \t\r\n\0]")


class Columns(Format, TextWriter):
    """A token and its tag on a line; what nothing else recognises."""

    name = "columns"
    extension = ".conll"
    makers = "CoNLL and most public corpora"
    holds_layers = True

    def __init__(self, scheme: str = "iob2") -> None:
        """Write tags of a scheme. Raises `UsageError` for an unknown one."""
        self._scheme = scheme_named(scheme).name

    def recognises(self, given: Input) -> bool:
        """Take any file that holds no values."""
        return given.values is None

    def read(self, given: Input) -> ParseResult:
        """Read token and tag of each line; of several tag columns, each as a layer."""
        columns = tag_columns(given.config.tag_column)
        return _read_layers(given, columns) if columns else _parsed(given)

    def write(self, sentences: Sequence[Output], stream: TextIO) -> None:
        """Write token and tag, with a tab between; a warning counts what the scheme cannot say.

        A tab and not a space, so that the token ``#`` never looks like a comment. Documents, if
        there are several, start with a ``-DOCSTART-`` line. Of several tag layers, each is a
        column. Raises `CorpusError` for a token or type that a column file cannot hold.
        """
        several = any(sentence.document != sentences[0].document for sentence in sentences)
        document: int | None = None
        if sentences and sentences[0].tokens[0].startswith("\ufeff"):
            stream.write("\n")  # else the reader would take it for a byte order mark
        for sentence in sentences:
            if several and sentence.document != document:
                stream.write(f"{DOCSTART}\t{OUTSIDE}\n\n")
            document = sentence.document
            _check_writable(sentence)
            tags = (part.tags(self._scheme) for part in sentence.by_layer())
            rows = map("\t".join, zip(sentence.tokens, *tags, strict=True))
            stream.write("".join(f"{row}\n" for row in rows))
            stream.write("\n")
        self._warn_of_losses([part for sentence in sentences for part in sentence.by_layer()])

    def _warn_of_losses(self, sentences: Sequence[Output]) -> None:
        scheme = self._scheme
        merged = sum(_touching(sentence) for sentence in sentences) if scheme == "io" else 0
        if merged:
            _log.warning(
                "entities merged with an adjacent one of their type, as in any IO file: %d", merged
            )
        lost = sum(sentence.lost_labels(scheme) for sentence in sentences)
        if lost:
            _log.warning(
                "tokens of which %s tags with gaps say less than was known: %d", scheme, lost
            )


def _touching(sentence: Output) -> int:
    """Count the entities that begin where another of their type ends."""
    return sum(
        one.end == other.start and one.label == other.label
        for one, other in itertools.pairwise(sentence.spans)
    )


def _check_writable(sentence: Output) -> None:
    """Refuse what would be read back as something else. Raises `CorpusError`."""
    for text in (*sentence.tokens, *sorted(sentence.labels)):
        if not text or text == DOCSTART or _UNWRITABLE.search(text):
            raise CorpusError(
                f"{sentence.place}: {shorten(text)} cannot stand in a column file "
                "(empty, a separator in it, or a document mark); write JSON Lines instead"
            )


def _parsed(given: Input) -> ParseResult:
    return parse_checked_records(_read(given), given)


def _read_layers(given: Input, columns: Mapping[str, Column]) -> ParseResult:
    """Read the lines once for each column. Raises `UsageError` where these cannot be told apart."""
    config = given.config
    if config.split_sentences:
        raise UsageError(
            "--split-sentences depends on the tags, so it is for one layer; name one --tag-column"
        )
    lines = list(given.lines)
    parts = (
        (name, replace(given, config=replace(config, tag_column=column), lines=Peekable(lines)))
        for name, column in columns.items()
    )
    return combined({name: _parsed(part) for name, part in parts}, given)


def _read(given: Input) -> list[TaggedRecord]:
    """Read the lines by the layout that the first of them show; notes say what is odd about it."""
    lines, source, note = iter(given.lines), given.source, given.diagnostics.note
    head = list(itertools.islice(lines, HEAD))
    layout = ColumnLayout(given.config, head, source)
    reader = _LineReader(layout, given)
    body = [line for line in head if line[0] != layout.header]
    records = list(reader.records(itertools.chain(body, lines)))
    for message in layout.notes:
        note(source, message)
    if reader.comments:
        first = f"first on line {reader.first_comment}"
        note(source, f"lines read as comments: {reader.comments:,} ({first})")
    if layers := layout.layers():
        listed = " and ".join(map(str, layers))
        note(
            source,
            f"columns {listed} hold entity tags, of which {layout.tag} is read; "
            f"choose with --tag-column {layers[0]}",
        )
    return records


class _LineReader:
    """Lines grouped into sentences; counts comments, reports lines that are wrong."""

    def __init__(self, layout: ColumnLayout, given: Input) -> None:
        self._layout, self._given = layout, given
        self.comments, self.first_comment = 0, 0

    def records(self, lines: Iterable[Line]) -> Iterator[TaggedRecord]:
        """Yield sentences; a document gets its number with its first one."""
        rows: dict[str, Row] = {}
        document, filled = 0, False
        tokens: list[str] = []
        tags: list[str] = []
        numbers: list[int] = []
        for number, line in lines:
            row = rows.get(line)
            if row is None:
                row = self._layout.row(line)
                if len(rows) < _ROWS:
                    rows[line] = row
            kind, token, tag, message = row
            if kind is TOKEN:
                tokens.append(token)
                tags.append(tag)
                numbers.append(number)
            elif kind is BLANK or kind is DOCUMENT:
                if tokens:
                    yield _record(document, tokens, tags, numbers)
                    tokens, tags, numbers, filled = [], [], [], True
                if kind is DOCUMENT and filled:
                    document, filled = document + 1, False
            else:
                self._put_aside(number, kind, message, within=bool(tokens))
        if tokens:
            yield _record(document, tokens, tags, numbers)

    def _put_aside(self, number: int, kind: str, message: str, *, within: bool) -> None:
        """Count a comment, report anything else."""
        if kind is COMMENT and (self._given.config.comments or not within):
            self.comments += 1
            self.first_comment = self.first_comment or number
            return
        remedy = "; if it is a comment, give --comments" if kind is COMMENT else ""
        self._given.error(number, message + remedy)


def _record(document: int, tokens: list[str], tags: list[str], numbers: list[int]) -> TaggedRecord:
    unbroken = numbers[-1] - numbers[0] == len(numbers) - 1
    lines = range(numbers[0], numbers[-1] + 1) if unbroken else numbers
    return TaggedRecord(tokens, tuple(tags), lines, document)
