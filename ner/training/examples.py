"""What is learnt from: sentences as numbers, cut to size, with some words hidden."""

import logging
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ner.config import TrainConfig
from ner.corpus.partial import agreeing_tags, partial_labels_within, with_partial_labels
from ner.errors import ConfigError
from ner.features import UNKNOWN, Batch, Example, Expected, Indexer, collate, plan_batches
from ner.features.document_context import Echoes
from ner.features.indexer import FormTable
from ner.model import Contextual
from ner.tags import parse_tag, tags_of
from ner.text import Sentence, Span

_log = logging.getLogger("ner")

PAIR_DROPOUT = 0.2  # share of pairs of tokens hidden in training

# The share of sentences that are learnt from as a second reading sees them. One network does
# both readings, and needs practice in each.
SECOND_READINGS = 0.6

LONGEST = 512  # tokens of one training sentence; longer ones are cut between entities


def cut_long(sentences: Iterable[Sentence], size: int = LONGEST) -> Iterator[Sentence]:
    """Sentences of at most `size` tokens; cuts never go through an entity shorter than that.

    Partly labelled sentences are cut where no entity can go through, if there is such a place.
    """
    for sentence in sentences:
        start = 0
        while start < len(sentence):
            end = _cut(sentence, start, size)
            yield _piece(sentence, start, end)
            start = end


def _cut(sentence: Sentence, start: int, size: int) -> int:
    """Where the piece from `start` ends: at `size`, or before the entity that stands there."""
    end = min(start + size, len(sentence))
    if sentence.partial and end < len(sentence):
        boundaries = range(end, start, -1)
        return next((i for i in boundaries if sentence.partial[i].continues == "no"), end)
    last = bisect_left(sentence.spans, end, key=attrgetter("start")) - 1
    if last < 0 or sentence.spans[last].end <= end or sentence.spans[last].start <= start:
        return end
    return sentence.spans[last].start


def _piece(sentence: Sentence, start: int, end: int) -> Sentence:
    if (start, end) == (0, len(sentence)):
        return sentence
    first = bisect_right(sentence.spans, start, key=attrgetter("end"))
    behind = bisect_left(sentence.spans, end, key=attrgetter("start"))
    spans = tuple(
        Span(max(s.start, start) - start, min(s.end, end) - start, s.label)
        for s in sentence.spans[first:behind]
    )
    piece = replace(sentence, tokens=sentence.tokens[start:end], spans=spans, offsets=None)
    if sentence.partial:
        return with_partial_labels(piece, partial_labels_within(sentence.partial, start, end))
    return piece


def _tell_of_cuts(sentences: Iterable[Sentence]) -> None:
    """Say, once, which sentences are learnt in pieces."""
    long = [sentence for sentence in sentences if len(sentence) > LONGEST]
    if long:
        _log.warning(
            "%s: a sentence of %s tokens is learnt in pieces of at most %d, cut between entities "
            "(such sentences: %s)",
            long[0].place,
            f"{len(long[0]):,}",
            LONGEST,
            f"{len(long):,}",
        )


class Lesson(NamedTuple):
    """A sentence of at most `LONGEST` tokens, and what a teacher says of its tags."""

    tokens: tuple[str, ...]
    expected: Expected


@dataclass(frozen=True)
class Teaching:
    """What a model is taught in place of the labels of the training split.

    `sources` tell this teaching from others (for a run that is resumed),
    `notes` are lines for the model's card.
    """

    lessons: Sequence[Lesson]
    sources: Mapping[str, str]
    notes: tuple[str, ...] = ()


class ExampleSet:
    """Examples dealt out in batches that differ from epoch to epoch, some of their words hidden."""

    def __init__(
        self,
        table: FormTable,
        examples: Sequence[Example],
        indexer: Indexer,
        hiding: Tensor,
        config: TrainConfig,
    ) -> None:
        """Rows of `examples` are of `table`; `hiding` has the rate of each word, ``[N]``."""
        self._config = config
        self._table = table
        self._examples = list(examples)
        self.tokens = sum(len(example) for example in self._examples)
        self._pairs = [i for i, kind in enumerate(indexer.kinds) if kind.name == "pair"]
        self._hiding = hiding

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """The batches of an epoch: the same for the same seed and epoch, every sentence once.

        The first `done` are left out, and nothing is drawn for them.
        """
        rng = np.random.default_rng([self._config.seed, epoch])
        examples = self._chosen(rng)
        for order in self._plan(rng)[done:]:
            batch = collate(self._table, examples, order)
            yield hide_pairs(hide_words(batch, self._hiding), self._pairs)

    def _chosen(self, rng: np.random.Generator) -> Sequence[Example]:
        """The examples of an epoch."""
        return self._examples

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


