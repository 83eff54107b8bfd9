"""Words and characters as numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

PADDING = 0
UNKNOWN = 1
FIRST = 2  # the number of the first real entry

# Longer words keep their first and last characters, which tell names apart: padding stays bounded.
MOST_CHARACTERS = 40

_DIGIT = re.compile(r"\d")


def fold(word: str, *, case: bool, digits: bool) -> str:
    """A word as it is looked up: in lower case, with every digit as ``0``, or both."""
    if case:
        word = word.lower()
    return _DIGIT.sub("0", word) if digits else word


def shortened(word: str) -> str:
    """The first and last characters of a long word; any other as it is."""
    if len(word) <= MOST_CHARACTERS:
        return word
    return word[: MOST_CHARACTERS // 2] + word[-MOST_CHARACTERS // 2 :]


class Vocabulary:
    """Entries numbered from 2; 0 is padding, 1 whatever is not listed."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(entries)
        self._ids = dict(zip(self._entries, count(FIRST), strict=False))
        assert len(self._ids) == len(self._entries), "entries must differ"

    @classmethod
    def count(cls, words: Iterable[str], min_count: int = 1) -> "Vocabulary":
        """All that occur at least `min_count` times, most frequent first, then alphabetically."""
        counts = Counter(words)
        kept = [word for word, count in counts.items() if count >= min_count]
        return cls(sorted(kept, key=lambda word: (-counts[word], word)))

    def grown(self, words: Iterable[str], min_count: int = 1) -> "Vocabulary":
        """The same entries, and behind them all others that occur at least `min_count` times."""
        new = Vocabulary.count((word for word in words if word not in self), min_count)
        return Vocabulary([*self, *new])

    def origins(self, old: "Vocabulary") -> tuple[int, ...]:
        """The number of each entry, padding and unknown included, in an older vocabulary."""
        return (PADDING, UNKNOWN, *old.numbers(self))

    def __len__(self) -> int:
        """Size, padding and unknown included."""
        return len(self._entries) + FIRST

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, entry: str) -> bool:
        return entry in self._ids

    def __getitem__(self, entry: str) -> int:
        """The number of an entry, or that of the unknown one."""
        return self._ids.get(entry, UNKNOWN)

    def numbers(self, entries: Iterable[str]) -> tuple[int, ...]:
        """The number of each entry."""
        find = self._ids.get
        return tuple([find(entry, UNKNOWN) for entry in entries])


class TableSize(NamedTuple):
    """The shape of a table of words."""

    trained: int  # words that learn, padding and unknown included
    frozen: int  # words outside the training split, each with a vector that stays
    dim: int
    pretrained: bool  # the vectors come from a file
