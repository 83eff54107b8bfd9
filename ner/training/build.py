"""A new, untrained model for a corpus."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ner.config import Config, ModelConfig
from ner.features import (
    Indexer,
    Vectors,
    Vocabulary,
    WordTable,
    read_clusters,
    read_gazetteers,
    read_vectors,
)
from ner.features.indexer import neighbours
from ner.files import open_binary
from ner.model import Contextual, Model, Network, Sizes, TableSize
from ner.model.embedder import Embedder
from ner.tags import tag_set
from ner.text import Sentence
from ner.training.embedding_cache import load_embeddings
from ner.training.examples import Lesson, TrainingSet

_log = logging.getLogger("ner")

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Start:
    """A model before its first step, and the words of its first table that have a vector."""

    model: Model
    has_vector: frozenset[str]

    def training_set(
        self, sentences: Sequence[Sentence], config: Config, lessons: Sequence[Lesson] = ()
    ) -> TrainingSet:
        """The sentences that it was built for, or lessons in their place, as it sees them."""
        model = self.model
        return TrainingSet(
            sentences,
            model.indexer,
            model.tags,
            config.model.scheme,
            config.train,
            self.has_vector,
            lessons,
            model.contextual,
        )


@dataclass(frozen=True)
class _Table:
    """A table of words, how many of its numbers have a row that learns, and its vectors."""

    words: WordTable
    trained: int
    vectors: Vectors | None

    def size(self, word_dim: int) -> TableSize:
        spare = len(self.words.words) - self.trained
        dim = self.vectors.dim if self.vectors else word_dim
        return TableSize(self.trained, spare, dim, self.vectors is not None)

    def rows(self) -> tuple[Tensor, Tensor]:
        """The vectors of the words that learn, NaN where there is none, and of the spare ones."""
        assert self.vectors is not None
        shape = len(self.words.words), self.vectors.dim
        table = np.full(shape, np.nan, dtype=np.float32)
        table[[self.words.words[word] for word in self.vectors.words]] = self.vectors.rows
        return torch.from_numpy(table[: self.trained]), torch.from_numpy(table[self.trained :])


@dataclass(frozen=True)
class Words:
    """How a new model sees tokens, and what files say of them."""

    indexer: Indexer
    sizes: Sizes
    has_vector: frozenset[str]  # words of the first table
    _tables: Sequence[_Table]

    def load_vectors(self, embedder: Embedder) -> None:
        """Put pre-trained vectors into the tables of a network of these sizes."""
        for table, embedding in zip(self._tables, embedder.tables, strict=True):
            if table.vectors is not None:
                embedding.load_vectors(*table.rows())


def build_words(
    sentences: Sequence[Sentence],
    config: Config,
    progress: Progress = lambda _: None,
    contextual: Contextual | None = None,
    echo_labels: Sequence[str] = (),
) -> Words:
    """Number the words of training sentences, and read the files of the configuration.

    `progress` hears how many bytes of the vectors files, one after the other, have been read.
    """
    tokens = [token for sentence in sentences for token in sentence.tokens]
    files = list(_read_files(config, {*tokens}, progress))
    tables = _tables(tokens, files, config.model)
    indexer = Indexer(
        tuple(table.words for table in tables),
        Vocabulary.count(character for token in tokens for character in token),
        read_clusters(config.resources.clusters) if config.resources.clusters else None,
        read_gazetteers(config.resources.gazetteers, config.data.tokenizer),
        _pairs(sentences) if config.model.bigrams == "yes" else None,
        tuple(echo_labels),
    )
    sizes = Sizes(
        tuple(table.size(config.model.word_dim) for table in tables),
        len(indexer.characters),
        indexer.kinds,
        contextual.dim if contextual else 0,
    )
    return Words(indexer, sizes, _with_vector(tokens, tables), tables)


def build_model(
    sentences: Sequence[Sentence],
    config: Config,
    device: torch.device,
    progress: Progress = lambda _: None,
    contextual: Contextual | None = None,
) -> Start:
    """Build the network for the words and types of training sentences.

    `progress` hears how many bytes of the vectors files, one after the other, have been read.
    `contextual` is what the language models of the configuration say, if they have been loaded.
    """
    torch.manual_seed(config.train.seed)
    if contextual is None:
        contextual = load_embeddings(config)
    labels = sorted({label for sentence in sentences for label in sentence.labels})
    echo_labels = labels if config.model.context == "document" else ()
    words = build_words(sentences, config, progress, contextual, echo_labels)
    tags = tag_set(labels, config.model.scheme)
    network = Network(config.model, tags, words.sizes)
    words.load_vectors(network.embedder)
    model = Model(words.indexer, tuple(tags), network.to(device), contextual)
    return Start(model, words.has_vector)


def _pairs(sentences: Sequence[Sentence]) -> Vocabulary:
    """The pairs of tokens that occur more than once."""
    return Vocabulary.count(
        (pair for sentence in sentences for pair in neighbours(sentence.tokens)), min_count=2
    )


def _read_files(config: Config, tokens: Collection[str], progress: Progress) -> Iterator[Vectors]:
    """The vectors of each file for the words of the corpus, and spare ones."""
    done = 0
    for path in config.resources.vectors:
        if not Path(path).exists():  # said before a large file is read for minutes
            open_binary(path)
    for path in config.resources.vectors:
        vectors = read_vectors(
            path,
            tokens,
            spare=config.model.out_of_training_vectors,
            progress=lambda size, before=done: progress(before + size),  # type: ignore[misc]
        )
        done += Path(path).stat().st_size
        _log.info(
            "%s: vectors of %d numbers for %d words, %s; %.1f %% of %d training words have one",
            path,
            vectors.dim,
            len(vectors.words),
            "in lower case" if vectors.fold_case else "as they are written",
            100 * len(_known(tokens, vectors)) / len(tokens),
            len(tokens),
        )
        yield vectors


def _known(tokens: Collection[str], vectors: Vectors) -> set[str]:
    """The tokens that have a vector."""
    words = {*vectors.words}
    return {token for token in tokens if vectors.fold(token) in words}


def _tables(tokens: Sequence[str], files: Sequence[Vectors], config: ModelConfig) -> list[_Table]:
    """A table for each file, looked up as the file is written; those that learn have all words.

    Without a file, and beside frozen vectors, there is a table that learns from scratch.
    """
    scratch = _counted(tokens, config, config.fold_case, config.fold_digits)
    if not files:
        return [_Table(scratch, len(scratch.words), None)]
    if config.vectors == "tuned":
        tables = [_counted(tokens, config, v.fold_case, v.fold_digits) for v in files]
        return [
            _Table(table.with_spare(v.words), len(table.words), v)
            for table, v in zip(tables, files, strict=True)
        ]
    empty = Vocabulary(())
    frozen = [WordTable(Vocabulary(v.words), v.fold_case, v.fold_digits) for v in files]
    return [
        _Table(scratch, len(scratch.words), None),
        *(_Table(table, len(empty), v) for table, v in zip(frozen, files, strict=True)),
    ]


def _counted(
    tokens: Sequence[str], config: ModelConfig, fold_case: bool, fold_digits: bool
) -> WordTable:
    return WordTable.count(tokens, config.min_count, fold_case=fold_case, fold_digits=fold_digits)


def _with_vector(tokens: Sequence[str], tables: Sequence[_Table]) -> frozenset[str]:
    """The words of the first table that come with a vector from some file."""
    distinct = {*tokens}
    known = {t for table in tables if table.vectors for t in _known(distinct, table.vectors)}
    return frozenset(map(tables[0].words.fold, known))
