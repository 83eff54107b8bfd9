"""Features of tokens from a network's weights alone: what `ner.model.embedder` computes, in NumPy.

Names of weights are those of the network's modules. Shapes: ``U`` tokens, ``D`` features.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.features import FeatureIds, Indexer, Key
from ner.runtime.characters import character_encoder
from ner.runtime.kernels import Linear
from ner.stored import Arrays

Floats = NDArray[np.float32]


class WordRows:
    """A table of word vectors: the rows that learn, and out-of-training ones in half precision."""

    def __init__(self, weights: Arrays, name: str) -> None:
        self._trained: Floats = weights[f"{name}.trained.weight"]
        self._frozen = weights[f"{name}.spare"]
        self._projection: Linear | None = None
        if (matrix := weights.get(f"{name}.projection.weight")) is not None:
            self._projection = Linear(matrix, np.zeros(len(matrix), np.float32))
        self.dim = self._trained.shape[1]

    def write(self, ids: NDArray[np.int64], out: Floats) -> None:
        """Write the vectors of ids ``[U]`` into `out` ``[U, D]``."""
        limit = len(self._trained)
        inside = ids < limit
        rows = self._trained[np.minimum(ids, limit - 1)]
        if not inside.all():
            rows[~inside] = self._frozen[ids[~inside] - limit]
        out[:] = self._projection(rows) if self._projection else rows


class Embedding:
    """All features of a token that are the same wherever it stands with the same key."""

    def __init__(
        self, config: ModelConfig, indexer: Indexer, weights: Arrays, *, int8: bool
    ) -> None:
        self._indexer = indexer
        self._words = [
            WordRows(weights, f"embedder.words.{i}") for i in range(len(indexer.words.tables))
        ]
        self._characters = character_encoder(config, weights, int8=int8)
        self._columns = embedded_columns(indexer, config)
        self._kinds = [weights[f"embedder.kinds.{i}.weight"] for i in range(len(self._columns))]
        self.dim = sum(part.dim for part in self._words)
        self.dim += self._characters.dim if self._characters else 0
        self.dim += sum(table.shape[1] for table in self._kinds)

    def __call__(self, keys: Sequence[Key]) -> Floats:
        """Compute the features of keys, ``[U, D]``."""
        ids = [self._indexer.ids(key) for key in keys]
        out = np.empty((len(keys), self.dim), np.float32)
        start = 0
        for place, part in enumerate(self._words):
            numbers = np.array([each.words[place] for each in ids], np.int64)
            part.write(numbers, out[:, start : start + part.dim])
            start += part.dim
        if self._characters:
            end = start + self._characters.dim
            self._characters.write([each.characters for each in ids], out[:, start:end])
            start = end
        self._write_kinds(ids, out[:, start:])
        return out

    def _write_kinds(self, ids: Sequence[FeatureIds], out: Floats) -> None:
        numbers = np.array([each.categorical for each in ids], np.int64).reshape(len(ids), -1)
        start = 0
        for column, table in zip(self._columns, self._kinds, strict=True):
            end = start + table.shape[1]
            out[:, start:end] = table[numbers[:, column]]
            start = end


def embedded_columns(indexer: Indexer, config: ModelConfig) -> list[int]:
    """The columns of categorical ids that have an embedding, in order."""
    columns: list[int] = []
    start = 0
    for feature in indexer.categorical:
        if getattr(config, feature.DIM):
            columns += range(start, start + len(feature.sizes))
        start += len(feature.sizes)
    return columns
