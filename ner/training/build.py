"""A new, untrained model for a corpus."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ner.config import Config
from ner.features import Indexer, Vectors, read_vectors
from ner.model import Model, Network
from ner.tags import tag_set
from ner.text import Sentence

_log = logging.getLogger("ner")


@dataclass(frozen=True)
class Start:
    """A model before its first step, and the words that came with a vector."""

    model: Model
    has_vector: frozenset[str]


def build_model(
    sentences: Sequence[Sentence],
    config: Config,
    device: torch.device,
    progress: Callable[[int], None] = lambda _: None,
) -> Start:
    """Build the network for the words and types of training sentences.

    `progress` hears how many bytes of the vectors file have been read.
    """
    torch.manual_seed(config.train.seed)
    indexer = Indexer.build((sentence.tokens for sentence in sentences), config.model)
    trained = len(indexer.words)
    vectors = _vectors(indexer, config, progress) if config.train.vectors else None
    if vectors is not None:
        indexer = indexer.with_spare(vectors.words)
    labels = sorted({label for sentence in sentences for label in sentence.labels})
    tags = tag_set(labels, config.model.scheme)
    network = Network(
        config.model,
        tags,
        words=trained,
        spare=len(indexer.words) - trained,
        characters=len(indexer.characters),
        word_dim=vectors.dim if vectors is not None else config.model.word_dim,
    )
    if vectors is not None:
        _place_vectors(network, indexer, vectors, train=config.model.train_vectors)
    has_vector = frozenset(vectors.words if vectors is not None else ())
    return Start(Model(indexer, tuple(tags), network.to(device)), has_vector)


def _vectors(indexer: Indexer, config: Config, progress: Callable[[int], None]) -> Vectors:
    vectors = read_vectors(
        config.train.vectors,
        indexer.words.__contains__,
        spare=config.model.spare_vectors,
        fold_case=config.model.fold_case,
        fold_digits=config.model.fold_digits,
        progress=progress,
    )
    known = sum(word in indexer.words for word in vectors.words)
    _log.info(
        "%s: vectors of %d numbers for %d of %d training words (%.1f %%), and %d spare ones",
        config.train.vectors,
        vectors.dim,
        known,
        len(indexer.words.entries),
        100 * known / max(1, len(indexer.words.entries)),
        len(vectors.words) - known,
    )
    return vectors


def _place_vectors(network: Network, indexer: Indexer, vectors: Vectors, *, train: bool) -> None:
    trained = network.embedder.words.num_embeddings
    table = np.full((len(indexer.words), vectors.dim), np.nan, dtype=np.float32)
    table[[indexer.words[word] for word in vectors.words]] = vectors.rows
    rows = torch.from_numpy(table)
    network.embedder.load_vectors(rows[:trained], rows[trained:], train=train)
