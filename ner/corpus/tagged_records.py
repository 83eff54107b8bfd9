"""Sentences as tokens and tags, of whatever format; read on as column files are."""

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ner.config import DataConfig
from ner.corpus.columns import Block, parse_blocks
from ner.corpus.diagnostics import Diagnostics, shorten
from ner.corpus.parsed import ParseResult
from ner.text import SURROGATE


@dataclass(frozen=True, slots=True)
class TaggedRecord:
    """The tokens of a sentence, their tags, and the line of each.

    `offsets` are ranges in a text, where the file tells them; `document` is shared by the sentences
    of a document (None: all of the file are one).
    """

    tokens: Sequence[str]
    tags: Sequence[str]
    lines: Sequence[int]
    document: int | None = None
    offsets: tuple[tuple[int, int], ...] | None = None


def parse_tagged_records(
    records: Iterable[TaggedRecord], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Turn records into sentences with spans; the whole file decides the tag scheme.

    Raises `CorpusError` (through `diagnostics`) with ``source:line`` for empty tokens, malformed
    tags and, if strict, for illegal tag sequences.
    """
    blocks: list[Block] = []
    offsets: list[tuple[tuple[int, int], ...] | None] = []
    documents: dict[int | None, int] = {}
    for record in records:
        fault = _fault(record)
        if fault:
            diagnostics.error(f"{source}:{fault[0]}", fault[1])
        elif record.tokens:
            number = documents.setdefault(record.document, len(documents))
            tokens, tags = map(sys.intern, record.tokens), map(sys.intern, record.tags)
            blocks.append(Block(number, [*tokens], tuple(tags), record.lines))
            offsets.append(record.offsets)
    result = parse_blocks(blocks, config, source, diagnostics)
    lengths = [len(sentence) for sentence in result.sentences]
    if not any(offsets) or lengths != [len(ranges or ()) for ranges in offsets]:
        return result
    sentences = zip(result.sentences, offsets, strict=True)
    placed = (dataclasses.replace(sentence, offsets=ranges) for sentence, ranges in sentences)
    return result._replace(sentences=tuple(placed))


def _fault(record: TaggedRecord) -> tuple[int, str] | None:
    """The line and message of what is wrong with a record."""
    if len(record.tokens) != len(record.tags):
        tokens, tags = len(record.tokens), len(record.tags)
        return record.lines[0], f"there are {tokens} tokens but {tags} tags; each needs one"
    for token, tag, line in zip(record.tokens, record.tags, record.lines, strict=True):
        if not token.strip():
            return line, f"the token {token!r:.60} is empty; give it some text, or leave it out"
        if SURROGATE.search(token) or SURROGATE.search(tag):
            return line, f"half a surrogate pair in the token {shorten(token)} or its tag"
    return None
