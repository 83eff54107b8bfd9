"""Training examples: sentences as ids, split to size, with word dropout and UNK replacement."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.config import TrainConfig
from ner.corpus import possible_tags
from ner.errors import ConfigError
from ner.features import (
    UNKNOWN,
    Batch,
    Context,
    Example,
    ExpectedCounts,
    FeatureTable,
    Indexer,
    Tags,
    collate,
    plan_batches,
    unk_rates,
)
from ner.tags import parse_tag, tags_of
from ner.text import Sentence
from ner.training.sampling import EpochSampler

# The share of sentences with context: one network does both passes, and needs practice.
CONTEXT_SHARE = 0.6

Embed = Callable[[Sequence[Sequence[str]]], Sequence[NDArray[np.float16]]]


class SoftLabelExample(NamedTuple):
    """A segment of a sentence, and the expected counts of its tags."""

    tokens: tuple[str, ...]
    expected: ExpectedCounts


@dataclass(frozen=True)
class SoftLabels:
    """Examples with soft labels: those of the training split, and then any others.

    `sources` identify them (for a resumed run), `notes` are lines for the model's card.
    """

    examples: Sequence[SoftLabelExample] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ExampleSet:
    """Examples in batches that differ from epoch to epoch, with word dropout."""

    def __init__(
        self,
        table: FeatureTable,
        examples: Sequence[Example],
        indexer: Indexer,
        unk_rates: Tensor,
        config: TrainConfig,
        corpora: Sequence[str] = (),
    ) -> None:
        """Rows of `examples` are of `table`; `unk_rates` ``[N]`` are of the first words table.

        `corpora` has the name of the corpus of each example, where there are several.
        """
        self._config = config
        self._table = table
        self._examples = list(examples)
        names = corpora or [""] * len(self._examples)
        self._sampler = EpochSampler(names, config.shares, config.seed)
        self.tokens = sum(len(self._examples[position]) for position in self._sampler.draw(1))
        self._dropout = indexer.dropout
        self._unk_rates = unk_rates

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """The batches of an epoch: the same for the same seed and epoch, every sentence once.

        Of corpora with a share it has that many sentences (see `EpochSampler`).
        The first `done` are left out, and nothing is drawn for them.
        """
        rng = np.random.default_rng([self._config.seed, epoch])
        examples = self._chosen(rng)
        for order in self._plan(epoch, rng)[done:]:
            batch = collate(self._table, examples, order)
            yield drop_columns(drop_words(batch, self._unk_rates), self._dropout)

    def _chosen(self, rng: np.random.Generator) -> Sequence[Example]:
        return self._examples

    def count(self, epoch: int = 1) -> int:
        """The number of batches of an epoch; with shares of corpora, epochs differ a little."""
        return len(self._plan(epoch, None))

    def _plan(self, epoch: int, rng: np.random.Generator | None) -> list[list[int]]:
        drawn = self._sampler.draw(epoch).tolist()
        plan = plan_batches(
            [len(self._examples[position]) for position in drawn],
            most_sentences=self._config.batch_sentences,
            most_tokens=self._config.batch_tokens,
            rng=rng,
        )
        return [[drawn[number] for number in batch] for batch in plan]


class TrainingSet(ExampleSet):
    """The training split as ids, or `soft_labels` in its place, in batches that differ by epoch."""

    def __init__(
        self,
        segments: Sequence[Sentence],
        indexer: Indexer,
        tags: Sequence[str],
        scheme: str,
        config: TrainConfig,
        has_vector: Iterable[str] = (),
        soft_labels: Sequence[SoftLabelExample] = (),
        embed: Embed | None = None,
    ) -> None:
        """`embed` gives the contextual embeddings of sentences, if there are any."""
        self._table = FeatureTable(indexer)
        self._number = {tag: i for i, tag in enumerate(tags)}
        examples = (
            [Example(self._table.rows(tokens), expected) for tokens, expected in soft_labels]
            if soft_labels
            else [self._example(segment, scheme) for segment in segments]
        )
        if embed is not None:
            embedded = embed([text.tokens for text in soft_labels or segments])
            pairs = zip(examples, embedded, strict=True)
            examples = [replace(example, contextual=states) for example, states in pairs]
        tokens = (token for segment in segments for token in segment.tokens)
        rates = unk_rates(indexer.words, tokens, config, frozenset(has_vector))
        corpora = [segment.corpus for segment in segments]
        corpora += [""] * (len(examples) - len(segments))  # soft-label examples beyond the split
        super().__init__(self._table, examples, indexer, rates, config, corpora)
        self._in_context = self._examples

    def _example(self, sentence: Sentence, scheme: str) -> Example:
        rows = self._table.rows(sentence.tokens)
        if (partly := possible_tags(sentence, [*self._number], scheme)) is not None:
            possible = np.array(partly)
            return Example(rows, Tags(possible.argmax(1), possible))
        tags = tags_of(sentence.spans, len(sentence), scheme)
        return Example(rows, Tags(np.array([self._number[tag] for tag in tags])))

    def add_contexts(self, segments: Iterable[Sentence], contexts: Sequence[Context]) -> None:
        """From now on, learn from sentences in their contexts, too.

        `contexts` has one for each segment; soft-label examples beyond the split have none.
        """
        pairs = list(zip(segments, contexts, strict=True))
        self._in_context = [
            replace(example, rows=self._table.rows(segment.tokens, context)) if context else example
            for example, (segment, context) in zip(self._examples, pairs, strict=False)
        ] + self._examples[len(pairs) :]

    def _chosen(self, rng: np.random.Generator) -> Sequence[Example]:
        if self._in_context is self._examples:
            return self._examples
        chosen = rng.random(len(self._examples)) < CONTEXT_SHARE
        pairs = zip(self._examples, self._in_context, chosen, strict=True)
        return [second if choose else first for first, second, choose in pairs]


def drop_words(batch: Batch, rates: Tensor) -> Batch:
    """Replace some distinct words by UNK, in all tables; `rates` are by the id in the first."""
    dropped = torch.rand(len(batch.words)) < rates[batch.words[:, 0]]
    dropped[0] = False  # padding
    return replace(batch, words=batch.words.masked_fill(dropped[:, None], UNKNOWN))


def drop_columns(batch: Batch, rates: Mapping[int, float]) -> Batch:
    """Replace some categorical ids by the unknown one, in columns with a rate."""
    if not rates:
        return batch
    categorical = batch.categorical.clone()
    for column, rate in rates.items():
        dropped = torch.rand(len(categorical)) < rate
        dropped[0] = False  # padding
        categorical[dropped, column] = UNKNOWN
    return replace(batch, categorical=categorical)


def type_costs(weights: str, tags: Sequence[str]) -> Tensor | None:
    """The cost of mistakes at tokens of each tag, ``[K]``: the log of the weight of its type.

    `weights` is like ``MISC=2,PER=0.5``; other types and ``O`` have weight 1. None without weights.
    Raises `ConfigError` for unknown types, weights of 0 or below, and ill-formed text.
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
