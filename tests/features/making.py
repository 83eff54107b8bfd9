"""Indexers for tests: with the features that every model has, and with more."""

from collections.abc import Iterable, Sequence

import numpy as np

from ner.config import Config, ModelConfig
from ner.features import Indexer, TrainingData, Vectors, build_indexer
from ner.features.feature import Feature
from ner.features.registry import FEATURES
from ner.text import Sentence


def an_indexer(
    sentences: Iterable[Sequence[str]], config: ModelConfig | None = None, *more: Feature
) -> Indexer:
    """The features of sentences of tokens, and more."""
    texts = [Sentence(tuple(tokens)) for tokens in sentences]
    whole = Config(model=config or ModelConfig())
    return with_features(build_indexer(TrainingData(texts, (), whole)), *more)


def with_features(indexer: Indexer, *more: Feature) -> Indexer:
    """An indexer with features in place of its own, or beside them, in the usual order."""
    found = {type(feature): feature for feature in (*indexer.features, *more)}
    return Indexer(tuple(found[kind] for kind in FEATURES if kind in found))


def vectors_of(*words: str, dim: int = 4) -> Vectors:
    """Pre-trained vectors of words that are looked up as they are."""
    rows = np.ones((len(words), dim), np.float32)
    return Vectors(words, rows, False, False, size=len(words))
