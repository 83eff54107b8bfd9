"""All places where a string stands: ranges of characters that begin and end with tokens."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ner.corpus import token_ranges
from ner.errors import UsageError
from ner.lazy import cached_property
from ner.text import Sentence
from ner.tokenize import joined, written


class Place(NamedTuple):
    """A place: the number of a sentence, and a range as decisions have it."""

    number: int
    start: int
    end: int


class Index:
    """The texts of sentences as people read them."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences

    @cached_property
    def _texts(self) -> list[str]:
        """The text of each sentence: made for the first search."""
        return [_shown(sentence)[0] for sentence in self._sentences]

    def places(self, wanted: str, *, case: bool = True) -> Iterator[Place]:
        """The places of a string, with its case or in any. Raises `UsageError` for none."""
        wanted = " ".join(wanted.split())
        if not wanted:
            raise UsageError("nothing is looked for; write a word or several")
        pattern = re.compile(re.escape(wanted), 0 if case else re.IGNORECASE)
        for number, text in enumerate(self._texts):
            if pattern.search(text):
                yield from self._places(number, pattern)

    def _places(self, number: int, pattern: re.Pattern[str]) -> Iterator[Place]:
        text, ranges = _shown(self._sentences[number])
        placed = token_ranges(self._sentences[number].tokens)
        starts = {start: place for (start, _), (place, _) in zip(ranges, placed, strict=True)}
        ends = {end: place for (_, end), (_, place) in zip(ranges, placed, strict=True)}
        for found in pattern.finditer(text):
            if found.start() in starts and found.end() in ends:
                yield Place(number, starts[found.start()], ends[found.end()])


def _shown(sentence: Sentence) -> tuple[str, Sequence[tuple[int, int]]]:
    """The text of a sentence and the ranges of its tokens in it; each gap is one blank."""
    if not sentence.offsets:
        return written(sentence.tokens)
    joins = {*joined(sentence)}
    text, ranges = "", []
    for number, token in enumerate(sentence.tokens):
        ranges.append((len(text), len(text) + len(token)))
        text += token if number in joins else f"{token} "
    return text, ranges
