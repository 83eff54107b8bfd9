"""CSV and TSV with a header: a token and its tag in a row, or a sentence with its list of tags.

::

    Sentence #,Word,POS,Tag
    Sentence: 1,Crowds,NNS,O
    ,in,IN,O

The columns are found by usual names, or given: ``--columns sentence=ID,token=Word,tag=NER``. A new
sentence begins where the sentence's column has another value (an empty cell goes on with the one
before) and after an empty row. Quotes are those of RFC 4180; in a file with tabs, only those of a
cell that is quoted as a whole.
"""

import ast
import csv
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TextIO

from ner.corpus.formats.base import Format, Input, Output, TextWriter, parse_records
from ner.corpus.records import InvalidRecord, ParseResult, TaggedRecord
from ner.corpus.tables import csv_rows
from ner.errors import CorpusError, UsageError, shorten

_NAMES = {
    "token": ("word", "token", "words", "tokens", "form", "text", "sentence"),
    "tag": ("ner_tag", "ner_tags", "ner", "ne", "ne_tag", "ner_label", "bio", "iob", "bio_tag",
            "iob_tag", "tag", "tags", "label", "labels", "entity"),
    "sentence": ("sentence_#", "sentence", "sentence_id", "sent_id", "sid", "sentence_idx", "sent",
                 "sentence_no", "sentence_number", "sentenceid", "sent_no", "sentence_num"),
    "document": ("document", "document_id", "doc_id", "doc", "docid", "file"),
}  # fmt: skip
_QUOTED = re.compile(r'"(?:[^"]|"")+"')
_ITEM = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_LIST = re.compile(rf"\[(?:\s*(?:{_ITEM.pattern})\s*(?:,|(?=\])))*\s*\]")
_NUMBERS = re.compile(r"\[(?:\s*[0-9]+\s*(?:,|\s|(?=\])))*\s*\]")  # as NumPy prints them, too
_SEPARATORS = ",\t;|"
Row = tuple[int, list[str]]


class Delimited(Format, TextWriter):
    """CSV or TSV with a header."""

    name = "csv"
    extension = ".csv"
    makers = "spreadsheets, pandas, Kaggle's NER corpus (CSV, TSV with a header)"

    def recognises(self, given: Input) -> bool:
        """Tell if the first line names columns of a token and of a tag.

        With tabs, and without a column of sentences, it is a column file with a header.
        """
        head = given.lines.peek(1)
        if not head:
            return False
        cells, asked = _header(head[0][1]), _asked(given.config.columns)
        in_columns = _separator(head[0][1]) == "\t" and not asked
        wanted = ("token", "tag", "sentence") if in_columns else ("token", "tag")
        return all(_position(cells, kind, asked) is not None for kind in wanted)

    def read(self, given: Input) -> ParseResult:
        """Read the rows after the header. Raises `UsageError` where a column is missing."""
        head = given.lines.peek(1)
        separator = _separator(head[0][1]) if head else ","
        rows = _rows(given, separator)
        columns = _columns(next(rows, (1, []))[1], given.config.columns, given.source)
        return parse_records(given, _sentences(_checked(rows, columns.width, given), columns))

    def write(self, sentences: Sequence[Output], stream: TextIO) -> None:
        """Write document, sentence, token and tag (IOB2), quoted where need be."""
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["document", "sentence", "token", "tag"])
        for number, sentence in enumerate(sentences, 1):
            for token, tag in zip(sentence.tokens, sentence.tags(), strict=True):
                if not token.strip() or "\0" in token or "\r" in token or "\n" in token:
                    raise CorpusError(
                        f"{sentence.place}: the token {shorten(token)} cannot stand in CSV (empty, "
                        "or a line end in it); write JSON Lines instead"
                    )
                writer.writerow([sentence.document, number, token, tag])


class _Columns(NamedTuple):
    token: int
    tag: int
    sentence: int | None
    document: int | None
    width: int


def _separator(header: str) -> str:
    return max(_SEPARATORS, key=header.count)


def _header(line: str) -> list[str]:
    """The names in a header line; none if it is no CSV."""
    try:
        return next(csv.reader([line], delimiter=_separator(line)), [])
    except csv.Error:
        return []


def _asked(columns: str) -> dict[str, str]:
    """The columns that the user names. Raises `UsageError`."""
    pairs = [part.partition("=") for part in columns.split(",") if part]
    for kind, equals, name in pairs:
        if kind.strip() not in _NAMES or not equals or not name.strip():
            raise UsageError(
                f"--columns takes KIND=NAME with commas between, kinds {', '.join(_NAMES)}; "
                f"{columns!r:.60} is something else"
            )
    return {kind.strip(): name.strip() for kind, _, name in pairs}


