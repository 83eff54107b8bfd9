"""The ids of a token: of its word, its characters and its categories.

Most follow from the word alone, others from the tokens beside it or its document. A `Key` is all
that they depend on: tokens with the same key have the same ids.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.features.characters import Characters
from ner.features.feature import (
    CategoricalFeature,
    CategoryIds,
    Context,
    DocumentFeature,
    DocumentSpans,
    Feature,
    SentenceFeature,
    WordFeature,
)
from ner.features.words import Words
from ner.frozen import frozen
from ner.lazy import cached_property

AnyFeature = TypeVar("AnyFeature", bound=Feature)

Key = str | tuple[str, CategoryIds]
"""A word, or a word with the ids that do not follow from it: the key of a cache."""


def key_word(key: Key) -> str:
    """The word of a key."""
    return key if isinstance(key, str) else key[0]


class FeatureIds(NamedTuple):
    """The ids of a token."""

    words: tuple[int, ...]  # in each table of words
    categorical: tuple[int, ...]  # in each column
    characters: tuple[int, ...]


class IdArrays(NamedTuple):
    """The ids of U tokens as arrays, of which the first is padding, all 0."""

    words: NDArray[np.int64]  # [U, V] in V tables
    categorical: NDArray[np.int64]  # [U, F] in F columns
    characters: NDArray[np.int64]  # [U, C], 0 beyond the end of a word
    sizes: NDArray[np.int64]  # [U] characters of each

    @classmethod
    def of(cls, ids: Sequence[FeatureIds]) -> "IdArrays":
        """Put the ids of tokens, of which there are some, behind those of padding."""
        words, categorical, characters = zip(*ids, strict=True)
        sizes = np.array([0, *map(len, characters)])
        inside = np.arange(max(1, sizes.max())) < sizes[:, None]
        padded = np.zeros(inside.shape, np.int64)
        padded[inside] = [*chain.from_iterable(characters)]
        return cls(_behind_padding(words), _behind_padding(categorical), padded, sizes)

    def take(self, rows: NDArray[np.int64]) -> "IdArrays":
        """The ids of some tokens, counted from 0 without padding, with padding before them."""
        chosen = np.concatenate([[0], rows + 1])
        sizes = self.sizes[chosen]
        characters = self.characters[chosen, : max(1, sizes.max())]
        return IdArrays(self.words[chosen], self.categorical[chosen], characters, sizes)


def _behind_padding(ids: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    """Rows of ids with one of zeros first."""
    return np.array([(0,) * len(ids[0]), *ids], np.int64)


class Origins(NamedTuple):
    """The rows of an older model's tables with which the rows of another one's begin."""

    words: list[Sequence[int]]  # of each table, learnt rows and frozen ones behind them
    categorical: list[Sequence[int]]  # of each column that is embedded
    characters: list[Sequence[int]]  # of the one table


@frozen()
class Indexer:
    """The features of a model, which map tokens to ids."""

    features: tuple[Feature, ...]  # in the order of `ner.features.registry`

    def find(self, kind: type[AnyFeature]) -> AnyFeature | None:
        """The feature of a kind, if the model has it."""
        return next((found for found in self.features if isinstance(found, kind)), None)

    @cached_property
    def words(self) -> Words:
        """The words, which every model has."""
        found = self.find(Words)
        assert found is not None, "there is no model without words"
        return found

    @cached_property
    def characters(self) -> Characters:
        """The characters, which every model has."""
        found = self.find(Characters)
        assert found is not None, "there is no model without characters"
        return found

    @cached_property
    def categorical(self) -> tuple[CategoricalFeature, ...]:
        """The others in the order of their columns: of words, of sentences, of documents."""
        return (*self._of_words, *self._of_sentences, *self._of_documents)

    @cached_property
    def columns(self) -> int:
        """The number of columns of categorical ids."""
        return sum(len(feature.sizes) for feature in self.categorical)

    @cached_property
    def context_columns(self) -> int:
        """The number of columns that depend on the document; 0 where one pass is enough."""
        return sum(len(feature.sizes) for feature in self._of_documents)

    @cached_property
    def dropout(self) -> dict[int, float]:
        """The columns of categorical ids that have dropout in training, with their rates."""
        rates = [rate.DROPOUT for rate in self.categorical for _ in rate.sizes]
        return {column: rate for column, rate in enumerate(rates) if rate}

    @cached_property
    def _of_words(self) -> list[WordFeature]:
        return [found for found in self.features if isinstance(found, WordFeature)]

    @cached_property
    def _of_sentences(self) -> list[SentenceFeature]:
        return [found for found in self.features if isinstance(found, SentenceFeature)]

    @cached_property
    def _of_documents(self) -> list[DocumentFeature]:
        return [found for found in self.features if isinstance(found, DocumentFeature)]

    def without_vectors(self) -> "Indexer":
        """The same without the pre-trained vectors, which a network has once it is built."""
        words = self.words
        return Indexer(tuple(f.without_vectors() if f is words else f for f in self.features))

    def origins(self, old: "Indexer", config: ModelConfig) -> "Origins":
        """The rows of tables of `old`, from which it has grown, that its own begin with."""
        pairs = zip(self.categorical, old.categorical, strict=True)
        embedded = [(own, before) for own, before in pairs if getattr(config, own.DIM)]
        return Origins(
            self.words.origins(old.words),
            [rows for own, before in embedded for rows in own.origins(before)],
            self.characters.origins(old.characters),
        )

    def contexts(self, found: DocumentSpans) -> list[Context]:
        """The context of each sentence, for a model with `context_columns`."""
        parts = [feature.ids(found) for feature in self._of_documents]
        joined = map(_joined, zip(*parts, strict=True))
        return [ids if any(map(any, ids)) else None for ids in joined]

    def keys(self, tokens: Sequence[str], context: Context = None) -> Sequence[Key]:
        """The key of each token of a sentence, with its context, if there is any."""
        found = [feature.ids(tokens) for feature in self._of_sentences]
        if self.context_columns:
            found.append(context or [(0,) * self.context_columns] * len(tokens))
        return list(zip(tokens, _joined(found), strict=True)) if found else tokens

    def ids(self, key: Key) -> FeatureIds:
        """The ids of a token."""
        word, around = (key, ()) if isinstance(key, str) else key
        own: tuple[int, ...] = ()
        for feature in self._of_words:
            own += feature.ids(word)
        return FeatureIds(self.words.ids(word), own + around, self.characters.ids(word))


def _joined(parts: Sequence[Sequence[CategoryIds]]) -> Sequence[CategoryIds]:
    """Put the ids of several features side by side."""
    return parts[0] if len(parts) == 1 else list(map(tuple, map(chain, *parts)))


class FeatureTable:
    """Distinct tokens with their ids; sentences are rows of this table."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._rows: dict[Key, int] = {}
        self._ids: list[FeatureIds] = []
        self._arrays: IdArrays | None = None  # of `_ids`, or of the first of them

    def copy(self) -> "FeatureTable":
        """A table with the same rows, which grows apart from this one."""
        table = FeatureTable(self._indexer)
        table._rows, table._ids = self._rows.copy(), self._ids.copy()
        table._arrays = self._arrays
        return table

    def rows(self, tokens: Sequence[str], context: Context = None) -> NDArray[np.int64]:
        """The row of each token of a sentence, ``[T]``; unseen ones get a new row."""
        return self.key_rows(self._indexer.keys(tokens, context))

    def key_rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """The row of each key."""
        for key in keys:
            if key not in self._rows:
                self._rows[key] = len(self._ids)
                self._ids.append(self._indexer.ids(key))
        return np.fromiter((self._rows[key] for key in keys), np.int64, len(keys))

    def ids(self, rows: NDArray[np.int64]) -> IdArrays:
        """The ids of the tokens of some rows, with those of padding before them."""
        if self._arrays is None or len(self._arrays.words) <= len(self._ids):
            self._arrays = IdArrays.of(self._ids)
        return self._arrays.take(rows)
