"""Features of words in the memory of a GPU, computed when a word first occurs."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.features import Example, FeatureTable, Indexer, Key, collate, key_word
from ner.model.embedder import Embedder

MOST_ROWS = 1 << 17
MOST_CHARACTERS = 4_000_000  # of kept words together: some "words" are as long as a book
FILL_WORDS = 1024  # words computed at once, which bounds the memory


class KeptRows:
    """Rows of `Embedder.of_words` by key, in bounded memory; safe for threads.

    Where weights have changed, all are computed anew.
    """

    def __init__(self, embedder: Embedder, indexer: Indexer, limit: int = MOST_ROWS) -> None:
        """Keep at most `limit` rows, and as many as one call asks for."""
        self._embedder = embedder
        self._indexer = indexer
        self._limit = limit
        self._state: list[object] = []
        self._lock = threading.Lock()
        self._rows: dict[Key, int] = {}
        self._characters = 0
        self._table: Tensor | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __call__(self, keys: Sequence[Key]) -> tuple[Tensor, NDArray[np.int64]]:
        """A table ``[R, D]``, which later calls leave as it is, and the row of each key."""
        with self._lock:
            state = list(_state(self._embedder))
            if state != self._state:
                self._forget()
                self._state = state
            new = self._new(keys)
            if len(self) + len(new) > self._limit or self._characters > MOST_CHARACTERS:
                self._forget()
                new = self._new(keys)
            if new:
                self._add(new)
            assert self._table is not None, "there are keys"
            return self._table, np.fromiter(map(self._rows.__getitem__, keys), np.int64, len(keys))

    def _add(self, keys: Sequence[Key]) -> None:
        chunks = (keys[i : i + FILL_WORDS] for i in range(0, len(keys), FILL_WORDS))
        parts = [self._features(some) for some in chunks]
        self._table = torch.cat(parts if self._table is None else [self._table, *parts])
        self._rows.update(zip(keys, range(len(self), len(self._table)), strict=True))
        self._characters += sum(len(key_word(key)) for key in keys)

    def _new(self, keys: Sequence[Key]) -> list[Key]:
        return [key for key in dict.fromkeys(keys) if key not in self._rows]

    def _forget(self) -> None:
        self._rows, self._characters, self._table = {}, 0, None

    def _features(self, keys: Sequence[Key]) -> Tensor:
        table = FeatureTable(self._indexer)
        batch = collate(table, [Example(table.key_rows(keys))], [0])
        device = next(self._embedder.parameters()).device
        return self._embedder.of_words(batch.to(device))[0]


def _state(embedder: Embedder) -> Iterator[object]:
    """Values that are others where weights are others, or have changed."""
    for tensor in (*embedder.parameters(), *embedder.buffers()):
        yield from (tensor.data_ptr(), tensor._version)
