"""Unlabelled input, read as a stream: raw text, tokenised lines, columns of tokens.

Everything yields documents as ``(text, sentences)``, where the sentences carry
character offsets into the text.
"""

import re
from collections.abc import Iterator
from typing import IO

from ner.config import DataConfig
from ner.corpus.columns import DOCSTART, is_comment
from ner.corpus.complaints import Complaints
from ner.corpus.lines import text_lines
from ner.errors import CorpusError
from ner.text import Sentence
from ner.tokenize import sentences_of

Text = tuple[str, list[Sentence]]

_TOKEN = re.compile(r"[^ \t]+")


def read_text(stream: IO[bytes], source: str, config: DataConfig) -> Iterator[Text]:
    """Raw text: every line is a document, tokenised as `config.tokenizer` says."""
    for number, line in text_lines(stream, source, config.encoding, Complaints()):
        yield line, sentences_of(line, config.tokenizer, source=source, line=number)


def read_tokenized(stream: IO[bytes], source: str, config: DataConfig) -> Iterator[Text]:
    """One sentence a line, its tokens separated by spaces or tabs."""
    for number, line in text_lines(stream, source, config.encoding, Complaints()):
        offsets = [match.span() for match in _TOKEN.finditer(line)]
        tokens = tuple(line[start:end] for start, end in offsets)
        yield line, [_sentence(tokens, offsets, source, number)] if tokens else []


def read_tokens(stream: IO[bytes], source: str, config: DataConfig) -> Iterator[Text]:
    """Column files whose tags, if any, do not matter; each sentence is a document.

    Its text is its tokens with single spaces between. Raises `CorpusError` for
    a line that lacks the token column.
    """
    tokens: list[str] = []
    first = 0
    for number, line in text_lines(stream, source, config.encoding, Complaints()):
        if config.comments and is_comment(line):
            continue
        columns = _TOKEN.findall(line)
        if columns and columns[0] != DOCSTART:
            first = first if tokens else number
            tokens.append(_token(columns, config.token_column, f"{source}:{number}"))
        elif tokens:
            yield _joined(tokens, source, first)
            tokens = []
    if tokens:
        yield _joined(tokens, source, first)


def _token(columns: list[str], column: int, place: str) -> str:
    try:
        return columns[column]
    except IndexError:
        raise CorpusError(
            f"{place}: no column {column} among {len(columns)}; choose one with --token-column"
        ) from None


def _joined(tokens: list[str], source: str, line: int) -> Text:
    offsets, position = [], 0
    for token in tokens:
        offsets.append((position, position + len(token)))
        position += len(token) + 1
    return " ".join(tokens), [_sentence(tuple(tokens), offsets, source, line)]


def _sentence(
    tokens: tuple[str, ...], offsets: list[tuple[int, int]], source: str, line: int
) -> Sentence:
    return Sentence(tokens, offsets=tuple(offsets), source=source, line=line)
