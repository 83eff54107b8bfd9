"""The native engine: from tokens to emissions without torch, on a CPU.

What a token adds to the gates of the first layer depends on its key alone: it is cached, and only
the recurrence is left. A result depends neither on the other sentences of a batch nor, in 8 bits,
on the machine.
"""

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.features import Context, Indexer, Key, plans
from ner.runtime.cache import WordCache
from ner.runtime.embedding import Embedding
from ner.runtime.kernels import Linear, RecurrentLayer
from ner.runtime.layers import layer_of, run_layers
from ner.stored import Arrays

Floats = NDArray[np.float32]


class NativeEngine:
    """A network's weights, prepared; safe for threads. The weights must not change any more."""

    def __init__(
        self,
        config: ModelConfig,
        indexer: Indexer,
        weights: Arrays,
        *,
        int8: bool,
        cache_bytes: int,
        last_states: bool = False,
    ) -> None:
        """`cache_bytes` bounds the cached words, of which there may always be two batches.

        With `last_states` only the last state of each direction is scored.
        """
        self._indexer = indexer
        self._last_states = last_states
        embedding = Embedding(config, indexer, weights, int8=int8)
        directions = 2 if config.bidirectional else 1
        self._layers = [
            layer_of(weights, f"encoder.layers.{i}", config.cell, directions, int8=int8)
            for i in range(config.layers)
        ]
        self._hidden = config.hidden
        self._projection = Linear(weights["projection.weight"], weights["projection.bias"])
        self._contextual: Linear | None = None
        if "embedder.contextual.linear.weight" in weights:
            matrix = weights["embedder.contextual.linear.weight"]
            scale = np.float32(matrix.shape[1] ** -0.5)
            self._contextual = Linear(matrix * scale, weights["embedder.contextual.linear.bias"])
        first = self._layers[0]
        limit = max(cache_bytes // (first.row_dtype.itemsize * first.width), 2 * plans.BATCH_TOKENS)
        # Not a method: in a cycle with its cache, an engine would outlive its model.
        compute = functools.partial(_contribute, embedding, first)
        self.words = WordCache(compute, first.width, limit, first.row_dtype)
        self._lock = threading.Lock()
        outputs = len(weights["projection.bias"])
        self._most_tokens = plans.tokens_at_once(outputs)

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Group sentences of nearly equal length into batches: every position of `lengths` once."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        batches = plans.pack_batches(
            order, lengths, most_sentences=plans.BATCH_SENTENCES, most_tokens=self._most_tokens
        )
        return [batch[::-1] for batch in batches]  # in the order of the kernels

    def emissions(
        self,
        sentences: Sequence[Sequence[str]],
        contexts: Sequence[Context] | None = None,
        embedded: Sequence[NDArray[np.float16]] | None = None,
    ) -> Floats:
        """Tag scores ``[B, T, K]`` of sentences that all have a token, in their contexts.

        `embedded` are the contextual embeddings of their tokens, ``[T, M]`` each, if the model has
        any. With `last_states` the scores are ``[B, K]``.
        """
        sizes = list(map(len, sentences))
        order = sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True)
        sizes.sort(reverse=True)
        keys = [
            key
            for i in order
            for key in self._indexer.keys(sentences[i], contexts[i] if contexts else None)
        ]
        states = self._states(keys, sizes, embedded and [embedded[i] for i in order])
        scores = self._scores(states, sizes)
        return scores if order == sorted(order) else scores[np.argsort(order)]

    def _states(
        self, keys: Sequence[Key], sizes: list[int], embedded: Sequence[NDArray[np.float16]] | None
    ) -> Floats:
        """The last layer's states ``[B, T, D · H]`` of sentences sorted by falling length."""
        lengths = np.array(sizes, np.int32)
        with self._lock:  # held while rows are read: another thread may replace them
            found = self.words.rows(keys)
            if embedded is None or self._contextual is None:
                return run_layers(self._layers, self.words.table, _padded(found, sizes), lengths)
            table = self.words.table[found]
        # Tokens differ by context: each has a row of its own.
        more = np.concatenate(embedded).astype(np.float32)
        self._layers[0].add(self._contextual(more), table)
        return run_layers(self._layers, table, _padded(range(len(found)), sizes), lengths)

    def _scores(self, states: Floats, sizes: list[int]) -> Floats:
        if self._last_states:
            # Read from the left, the last token has seen all; read from the right, the first.
            ends = states[np.arange(len(states)), np.array(sizes) - 1, : self._hidden]
            return self._projection(np.concatenate([ends, states[:, 0, self._hidden :]], axis=1))
        flat = self._projection(states.reshape(-1, states.shape[2]))
        return flat.reshape(*states.shape[:2], -1)


def _padded(rows: Sequence[int], sizes: list[int]) -> NDArray[np.int32]:
    """Cut rows into sentences ``[B, T]`` of these sizes, 0 beyond."""
    padded = np.zeros((len(sizes), sizes[0]), np.int32)
    start = 0
    for sentence, size in zip(padded, sizes, strict=True):
        sentence[:size] = rows[start : start + size]
        start += size
    return padded


def _contribute(
    embedding: Embedding, layer: RecurrentLayer, keys: Sequence[Key], rows: NDArray[Any]
) -> None:
    """Write what tokens add to the gates of the first layer into `rows` ``[U, width]``."""
    layer.project(embedding(keys), rows)
