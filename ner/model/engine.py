"""Models, and their engines: two ways from sentences of tokens to emissions, with one result.

A model is a network, and the features and tags that give its numbers a meaning.

`PlainEngine` runs the network as training does. `FastEngine`, for a CPU, caches the features of
each `Key` and their product with the input weights; then only the recurrence is left.
"""

import logging
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, starmap
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.config import PredictConfig
from ner.features import (
    Context,
    Example,
    FeatureTable,
    Indexer,
    Key,
    collate,
    key_word,
    pack_batches,
    plan_batches,
)
from ner.model.network import BaseNetwork, Network
from ner.model.recurrence import Steps, plan_steps, recurrence_of
from ner.model.token_embedders import TokenEmbedder

_log = logging.getLogger("ner")

BATCH_SENTENCES = 128
BATCH_TOKENS = 4096
BATCH_SCORES = 1 << 20  # emissions of a batch: where tags are many, it has fewer tokens
LEAST_ROWS = 8
MOST_CHARACTERS = 4_000_000  # of cached words together: some "words" are as long as a book
FILL_WORDS = 1024  # words computed at once, which bounds the memory


class Engine(ABC):
    """The computation of tag scores; the one part of a model that may be replaced."""

    def __init__(
        self, network: BaseNetwork, indexer: Indexer, contextual: TokenEmbedder | None = None
    ) -> None:
        self._network = network
        self._indexer = indexer
        self._contextual = contextual

    @property
    def _most_tokens(self) -> int:
        return max(1, min(BATCH_TOKENS, BATCH_SCORES // self._network.projection.out_features))

    @abstractmethod
    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Group sentences into batches: every position of `lengths` once."""

    @abstractmethod
    def emissions(
        self, sentences: Sequence[Sequence[str]], contexts: Sequence[Context] | None = None
    ) -> Tensor:
        """Tag scores ``[B, T, K]`` of sentences that all have a token, in their contexts."""


class PlainEngine(Engine):
    """The network as it is, on any device."""

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Batches of equal length where possible: these need no packing."""
        return plan_batches(lengths, most_sentences=BATCH_SENTENCES, most_tokens=self._most_tokens)

    def emissions(
        self, sentences: Sequence[Sequence[str]], contexts: Sequence[Context] | None = None
    ) -> Tensor:
        """Tag scores ``[B, T, K]``."""
        table = FeatureTable(self._indexer)
        nothing = [None] * len(sentences)
        embedded = self._contextual.embed(sentences) if self._contextual else nothing
        examples = [
            Example(table.rows(tokens, context), contextual=states)
            for tokens, context, states in zip(
                sentences, contexts or nothing, embedded, strict=True
            )
        ]
        batch = collate(table, examples, range(len(examples)))
        return self._network.emissions(batch.to(self._network.projection.weight.device))


class WordCache:
    """Rows of numbers for tokens, computed when one first occurs, in bounded memory."""

    def __init__(
        self, compute: Callable[[Sequence[Key], Tensor], object], width: int, limit: int
    ) -> None:
        """`compute` writes the rows of keys ``[U, width]``; at most `limit` rows are kept."""
        self._compute = compute
        self._limit = limit
        self._rows: dict[Key, int] = {}
        self._characters = 0
        # Whole from the start: the system hands out memory only where something is written.
        self.table = torch.empty(limit, width)

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


class FastEngine(Engine):
    """Cached words and a bare recurrence, on a CPU; safe for threads."""

    def __init__(
        self,
        network: BaseNetwork,
        indexer: Indexer,
        contextual: TokenEmbedder | None = None,
        *,
        cache_bytes: int,
        dtype: torch.dtype,
    ) -> None:
        """`dtype` is that of the recurrent products, the rest is float32.

        `cache_bytes` bounds the cached words, of which there may always be two batches.
        """
        super().__init__(network, indexer, contextual)
        self._cache_bytes = cache_bytes
        self._dtype = dtype
        self._lock = threading.Lock()
        self._weights: tuple[tuple[int, int], ...] = ()

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Sentences of nearly equal length: a step reads only those that have a token left."""
        order = np.argsort(np.asarray(lengths), kind="stable").tolist()
        return pack_batches(
            order, lengths, most_sentences=BATCH_SENTENCES, most_tokens=self._most_tokens
        )

    @torch.inference_mode()
    def emissions(
        self, sentences: Sequence[Sequence[str]], contexts: Sequence[Context] | None = None
    ) -> Tensor:
        """Tag scores ``[B, T, K]``."""
        lengths = np.array([len(tokens) for tokens in sentences])
        order = np.argsort(-lengths, kind="stable")
        contexts = contexts or [None] * len(sentences)
        pairs = ((sentences[i], contexts[i]) for i in order)
        keys = list(chain.from_iterable(starmap(self._indexer.keys, pairs)))
        embedded = self._embed([sentences[i] for i in order])
        with self._lock:
            self._follow_weights()
            rows = self.words.rows(keys)
            scores = self._scores(torch.tensor(rows), lengths[order], embedded)
        result = torch.empty_like(scores)
        result[torch.from_numpy(order)] = scores
        return result

    def _embed(self, sentences: Sequence[Sequence[str]]) -> Tensor | None:
        """The contextual embeddings of all tokens, one after the other, ``[N, M]``."""
        if self._contextual is None:
            return None
        return torch.from_numpy(np.concatenate(self._contextual.embed(sentences))).float()

    def _follow_weights(self) -> None:
        """Prepare the weights again if the network's have changed, and forget all words."""
        tensors = chain(self._network.parameters(), self._network.buffers())
        # Tensors made in inference mode have no version.
        weights = tuple((t.data_ptr(), 0 if t.is_inference() else t._version) for t in tensors)
        if weights == self._weights:
            return
        self._layers = [recurrence_of(layer, self._dtype) for layer in self._network.encoder.layers]
        projection = self._network.projection
        self._out_bias = projection.bias.detach()
        self._out_weight = (projection.weight.detach() * self._layers[-1].scale).t().contiguous()
        width = self._layers[0].width
        limit = max(self._cache_bytes // (4 * width), 2 * BATCH_TOKENS)
        self.words = WordCache(self._contribute, width, limit)
        self._weights = weights

    def _contribute(self, keys: Sequence[Key], rows: Tensor) -> None:
        """Write what tokens add to the gates of the first layer into `rows`, ``[U, D · G · H]``."""
        # Products of few rows are rounded differently: with enough rows, the cached row of a word
        # is the same whichever others are new at the same time.
        longest = max(keys, key=lambda key: len(key_word(key)))
        padded = [*keys, *[longest] * max(0, LEAST_ROWS - len(keys))]
        table = FeatureTable(self._indexer)
        batch = collate(table, [Example(table.key_rows(padded))], [0])
        features = self._network.embedder.of_words(batch)[0]
        if len(keys) < len(features):
            rows.copy_(self._layers[0].project(features)[: len(keys)])
        else:
            self._layers[0].project(features, out=rows)

    def _scores(self, rows: Tensor, lengths: NDArray[np.int64], embedded: Tensor | None) -> Tensor:
        """Tag scores of sentences sorted by length, from the words' rows of all of them.

        `embedded` are the contextual embeddings of their tokens, if there are any.
        """
        first, *others = self._layers
        steps = plan_steps(lengths, first.directions)
        size = int(lengths[0])
        inside = np.flatnonzero(np.arange(size) < lengths[:, None])
        places = torch.zeros(len(lengths) * size, dtype=torch.long)  # [B · T]
        table = self.words.table
        if embedded is not None and (contextual := self._network.embedder.contextual) is not None:
            # Tokens differ by context: each has a row of its own.
            table = first.add(contextual(embedded), table[rows])
            rows = torch.arange(len(rows))
        places[torch.from_numpy(inside)] = rows
        states = first.run(table, places[steps.positions], steps.counts)
        for layer, below in zip(others, self._layers, strict=False):
            outputs = _by_position(states, steps, len(places))
            projections = layer.project(outputs * below.scale)
            states = layer.run(projections, steps.positions, steps.counts)
        return self._project(states, steps, lengths)

    def _project(self, states: Tensor, steps: Steps, lengths: NDArray[np.int64]) -> Tensor:
        """Scores from the states of the last layer, ``[D, N, H]`` in the order of steps."""
        size = int(lengths[0])
        outputs = _by_position(states, steps, len(lengths) * size)
        scores = torch.addmm(self._out_bias, outputs, self._out_weight)
        return scores.view(len(lengths), size, -1)


def _by_position(states: Tensor, steps: Steps, positions: int) -> Tensor:
    """States ``[D, N, H]`` in the order of steps → ``[B · T, D · H]``; 0 at padding."""
    directions, _, hidden = states.shape
    outputs = states.new_zeros(positions, directions, hidden)
    for direction in range(directions):
        outputs[steps.positions[direction], direction] = states[direction]
    return outputs.flatten(1)


# --- models ---------------------------------------------------------------------------------------


class BaseModel:
    """A network and the features of its input; its subclasses are frozen dataclasses."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    indexer: Indexer
    network: BaseNetwork
    contextual: TokenEmbedder | None
    _engines: dict[tuple[object, ...], Engine]
    _fast: ClassVar[type[FastEngine]] = FastEngine

    @property
    def device(self) -> torch.device:
        """The device of the network's weights."""
        return self.network.projection.weight.device

    def engine(self, settings: PredictConfig) -> Engine:
        """The engine that computes emissions, as configured; the same for the same settings.

        Threads share it. A forked process gets its own: its parent's lock may be held for ever.
        """
        if settings.engine == "plain" or self.device.type != "cpu":
            return PlainEngine(self.network, self.indexer, self.contextual)
        key = (os.getpid(), settings.precision, settings.cache_mb)
        if key not in self._engines:
            size, dtype = settings.cache_mb * 1_000_000, _product_type(settings.precision)
            parts = self.network, self.indexer, self.contextual
            engine = self._fast(*parts, cache_bytes=size, dtype=dtype)
            self._engines.setdefault(key, engine)  # another thread may have been faster
        return self._engines[key]


@dataclass(frozen=True)
class Model(BaseModel):
    """Features, tag set and network of a tagger, and its token embedder, if any."""

    indexer: Indexer
    tags: tuple[str, ...]
    network: Network
    contextual: TokenEmbedder | None = None
    _engines: dict[tuple[object, ...], Engine] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


def _product_type(precision: str) -> torch.dtype:
    """The type of products: bfloat16 only if asked for, and where the processor has it."""
    if precision == "float32":
        return torch.float32
    able = torch.cpu.get_capabilities()
    if any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")):
        return torch.bfloat16
    _log.warning("this processor has no bfloat16 products; float32 is used, which is faster here")
    return torch.float32
