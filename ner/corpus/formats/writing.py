"""Sentences as texts with offsets, for formats that hold them so."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ner.errors import CorpusError
from ner.text import Sentence, Span
from ner.tokenize import detect_style

Offsets = tuple[int, int]
_SHOWN = 1000
"""Sentences that are looked at to tell how tokens are joined."""


class WrittenSentence(NamedTuple):
    """The text of a sentence, the ranges of its tokens, and its entities with character offsets."""

    text: str
    tokens: list[Offsets]
    entities: list[Span]

    def triples(self) -> list[list[int | str]]:
        """The entities as ``[start, end, label]``."""
        return [[entity.start, entity.end, entity.label] for entity in self.entities]


def gap_of(sentences: Sequence[Sentence]) -> str:
    """The gap between tokens that have no offsets: none where they are characters, else a space."""
    style = detect_style(token for sentence in sentences[:_SHOWN] for token in sentence.tokens)
    return "" if style == "characters" else " "


def written(sentence: Sentence, gap: str) -> WrittenSentence:
    """The text of a sentence. Raises `CorpusError` for an empty token."""
    ranges = _token_offsets(sentence, gap)
    parts: list[str] = []
    position = 0
    for token, (start, end) in zip(sentence.tokens, ranges, strict=True):
        parts += (" " * (start - position), token)
        position = end
    entities = [Span(ranges[s.start][0], ranges[s.end - 1][1], s.label) for s in sentence.spans]
    return WrittenSentence("".join(parts), ranges, entities)


def _token_offsets(sentence: Sentence, gap: str) -> list[Offsets]:
    if sentence.offsets is not None:
        first = sentence.offsets[0][0]
        return [(start - first, end - first) for start, end in sentence.offsets]
    ranges: list[Offsets] = []
    start = 0
    for token in sentence.tokens:
        if not token:
            raise CorpusError(f"{sentence.place}: an empty token cannot be written; remove it")
        ranges.append((start, start + len(token)))
        start += len(token) + len(gap)
    return ranges


def by_document(sentences: Iterable[Sentence]) -> Iterable[list[Sentence]]:
    """Group sentences that follow one another by document."""
    for _, group in itertools.groupby(sentences, key=lambda sentence: sentence.document):
        yield list(group)
