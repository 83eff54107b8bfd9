"""What is learnt from: sentences as numbers, cut to size, with some words hidden."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ner.config import TrainConfig
from ner.features import UNKNOWN, Batch, Example, Indexer, collate, plan_batches
from ner.features.indexer import FormTable
from ner.tags import tags_of
from ner.text import Sentence, Span

LONGEST = 512  # tokens of one training sentence; longer ones are cut between entities


def cut_long(sentences: Iterable[Sentence], size: int = LONGEST) -> Iterator[Sentence]:
    """Sentences of at most `size` tokens; cuts never go through an entity shorter than that."""
    for sentence in sentences:
        start = 0
        while start < len(sentence):
            end = _cut(sentence, start, size)
            yield _piece(sentence, start, end)
            start = end


def _cut(sentence: Sentence, start: int, size: int) -> int:
    """Where the piece from `start` ends: at `size`, or before the entity that stands there."""
    end = min(start + size, len(sentence))
    through = next((s.start for s in sentence.spans if s.start < end < s.end), end)
    return through if through > start else end


def _piece(sentence: Sentence, start: int, end: int) -> Sentence:
    if (start, end) == (0, len(sentence)):
        return sentence
    spans = tuple(
        Span(max(s.start, start) - start, min(s.end, end) - start, s.label)
        for s in sentence.spans
        if s.start < end and s.end > start
    )
    return replace(sentence, tokens=sentence.tokens[start:end], spans=spans, offsets=None)


class TrainingSet:
    """The training split as numbers, dealt out in batches that differ from epoch to epoch."""

    def __init__(
        self,
        sentences: Sequence[Sentence],
        indexer: Indexer,
        tags: Sequence[str],
        scheme: str,
        config: TrainConfig,
        has_vector: Iterable[str] = (),
    ) -> None:
        self._config = config
        self._table = FormTable(indexer)
        number = {tag: i for i, tag in enumerate(tags)}
        self._examples = [
            Example(
                self._table.rows(piece.tokens),
                np.array([number[tag] for tag in tags_of(piece.spans, len(piece), scheme)]),
            )
            for piece in cut_long(sentences)
        ]
        self.tokens = sum(len(example) for example in self._examples)
        self._hiding = hiding_rates(sentences, indexer, config, frozenset(has_vector))

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch: the same for the same seed and epoch, every sentence once."""
        rng = np.random.default_rng([self._config.seed, epoch])
        for order in self._plan(rng):
            yield hide_words(collate(self._table, self._examples, order), self._hiding)

    def count(self) -> int:
        """How many batches an epoch has."""
        return len(self._plan(None))

    def _plan(self, rng: np.random.Generator | None) -> list[list[int]]:
        return plan_batches(
            [len(example) for example in self._examples],
            most_sentences=self._config.batch_sentences,
            most_tokens=self._config.batch_tokens,
            rng=rng,
        )


def hiding_rates(
    sentences: Iterable[Sentence],
    indexer: Indexer,
    config: TrainConfig,
    has_vector: frozenset[str] = frozenset(),
) -> Tensor:
    """How often each word of the vocabulary, ``[V]``, is shown as the unknown word.

    Words seen once stand for all that were never seen: they teach what the
    unknown word means, and the model to look at characters and context. A word
    with a pre-trained vector needs no such stand-in.
    """
    counts = Counter(indexer.fold(token) for sentence in sentences for token in sentence.tokens)
    rates = torch.full((len(indexer.words),), config.word_dropout)
    for word, count in counts.items():
        if count == 1 and word not in has_vector:
            rates[indexer.words[word]] = max(config.unknown_rate, config.word_dropout)
    return rates


def hide_words(batch: Batch, rates: Tensor) -> Batch:
    """The batch with some of its distinct words shown as the unknown word."""
    hidden = torch.rand(batch.words.shape) < rates[batch.words]
    hidden[0] = False  # padding
    return replace(batch, words=batch.words.masked_fill(hidden, UNKNOWN))