def _position(cells: Sequence[str], kind: str, asked: dict[str, str]) -> int | None:
    """The column of a kind: by the name that was asked for, or by the usual ones."""
    names = [cell.strip() for cell in cells]
    if kind in asked:
        return names.index(asked[kind]) if asked[kind] in names else None
    lowered = [re.sub(r"[ _-]+", "_", name.lower()) for name in names]
    return next((lowered.index(name) for name in _NAMES[kind] if name in lowered), None)


def _columns(header: list[str], given: str, source: str) -> _Columns:
    """The columns by the header. Raises `UsageError` for one that is missing."""
    asked = _asked(given)
    found = {kind: _position(header, kind, asked) for kind in _NAMES}
    missing = [kind for kind in {"token": 0, "tag": 0} | asked if found[kind] is None]
    if missing:
        raise UsageError(
            f"{source}: has no column for the {missing[0]} among {shorten(', '.join(header))}; "
            "name it: --columns token=NAME,tag=NAME,sentence=NAME"
        )
    token, tag = found["token"], found["tag"]
    assert token is not None, "or it was missing"
    assert tag is not None, "or it was missing"
    return _Columns(token, tag, found["sentence"], found["document"], len(header))


def _rows(given: Input, separator: str) -> Iterator[Row]:
    """The rows and the line on which each begins. Raises `CorpusError` for bad quotes."""
    if separator != "\t":
        yield from csv_rows(given.lines, separator, given.source)
        return
    for number, line in given.lines:
        yield number, [_unquoted(cell) for cell in line.split("\t")] if line.strip() else []


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell


def _checked(rows: Iterable[Row], width: int, given: Input) -> Iterator[Row]:
    """Rows as wide as the header, or empty; others are reported."""
    for line, row in rows:
        cells = row if any(map(str.strip, row)) else []
        if cells and len(cells) != width:
            shown = shorten(", ".join(cells))
            message = f"{len(cells)} columns, but the header has {width} ({shown})"
            given.error(line, message)
        else:
            yield line, cells


def _sentences(
    rows: Iterable[Row], columns: _Columns
) -> Iterator[tuple[int, Callable[[], TaggedRecord]]]:
    """The line of each sentence, and the function that makes its record."""
    documents: dict[str, int] = {}
    key, group = ("", ""), list[Row]()

    def made() -> tuple[int, Callable[[], TaggedRecord]]:
        document = documents.setdefault(key[0], len(documents))
        return group[0][0], functools.partial(_record, group, columns, document)

    tag = columns.tag
    for line, cells in rows:
        own = _key(cells, columns, key) if cells else key
        if group and (not cells or own != key or cells[tag][:1] == "["):
            yield made()
            group = []
        key = own
        if cells:
            group.append((line, cells))
    if group:
        yield made()


def _key(cells: list[str], columns: _Columns, before: tuple[str, str]) -> tuple[str, str]:
    """The document and sentence of a row; an empty cell is as the one before."""
    document = "" if columns.document is None else cells[columns.document]
    sentence = "" if columns.sentence is None else cells[columns.sentence]
    return document or before[0], sentence or before[1]


def _record(rows: list[Row], columns: _Columns, document: int) -> TaggedRecord:
    """A sentence of rows, or of one row with lists. Raises `InvalidRecord`."""
    lines = [line for line, _ in rows]
    tokens = [cells[columns.token] for _, cells in rows]
    tags = [cells[columns.tag].strip() for _, cells in rows]
    if not tags[0].startswith("["):
        return TaggedRecord(tokens, tags, lines, document)
    listed = _texts(tokens[0]) if tokens[0].startswith("[") else tokens[0].split()
    return TaggedRecord(listed, _texts(tags[0]), lines * max(len(listed), 1), document)


def _texts(cell: str) -> list[str]:
    """The texts or numbers in a list, as Python or JSON writes it. Raises `InvalidRecord`."""
    if _NUMBERS.fullmatch(cell.strip()):
        return re.findall("[0-9]+", cell)
    try:
        if _LIST.fullmatch(cell.strip()):
            return [ast.literal_eval(item) for item in _ITEM.findall(cell)]
    except SyntaxError:
        pass  # an escape that Python does not know
    raise InvalidRecord(
        f"the cell {shorten(cell)} is no list of texts in quotes, with commas between; "
        "write the data as JSON Lines instead"
    )
