"""Unlabelled input, read as a stream: raw text, tokenised lines, columns of tokens.

A reader takes numbered lines (those of a `Layout`, or a `Chunk` of them) and yields a `Passage` for
each document, whose sentences carry character offsets into its text. Tables are lines of JSON here.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import IO, Any, NamedTuple

from ner.config import SEPARATORS, Column, DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.layout import DOCSTART, cells_of, counts_up, is_comment
from ner.corpus.lines import LONGEST_JSON, text_lines
from ner.corpus.records import InvalidRecord, kind_of, parse_json
from ner.corpus.tables import csv_lines, table_lines
from ner.errors import CorpusError, UsageError
from ner.text import SURROGATE, Origin, Sentence
from ner.tokenize import sentences_of

Line = tuple[int, str]
"""A line and its number in the file, from 1."""


class Passage(NamedTuple):
    """A document of the input: its text, its sentences, and what stood beside them."""

    text: str
    sentences: Sequence[Sentence]
    origin: Origin


Reader = Callable[[Iterable[Line], str, DataConfig], Iterator[Passage]]

_TOKEN = re.compile(r"[^ \t]+")
_NO_WORD = re.compile(r"#|[0-9]+[-.][0-9]+\t")  # of CoNLL-U


def read_text(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[Passage]:
    """Raw text: every line is a document, tokenised as `config.tokenizer` says."""
    for number, line in lines:
        cut = sentences_of(line, config.tokenizer, source=source, line=number)
        yield Passage(line, cut, Origin(number))


def read_tokenized(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[Passage]:
    """One sentence a line, its tokens separated by spaces or tabs."""
    for number, line in lines:
        offsets = [match.span() for match in _TOKEN.finditer(line)]
        tokens = tuple(line[start:end] for start, end in offsets)
        cut = [_sentence(tokens, offsets, source, number)] if tokens else []
        yield Passage(line, cut, Origin(number))


def read_tokens(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[Passage]:
    """Column files whose tags, if any, do not matter; each sentence is a document.

    Its text is its tokens with single spaces between. Raises `CorpusError` for
    a line that lacks the token column.
    """
    separator = SEPARATORS.get(config.separator, config.separator)
    rows: list[tuple[int, str, list[str]]] = []
    for number, line in lines:
        cells = cells_of(line, separator)
        if cells and cells[0] != DOCSTART:
            rows.append((number, line, cells))
        elif rows:
            yield from _token_document(rows, source, config, separator)
            rows = []
    if rows:
        yield from _token_document(rows, source, config, separator)


def _token_document(
    rows: list[tuple[int, str, list[str]]], source: str, config: DataConfig, separator: str
) -> Iterator[Passage]:
    """The lines of one sentence without its comments, which have another width than its tokens."""
    if config.comments:
        widths = {len(cells) for _, line, cells in rows if not is_comment(line)} - {1}
        rows = [row for row in rows if not is_comment(row[1]) or len(row[2]) in widths]
    if rows:
        tokens = [_token(c, config.token_column, f"{source}:{number}") for number, _, c in rows]
        kept = [line for _, line, _ in rows]
        yield _join_tokens(tokens, source, Origin(rows[0][0], rows=kept, separator=separator))


def read_conllu(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[Passage]:
    """CoNLL-U: the words of each sentence; comments, range lines and empty nodes are none.

    Raises `CorpusError` for a line without tabs.
    """
    columns = replace(config, separator="tab", token_column=1, comments=False)
    yield from read_tokens(_words(lines, source), source, columns)


def _words(lines: Iterable[Line], source: str) -> Iterator[Line]:
    for number, line in lines:
        if "\t" not in line and line.strip(" \r") and not line.startswith("#"):
            raise CorpusError(f"{source}:{number}: no tab between columns; CoNLL-U has ten")
        if not _NO_WORD.match(line):
            yield number, line


def number_note(passages: Iterable[Passage]) -> str | None:
    """A note where what was read as tokens of columns are the numbers of tokens."""
    several = (p for p in passages if any(len(row.split()) > 1 for row in p.origin.rows))
    sentences = [sentence for passage in several for sentence in passage.sentences]
    if not counts_up(token for sentence in sentences for token in sentence.tokens):
        return None
    return (
        f"{sentences[0].place}: the tokens are the numbers 1, 2, 3 …; "
        "choose theirs with --token-column 1"
    )


def _token(cells: list[str], column: Column, location: str) -> str:
    try:
        token = cells[int(column)]
    except (IndexError, ValueError):
        raise CorpusError(
            f"{location}: no column {column} among {len(cells)}; choose one with --token-column"
        ) from None
    if not token:
        raise CorpusError(f"{location}: the token is empty; each line has one in column {column}")
    return token


def _join_tokens(tokens: list[str], source: str, origin: Origin) -> Passage:
    offsets, position = [], 0
    for token in tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    sentence = _sentence(tuple(tokens), offsets, source, origin.line)
    return Passage(" ".join(tokens), [sentence], origin)


def _sentence(
    tokens: tuple[str, ...], offsets: list[tuple[int, int]], source: str, line: int
) -> Sentence:
    return Sentence(tokens, offsets=tuple(offsets), source=source, line=line)


def read_records(
    lines: Iterable[Line], source: str, config: DataConfig, column: str = "text"
) -> Iterator[Passage]:
    """JSON Lines: every object is a document, whose text is the field `column`.

    Without a value (null), it has no text. Raises `CorpusError` for what is no such object.
    """
    for number, line in lines:
        if not line.strip(" \t\r"):
            continue
        try:
            fields = _fields(line)
            text = _text(fields, column)
        except InvalidRecord as error:
            raise CorpusError(f"{source}:{number}: {error}") from None
        cut = sentences_of(text, config.tokenizer, source=source, line=number)
        yield Passage(text, cut, Origin(number, fields, source=source))


def _fields(line: str) -> dict[str, Any]:
    """The object on a line. Raises `InvalidRecord`."""
    fields = parse_json(line, "a text")
    if not isinstance(fields, dict):
        raise InvalidRecord(f"is {kind_of(fields)}, not an object with a text")
    return fields


def _text(fields: dict[str, Any], column: str) -> str:
    """Take the text out of the fields of a record. Raises `InvalidRecord`."""
    if column not in fields:
        raise InvalidRecord(
            f"has no {column!r} among {', '.join(map(repr, fields)) or 'no fields'}; "
            "name the text with --text-column"
        )
    text = fields.pop(column)
    if text is not None and not isinstance(text, str):
        raise InvalidRecord(f"{column!r} is {kind_of(text)}, not text; see --text-column")
    if SURROGATE.search(text or ""):
        raise InvalidRecord("the text holds half a surrogate pair; write whole characters or pairs")
    return text or ""


def record_fields(line: str, column: str) -> tuple[str, ...]:
    """The names of the other fields of a record; none of a line that is not one."""
    try:
        return tuple(name for name in _fields(line) if name != column)
    except InvalidRecord:
        return ()  # said when it is read


def json_lines(stream: IO[bytes], source: str, encoding: str) -> Iterator[Line]:
    """The texts in JSON of any shape, an object a line: tasks of Label Studio, tuples of spaCy."""
    from ner.corpus.formats.base import Peekable  # with all that formats of corpora need
    from ner.corpus.formats.json_input import json_values

    diagnostics = Diagnostics()
    lines = Peekable(text_lines(stream, source, encoding, diagnostics, LONGEST_JSON))
    for number, value in json_values(lines, source, diagnostics, _is_task):
        if isinstance(value, list) and value and isinstance(value[0], str):
            value = {"text": value[0]}
        elif _is_task(value) and isinstance(value.get("data"), dict):
            value = value["data"]
        yield number, json.dumps(value, ensure_ascii=False)


def _is_task(value: Any) -> bool:
    """Recognise an object with a text, or with the data of a task."""
    return isinstance(value, dict) and ("text" in value or isinstance(value.get("data"), dict))


class Layout(NamedTuple):
    """One way in which files hold text.

    `lines` cuts a stream (of a name and an encoding) into lines for `read`. With `in_blocks`, a
    document has several of them; `records` have a field for the text.
    """

    read: Callable[..., Iterator[Passage]]  # a `Reader`; of records, with the name of the text
    in_blocks: bool = False
    records: bool = False
    lines: Callable[[IO[bytes], str, str], Iterator[Line]] = text_lines


LAYOUTS = {
    "text": Layout(read_text),
    "tokenized": Layout(read_tokenized),
    "tokens": Layout(read_tokens, in_blocks=True),
    "conllu": Layout(read_conllu, in_blocks=True),
    "jsonl": Layout(read_records, records=True),
    "json": Layout(read_records, records=True, lines=json_lines),
    "csv": Layout(read_records, records=True, lines=csv_lines),
    "parquet": Layout(read_records, records=True, lines=table_lines),
}


_BY_NAME = {
    ".arrow": "parquet",
    ".bio": "tokens",
    ".conll": "tokens",
    ".conllu": "conllu",
    ".csv": "csv",
    ".iob": "tokens",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tsv": "csv",
}


def layout_of(name: str) -> str:
    """The layout of a file by its name, packed or not: one of `LAYOUTS`."""
    suffix = PurePath(name.removesuffix(".gz").removesuffix(".xz")).suffix
    return _BY_NAME.get(suffix.lower(), "text")


# Formats of labelled files that hold text in one of these ways.
_BY_FORMAT = {"columns": "tokens", "conllu": "conllu", "csv": "csv", "parquet": "parquet"}
_BY_FORMAT |= dict.fromkeys(("jsonl", "doccano", "prodigy"), "jsonl")
_BY_FORMAT |= dict.fromkeys(("label-studio", "spacy"), "json")


def layout_named(format: str) -> str:
    """The layout of a format of labelled files. Raises `UsageError` where it has none."""
    if format not in _BY_FORMAT:
        raise UsageError(
            f"--from {format!r:.60} is nothing that can be tagged, which are "
            f"{', '.join(_BY_FORMAT)}; to read another format: ner data convert IN OUT --to jsonl"
        )
    return _BY_FORMAT[format]


class Chunk(NamedTuple):
    """Lines of a file that follow one another, and the number of the first, from 1."""

    first: int
    lines: list[str]

    def numbered(self) -> Iterator[Line]:
        """The lines with their numbers, as readers take them."""
        return enumerate(self.lines, self.first)


def cut_lines(
    lines: Iterable[Line],
    layout: Layout,
    first: int,
    most: int,
    ready: Callable[[], bool] = lambda: True,
) -> Iterator[Chunk]:
    """Cut a file between documents into chunks of about `most` characters.

    The first has `first` and each next one twice as many, so that work soon
    begins. A chunk ends with the document that fills it, or where no other line is `ready`.
    """
    waiting: list[str] = []
    size, enough = 0, min(first, most)
    for number, line in lines:
        waiting.append(line)
        size += len(line) + 1
        if layout.in_blocks and line.strip(" \t"):
            continue
        if size >= enough or not ready():
            yield Chunk(number + 1 - len(waiting), waiting)
            waiting, size, enough = [], 0, min(2 * enough, most)
    if waiting:
        yield Chunk(number + 1 - len(waiting), waiting)
