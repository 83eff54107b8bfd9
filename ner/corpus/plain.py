"""Unlabelled input, read as a stream: raw text, tokenised lines, columns of tokens.

A reader takes numbered lines (`text_lines`, or a `Chunk` of them) and yields documents as ``(text,
sentences)``, where the sentences carry character offsets into the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ner.config import SEPARATORS, Column, DataConfig
from ner.corpus.layout import DOCSTART, cells_of, is_comment
from ner.errors import CorpusError
from ner.text import SegmentedText, Sentence
from ner.tokenize import sentences_of

Line = tuple[int, str]
"""A line and its number in the file, from 1."""
Reader = Callable[[Iterable[Line], str, DataConfig], Iterator[SegmentedText]]

_TOKEN = re.compile(r"[^ \t]+")


def read_text(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[SegmentedText]:
    """Raw text: every line is a document, tokenised as `config.tokenizer` says."""
    for number, line in lines:
        yield line, sentences_of(line, config.tokenizer, source=source, line=number)


def read_tokenized(
    lines: Iterable[Line], source: str, config: DataConfig
) -> Iterator[SegmentedText]:
    """One sentence a line, its tokens separated by spaces or tabs."""
    for number, line in lines:
        offsets = [match.span() for match in _TOKEN.finditer(line)]
        tokens = tuple(line[start:end] for start, end in offsets)
        yield line, [_sentence(tokens, offsets, source, number)] if tokens else []


def read_tokens(lines: Iterable[Line], source: str, config: DataConfig) -> Iterator[SegmentedText]:
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
            yield from _token_document(rows, source, config)
            rows = []
    if rows:
        yield from _token_document(rows, source, config)


def _token_document(
    rows: list[tuple[int, str, list[str]]], source: str, config: DataConfig
) -> Iterator[SegmentedText]:
    """The lines of one sentence without its comments, which have another width than its tokens."""
    if config.comments:
        widths = {len(cells) for _, line, cells in rows if not is_comment(line)} - {1}
        rows = [row for row in rows if not is_comment(row[1]) or len(row[2]) in widths]
    if rows:
        tokens = [_token(c, config.token_column, f"{source}:{number}") for number, _, c in rows]
        yield _join_tokens(tokens, source, rows[0][0])


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


def _join_tokens(tokens: list[str], source: str, line: int) -> SegmentedText:
    offsets, position = [], 0
    for token in tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    return " ".join(tokens), [_sentence(tuple(tokens), offsets, source, line)]


def _sentence(
    tokens: tuple[str, ...], offsets: list[tuple[int, int]], source: str, line: int
) -> Sentence:
    return Sentence(tokens, offsets=tuple(offsets), source=source, line=line)


class Layout(NamedTuple):
    """One way in which files hold text: its reader, and whether a document has several lines."""

    read: Reader
    in_blocks: bool = False


LAYOUTS = {
    "text": Layout(read_text),
    "tokenized": Layout(read_tokenized),
    "tokens": Layout(read_tokens, in_blocks=True),
}


class Chunk(NamedTuple):
    """Lines of a file that follow one another, and the number of the first, from 1."""

    first: int
    lines: list[str]

    def numbered(self) -> Iterator[Line]:
        """The lines with their numbers, as readers take them."""
        return enumerate(self.lines, self.first)


def cut_lines(lines: Iterable[Line], layout: Layout, first: int, most: int) -> Iterator[Chunk]:
    """Cut a file between documents into chunks of about `most` characters.

    The first has `first` and each next one twice as many, so that work soon
    begins. A chunk ends with the document that fills it.
    """
    waiting: list[str] = []
    size, enough = 0, min(first, most)
    for number, line in lines:
        waiting.append(line)
        size += len(line) + 1
        if size >= enough and not (layout.in_blocks and line.strip(" \t")):
            yield Chunk(number + 1 - len(waiting), waiting)
            waiting, size, enough = [], 0, min(2 * enough, most)
    if waiting:
        yield Chunk(number + 1 - len(waiting), waiting)