class TrainingSet(ExampleSet):
    """The training split as numbers, dealt out in batches that differ from epoch to epoch.

    If there are `lessons`, these are dealt out instead.
    """

    def __init__(
        self,
        sentences: Sequence[Sentence],
        indexer: Indexer,
        tags: Sequence[str],
        scheme: str,
        config: TrainConfig,
        has_vector: Iterable[str] = (),
        lessons: Sequence[Lesson] = (),
        contextual: Contextual | None = None,
    ) -> None:
        """`contextual` is what says something of each token in its sentence, if anything does."""
        if not lessons:
            _tell_of_cuts(sentences)
        self._table = FormTable(indexer)
        self._number = {tag: i for i, tag in enumerate(tags)}
        pieces = [] if lessons else list(cut_long(sentences))
        examples = (
            [Example(self._table.rows(tokens), taught=taught) for tokens, taught in lessons]
            if lessons
            else [self._example(piece, scheme) for piece in pieces]
        )
        if contextual is not None:
            said = contextual.read([text.tokens for text in lessons or pieces])
            pairs = zip(examples, said, strict=True)
            examples = [replace(example, contextual=states) for example, states in pairs]
        hiding = hiding_rates(sentences, indexer, config, frozenset(has_vector))
        super().__init__(self._table, examples, indexer, hiding, config)
        self._second = self._examples

    def _example(self, sentence: Sentence, scheme: str) -> Example:
        rows = self._table.rows(sentence.tokens)
        if sentence.partial:
            choices = np.array(agreeing_tags(sentence.partial, [*self._number], scheme))
            return Example(rows, choices.argmax(1), choices)
        tags = tags_of(sentence.spans, len(sentence), scheme)
        return Example(rows, np.array([self._number[tag] for tag in tags]))

    def hear(self, sentences: Iterable[Sentence], heard: Sequence[Echoes]) -> None:
        """From now on, deal sentences out as a second reading sees them, too, with their echoes.

        Lessons begin with those of the training split; what follows is only read once.
        """
        pieces = list(zip(cut_long(sentences), heard, strict=True))
        self._second = [
            replace(example, rows=self._table.rows(piece.tokens, echo)) if echo else example
            for example, (piece, echo) in zip(self._examples, pieces, strict=False)
        ] + self._examples[len(pieces) :]

    def _chosen(self, rng: np.random.Generator) -> Sequence[Example]:
        if self._second is self._examples:
            return self._examples
        chosen = rng.random(len(self._examples)) < SECOND_READINGS
        pairs = zip(self._examples, self._second, chosen, strict=True)
        return [second if choose else first for first, second, choose in pairs]


def hiding_rates(
    sentences: Iterable[Sentence],
    indexer: Indexer,
    config: TrainConfig,
    has_vector: frozenset[str] = frozenset(),
) -> Tensor:
    """How often each word of the first table, ``[N]``, is shown as the unknown word.

    Words seen once stand for all that were never seen: they teach what the
    unknown word means, and the model to look at characters and context. A word
    with a pre-trained vector needs no such stand-in.
    """
    first = indexer.tables[0]
    counts = Counter(first.fold(token) for sentence in sentences for token in sentence.tokens)
    rates = torch.full((len(first.words),), config.word_dropout)
    for word, count in counts.items():
        if count == 1 and word not in has_vector:
            rates[first.words[word]] = max(config.unk_replacement, config.word_dropout)
    return rates


def hide_words(batch: Batch, rates: Tensor) -> Batch:
    """The batch with some of its distinct words shown as the unknown word, in all tables.

    `rates` are by the number in the first table.
    """
    hidden = torch.rand(len(batch.words)) < rates[batch.words[:, 0]]
    hidden[0] = False  # padding
    return replace(batch, words=batch.words.masked_fill(hidden[:, None], UNKNOWN))


def hide_pairs(batch: Batch, columns: Sequence[int]) -> Batch:
    """The batch with some pairs of tokens, those in `columns` of its kinds, as unknown ones."""
    if not columns:
        return batch
    kinds = batch.kinds.clone()
    for column in columns:
        hidden = torch.rand(len(kinds)) < PAIR_DROPOUT
        hidden[0] = False  # padding
        kinds[hidden, column] = UNKNOWN
    return replace(batch, kinds=kinds)


def type_costs(weights: str, tags: Sequence[str]) -> Tensor | None:
    """What mistakes at tokens of each tag cost, ``[K]``: the log of the weight of its type.

    `weights` is like ``MISC=2,PER=0.5``; other types and ``O`` have a weight of
    1. None without weights. Raises `ConfigError` for types that no tag has, for
    weights that are not above 0, and for anything that is written otherwise.
    """
    if not weights.strip():
        return None
    labels = [parse_tag(tag).label for tag in tags]
    weight: dict[str, float] = {}
    for item in weights.split(","):
        label, _, value = (part.strip() for part in item.rpartition("="))
        if not label or label not in labels:
            known = ", ".join(sorted({*labels} - {""}))
            raise _bad_weight(item, f"types have a weight, as in MISC=2; the corpus has {known}")
        if label in weight:
            raise _bad_weight(item, "the type has a weight already; give it one")
        weight[label] = _positive(item, value)
    return torch.tensor([math.log(weight.get(label, 1.0)) for label in labels])


def _positive(item: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise _bad_weight(item, "a weight is a number above 0; 1 changes nothing")
    return number


def _bad_weight(item: str, remedy: str) -> ConfigError:
    return ConfigError(f"setting train.type_weights: {item.strip()!r} will not do; {remedy}")
