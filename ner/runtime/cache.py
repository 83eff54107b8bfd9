"""The cache of words: rows of numbers for tokens, computed when one first occurs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.features import Key, key_word

MOST_CHARACTERS = 4_000_000  # of cached words together: some "words" are as long as a book
FILL_WORDS = 1024  # words computed at once, which bounds the memory

Rows = NDArray[Any]


class WordCache:
    """Rows of numbers for tokens, computed when one first occurs, in bounded memory."""

    def __init__(
        self,
        compute: Callable[[Sequence[Key], Rows], object],
        width: int,
        limit: int,
        dtype: np.dtype[Any],
    ) -> None:
        """`compute` writes the rows of keys ``[U, width]``; at most `limit` rows are kept."""
        self._compute = compute
        self._limit = limit
        self._rows: dict[Key, int] = {}
        self._characters = 0
        # Whole from the start: the system hands out memory only where something is written.
        self.table = np.empty((limit, width), dtype)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._rows)

    def rows(self, keys: Sequence[Key]) -> list[int]:
        """The row of `table` that belongs to each token; older rows may go."""
        try:
            return [self._rows[key] for key in keys]
        except KeyError:
            new = self._new(keys)
        if len(self._rows) + len(new) > self._limit or self._characters > MOST_CHARACTERS:
            self._forget()
            new = self._new(keys)
        assert len(self._rows) + len(new) <= self._limit, "the cache holds two batches"
        for start in range(0, len(new), FILL_WORDS):
            self._add(new[start : start + FILL_WORDS])
        return [self._rows[key] for key in keys]

    def _new(self, keys: Sequence[Key]) -> list[Key]:
        return [key for key in dict.fromkeys(keys) if key not in self._rows]

    def _forget(self) -> None:
        """Keep the older half: words that come early in a text are mostly the frequent ones."""
        kept = islice(self._rows, len(self._rows) // 2)
        self._rows = {key: self._rows[key] for key in kept}
        self._characters = _characters(self._rows)
        if self._characters > MOST_CHARACTERS:
            self._rows, self._characters = {}, 0

    def _add(self, keys: Sequence[Key]) -> None:
        start = len(self._rows)
        end = start + len(keys)
        self._compute(keys, self.table[start:end])
        self._rows.update(zip(keys, range(start, end), strict=True))
        self._characters += _characters(keys)


def _characters(keys: Iterable[Key]) -> int:
    return sum(len(key_word(key)) for key in keys)
