"""Training examples: sentences as ids, split to size, with word dropout and UNK replacement."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.config import TrainConfig, chosen
from ner.corpus import possible_tags
from ner.errors import ConfigError
from ner.features import (
    UNKNOWN,
    Batch,
    Context,
    Example,
    FeatureTable,
    Indexer,
    LayerTags,
    Tags,
    Target,
    collate,
    plan_batches,
    unk_rates,
)
from ner.tags import parse_tag, tag_layers, tags_of
from ner.text import CASES, Case, Sentence, recased
from ner.training.sampling import EpochSampler

# The share of sentences with context: one network does both passes, and needs practice.
CONTEXT_SHARE = 0.6

Embed = Callable[[Sequence[Sequence[str]]], Sequence[NDArray[np.float16]]]


class SoftLabelExample(NamedTuple):
    """A segment of a sentence, and the expected counts of its tags."""

    tokens: tuple[str, ...]
    expected: Target


@dataclass(frozen=True)
class SoftLabels:
    """Examples with soft labels: those of the training split, and then any others.

    `sources` identify them (for a resumed run), `notes` are lines for the model's card.
    """

    examples: Sequence[SoftLabelExample] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class IndexedSentence(NamedTuple):
    """Tokens in their context, and the example that they make."""

    tokens: Sequence[str]
    example: Example
    context: Context = None


class ExampleSet:
    """Examples in batches that differ by epoch, with word dropout and case augmentation."""

    def __init__(
        self,
        table: FeatureTable,
        sentences: Iterable[IndexedSentence],
        indexer: Indexer,
        unk_rates: Tensor,
        config: TrainConfig,
        corpora: Sequence[str] = (),
        embed: Embed | None = None,
    ) -> None:
        """Rows of examples are of `table`; `unk_rates` ``[N]`` are of the first words table.

        `corpora` has the name of the corpus of each sentence, where there are several; `embed`
        gives the contextual embeddings of sentences, if there are any.
        """
        self._config = config
        self._table = table
        self._sentences = list(sentences)
        names = corpora or [""] * len(self._sentences)
        self._sampler = EpochSampler(names, config.shares, config.seed)
        self._counts: dict[int, int] = {}
        drawn = self._sampler.draw(1)
        self.tokens = sum(len(self._sentences[position].tokens) for position in drawn)
        self._dropout = indexer.dropout
        self._unk_rates = unk_rates
        self._embed = embed

    def batches(self, epoch: int, done: int = 0) -> Iterator[Batch]:
        """The batches of an epoch: the same for the same seed and epoch, every sentence once.

        Of corpora with a share it has that many sentences (see `EpochSampler`).
        The first `done` are left out, and nothing is drawn for them.
        """
        rng = np.random.default_rng([self._config.seed, epoch])
        sentences = self._chosen(rng)
        cases = draw_cases(len(sentences), chosen(self._config.case_augmentation), rng)
        # Rows added in one epoch are gone in the next: a resumed run numbers them alike.
        table = self._table.copy() if cases else self._table
        examples = self._recased(table, sentences, cases)
        for order in self._plan(epoch, rng)[done:]:
            batch = collate(table, examples, order)
            yield drop_columns(drop_words(batch, self._unk_rates), self._dropout)

    def _chosen(self, rng: np.random.Generator) -> Sequence[IndexedSentence]:
        return self._sentences

    def _recased(
        self, table: FeatureTable, sentences: Sequence[IndexedSentence], cases: Mapping[int, Case]
    ) -> list[Example]:
        """The examples of sentences, some in another case; rows of new words are added."""
        examples = [sentence.example for sentence in sentences]
        texts = {number: recased(sentences[number].tokens, case) for number, case in cases.items()}
        for number, tokens in texts.items():
            rows = table.rows(tokens, sentences[number].context)
            examples[number] = replace(examples[number], rows=rows)
        if self._embed is not None:
            for number, states in zip(texts, self._embed([*texts.values()]), strict=True):
                examples[number] = replace(examples[number], contextual=states)
        return examples

    def count(self, epoch: int = 1) -> int:
        """The number of batches of an epoch; with shares of corpora, epochs differ a little."""
        like = epoch if self._config.shares else 1
        if like not in self._counts:
            self._counts[like] = len(self._plan(like, None))
        return self._counts[like]

    def _plan(self, epoch: int, rng: np.random.Generator | None) -> list[list[int]]:
        drawn = self._sampler.draw(epoch).tolist()
        plan = plan_batches(
            [len(self._sentences[position].tokens) for position in drawn],
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
        layers: Sequence[str] = (),
    ) -> None:
        """Index segments, or soft-label examples in their place; see `ExampleSet`.

        `layers` names the tag layers, whose `tags` stand one after the other, if there are several.
        """
        self._table = FeatureTable(indexer)
        self._layers = tag_layers(tags, layers)
        self._number = [{tag: i for i, tag in enumerate(layer.tags)} for layer in self._layers]
        examples = (
            [Example(self._table.rows(tokens), expected) for tokens, expected in soft_labels]
            if soft_labels
            else [self._example(segment, scheme) for segment in segments]
        )
        texts = [text.tokens for text in soft_labels or segments]
        if embed is not None:
            pairs = zip(examples, embed(texts), strict=True)
            examples = [replace(example, contextual=states) for example, states in pairs]
        tokens = (token for segment in segments for token in segment.tokens)
        rates = unk_rates(indexer.words, tokens, config, frozenset(has_vector))
        sentences = map(IndexedSentence, texts, examples)
        corpora = [segment.corpus for segment in segments]
        corpora += [""] * (len(examples) - len(segments))  # soft-label examples beyond the split
        super().__init__(self._table, sentences, indexer, rates, config, corpora, embed)
        self._in_context = self._sentences

    def _example(self, sentence: Sentence, scheme: str) -> Example:
        rows = self._table.rows(sentence.tokens)
        if not self._layers[0].name:
            return Example(rows, _tags(sentence, self._number[0], scheme))
        parts = [sentence.of_layer(layer.name) for layer in self._layers]
        numbered = zip(parts, self._number, strict=True)
        return Example(rows, LayerTags(tuple(_tags(*pair, scheme) for pair in numbered)))

    def add_contexts(self, segments: Iterable[Sentence], contexts: Sequence[Context]) -> None:
        """From now on, learn from sentences in their contexts, too.

        `contexts` has one for each segment; soft-label examples beyond the split have none.
        """
        pairs = list(zip(segments, contexts, strict=True))
        self._in_context = [
            self._with_context(sentence, segment, context) if context else sentence
            for sentence, (segment, context) in zip(self._sentences, pairs, strict=False)
        ] + self._sentences[len(pairs) :]

    def _with_context(
        self, sentence: IndexedSentence, segment: Sentence, context: Context
    ) -> IndexedSentence:
        rows = self._table.rows(segment.tokens, context)
        return IndexedSentence(segment.tokens, replace(sentence.example, rows=rows), context)

    def _chosen(self, rng: np.random.Generator) -> Sequence[IndexedSentence]:
        if self._in_context is self._sentences:
            return self._sentences
        drawn = rng.random(len(self._sentences)) < CONTEXT_SHARE
        pairs = zip(self._sentences, self._in_context, drawn, strict=True)
        return [second if choose else first for first, second, choose in pairs]


def _tags(sentence: Sentence, number: Mapping[str, int], scheme: str) -> Tags:
    """The tags of a sentence as their numbers."""
    if (partly := possible_tags(sentence, [*number], scheme)) is not None:
        possible = np.array(partly)
        return Tags(possible.argmax(1), possible)
    tags = tags_of(sentence.spans, len(sentence), scheme)
    return Tags(np.array([number[tag] for tag in tags]))


def tag_choices(sentence: Sentence, tags: Sequence[str], scheme: str) -> NDArray[np.bool_]:
    """The tags that the labels of a sentence leave possible, ``[T, K]``."""
    if (partly := possible_tags(sentence, tags, scheme)) is not None:
        return np.array(partly)
    known = np.array(tags_of(sentence.spans, len(sentence), scheme))
    choices: NDArray[np.bool_] = known[:, None] == np.array(tags)
    return choices


def draw_cases(count: int, share: float, rng: np.random.Generator) -> dict[int, Case]:
    """Draw the share of `count` sentences to be shown in another case; nothing for a share of 0."""
    if not share:
        return {}
    drawn, cases = rng.random(count) < share, rng.integers(len(CASES), size=count)
    return {int(number): CASES[cases[number]] for number in np.flatnonzero(drawn)}


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
