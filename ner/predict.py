"""The one way from sentences to predicted spans.

Everything that predicts (validation while training, `ner evaluate`, `ner tag`,
`Tagger`) goes through `predict`. Input is never truncated and never dropped:
what is longer than a window is read in overlapping windows whose emissions are
stitched together, and decoded as one sequence.

What the network finds may be overruled by *forced* word lists, whose matches
are entities in any case. That is a rule applied to its results; word lists that
a model was trained with are features, and a match of theirs decides nothing.
"""

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import compress, groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner.config import PredictConfig
from ner.features import ExpectedCounts, FirstPass
from ner.features.document_context import DocumentContext, first_pass_labels
from ner.features.gazetteers import Gazetteer, rule_spans
from ner.model import Model
from ner.model.engine import Engine
from ner.tags import OUTSIDE, Tag, parse_tag, spans_of
from ner.text import Sentence, Span

WINDOW = 512  # tokens read at once
OVERLAP = 64  # tokens that two neighbouring windows share


class Prediction(NamedTuple):
    """The spans of a sentence and the probability of each."""

    spans: tuple[Span, ...]
    scores: tuple[float, ...]


class Hypothesis(NamedTuple):
    """One way to tag a sentence: how probable it is as a whole, and what it says."""

    probability: float
    spans: tuple[Span, ...]
    scores: tuple[float, ...]


NOTHING = Prediction((), ())
DEFAULTS = PredictConfig()


class Window(NamedTuple):
    """Tokens ``[start, end)`` are read; the results of ``[keep_start, keep_end)`` are used."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def windows(length: int, size: int = WINDOW, overlap: int = OVERLAP) -> list[Window]:
    """Cut `length` tokens into windows of at most `size` that share `overlap` tokens.

    The kept ranges follow one another without a gap: each token's result comes
    from the window in which it is farther from the edge.
    """
    if length <= size:
        return [Window(0, length, 0, length)]
    starts = list(range(0, length - overlap, size - overlap))
    cuts = [0, *(start + overlap // 2 for start in starts[1:]), length]
    return [
        Window(start, min(start + size, length), cuts[i], cuts[i + 1])
        for i, start in enumerate(starts)
    ]


def window_note(sentences: Iterable[Sentence]) -> str | None:
    """Where the first sentence stands that is read in windows, in words; None without one."""
    for sentence in sentences:
        if len(sentence) > WINDOW:
            return (
                f"{sentence.place}: a sentence of {len(sentence):,} tokens is read in windows of "
                f"{WINDOW} that overlap by {OVERLAP}, as any that is longer than {WINDOW}"
            )
    return None


def predict(
    model: Model,
    sentences: Sequence[Sequence[str]],
    *,
    with_scores: bool = True,
    settings: PredictConfig = DEFAULTS,
    forced: Sequence[Gazetteer] = (),
    documents: Sequence[int] | None = None,
) -> list[Prediction]:
    """Find the spans in sentences of tokens, in the order of the sentences.

    A bias of O and a lowest score change what is found; scores are always the
    model's own probabilities. Without `with_scores` they are left out, and not
    computed unless a lowest one is asked for.

    A model with document context reads each document twice: sentences in which
    words stand that the first reading has found elsewhere, too, are read again
    with what was found there. `documents` are numbers that tell them apart;
    without, each sentence is read by itself, once. What is heard of a word is
    the model's own finding, as in training, whatever bias and lowest score.

    Matches of `forced` lists are found whatever the model says, of types that
    it knows or not: one takes the place of all spans of the model that it
    overlaps, and has the score 1. Of matches that overlap, the longest one
    stays, then that of the list given first.
    """
    decode = functools.partial(_decoded, model, with_scores=with_scores, settings=settings)
    found = decode(sentences)
    context = model.indexer.find(DocumentContext)
    if context and documents is not None:
        own = replace(settings, min_score=0.0, o_bias=0.0)
        first = found if own == settings else _decoded(model, sentences, False, own)
        spans = [prediction.spans for prediction in first]
        heard = first_pass_labels(sentences, spans, documents, context.labels)
        again = [number for number, echo in enumerate(heard) if echo is not None]
        second = decode([sentences[i] for i in again], heard=[heard[i] for i in again])
        for number, prediction in zip(again, second, strict=True):
            found[number] = prediction
    if not forced:
        return found
    return [
        _overruled(prediction, rule_spans(forced, tokens), with_scores)
        for prediction, tokens in zip(found, sentences, strict=True)
    ]


def _decoded(
    model: Model,
    sentences: Sequence[Sequence[str]],
    with_scores: bool,
    settings: PredictConfig,
    heard: Sequence[FirstPass] | None = None,
) -> list[Prediction]:
    """What one reading of the sentences finds."""
    found = [NOTHING] * len(sentences)
    with inference(model.network):
        for numbers, emissions, lengths in _emissions(model, sentences, settings, heard):
            tags = model.network.decode(_biased(emissions, settings.o_bias), lengths)
            rows = _read(model, emissions, lengths, tags, with_scores, settings.min_score)
            for row, prediction in rows.items():
                found[numbers[row]] = prediction
    return found


def document_numbers(sentences: Iterable[Sentence]) -> list[int]:
    """A number for each sentence, the same for those of one document of one file."""
    known: dict[tuple[str, int], int] = {}
    return [known.setdefault((s.source, s.document), len(known)) for s in sentences]


def _overruled(prediction: Prediction, forced: Sequence[Span], with_scores: bool) -> Prediction:
    """What was found, less what overlaps forced spans, and those, in order."""
    if not forced:
        return prediction
    spans, scores = prediction
    covered = {token for span in forced for token in range(span.start, span.end)}
    own = dict(zip(spans, scores if with_scores else [1.0] * len(spans), strict=True))
    kept = {s: own[s] for s in spans if covered.isdisjoint(range(s.start, s.end))}
    merged = sorted((kept | dict.fromkeys(forced, 1.0)).items())
    return Prediction(
        tuple(span for span, _ in merged),
        tuple(score for _, score in merged) if with_scores else (),
    )


def predict_sentences(
    model: Model,
    sentences: Sequence[Sentence],
    settings: PredictConfig = DEFAULTS,
    forced: Sequence[Gazetteer] = (),
) -> list[Sentence]:
    """The same sentences with the spans that `predict` finds in place of their own."""
    tokens = [s.tokens for s in sentences]
    found = predict(
        model,
        tokens,
        with_scores=False,
        settings=settings,
        forced=forced,
        documents=document_numbers(sentences),
    )
    return [
        s if s.spans == p.spans and not s.partial else replace(s, spans=p.spans, partial=())
        for s, p in zip(sentences, found, strict=True)
    ]


def predict_nbest(
    model: Model,
    sentences: Sequence[Sequence[str]],
    count: int,
    settings: PredictConfig = DEFAULTS,
) -> list[list[Hypothesis]]:
    """The `count` most probable ways to tag each sentence, best first.

    There are fewer where a sentence has fewer legal ones, and none for a
    sentence without tokens. Probabilities and order are the model's own: a bias
    of O or a lowest score in `settings` does not matter, nor is anything forced.
    Each sentence is read by itself, once, by models with document context, too.
    """
    found: list[list[Hypothesis]] = [[] for _ in sentences]
    with inference(model.network):
        for numbers, emissions, lengths in _emissions(model, sentences, settings):
            tags, probabilities = model.network.nbest(emissions, lengths, count)
            for rank, ranked in enumerate(probabilities.T.tolist()):
                rows = _read(model, emissions, lengths, tags[:, rank])
                for row, probability in enumerate(ranked):
                    # The best has none only where it is too small for a float.
                    if probability > 0 or rank == 0:
                        spans, scores = rows.get(row, NOTHING)
                        found[numbers[row]].append(Hypothesis(probability, spans, scores))
    return found


def predict_marginals(
    model: Model, sentences: Sequence[Sequence[str]], settings: PredictConfig = DEFAULTS
) -> list[NDArray[np.float64]]:
    """The probability of each tag at each token, ``[T, K]`` for each sentence.

    Tags are in the order of ``model.tags``. They are the model's own
    probabilities, whatever bias of O is in `settings`; each sentence is read by
    itself, once, by models with document context, too.
    """
    found = [np.zeros((0, len(model.tags)))] * len(sentences)
    with inference(model.network):
        for numbers, emissions, lengths in _emissions(model, sentences, settings):
            marginals = model.network.marginals(emissions, lengths).cpu().double().numpy()
            for number, row, length in zip(numbers, marginals, lengths.tolist(), strict=True):
                found[number] = row[:length]
    return found


def predict_expected(
    model: Model,
    sentences: Sequence[Sequence[str]],
    choices: Sequence[NDArray[np.bool_]] | None = None,
    settings: PredictConfig = DEFAULTS,
) -> list[ExpectedCounts]:
    """What the model expects of the tags of each sentence: nothing of one without tokens.

    With `choices`, ``[T, K]`` for each sentence, given that the tags are among
    those that are true there. As with marginals, a bias of O does not matter.
    """
    nothing = ExpectedCounts(np.zeros((0, len(model.tags)), np.float32), np.zeros(0, np.float32))
    found = [nothing] * len(sentences)
    with inference(model.network):
        for numbers, emissions, lengths in _emissions(model, sentences, settings):
            given = None if choices is None else _padded([choices[i] for i in numbers])
            tokens, moves = model.network.expected(emissions, lengths, given)
            rows = zip(
                numbers,
                lengths.tolist(),
                tokens.float().numpy(),
                moves.float().numpy(),
                strict=True,
            )
            for number, length, standing, made in rows:  # copies: padding is not kept
                found[number] = ExpectedCounts(standing[:length].copy(), made.copy())
    return found


def _padded(choices: Sequence[NDArray[np.bool_]]) -> Tensor:
    """``[B, T, K]``: all is possible at padding."""
    shape = len(choices), max(map(len, choices)), choices[0].shape[1]
    padded = torch.ones(shape, dtype=torch.bool)
    for row, possible in enumerate(choices):
        padded[row, : len(possible)] = torch.from_numpy(possible)
    return padded


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Neither gradients nor dropout; a network in training goes back to it after the block.

    One that is not in training is left alone, so that threads may share it.
    """
    was_training = network.training
    if was_training:
        network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if was_training:
            network.train()


def _emissions(
    model: Model,
    sentences: Sequence[Sequence[str]],
    settings: PredictConfig,
    heard: Sequence[FirstPass] | None = None,
) -> Iterator[tuple[Sequence[int], Tensor, Tensor]]:
    """Sentence numbers, their emissions ``[B, T, K]`` and lengths ``[B]``, batch by batch."""
    engine = model.engine(settings)
    heard = heard or [None] * len(sentences)
    short = [i for i, tokens in enumerate(sentences) if 0 < len(tokens) <= WINDOW]
    for batch in engine.plan([len(sentences[i]) for i in short]):
        numbers = [short[i] for i in batch]
        lengths = torch.tensor([len(sentences[i]) for i in numbers])
        emissions = engine.emissions([sentences[i] for i in numbers], [heard[i] for i in numbers])
        yield numbers, emissions, lengths
    for number, tokens in enumerate(sentences):
        if len(tokens) > WINDOW:
            yield [number], _stitch(engine, tokens, heard[number]), torch.tensor([len(tokens)])


def _stitch(engine: Engine, tokens: Sequence[str], heard: FirstPass = None) -> Tensor:
    """Emissions ``[1, T, K]`` of a sentence that is read in windows."""
    cut = windows(len(tokens))
    parts: list[Tensor] = [torch.empty(0)] * len(cut)
    for batch in engine.plan([w.end - w.start for w in cut]):
        emissions = engine.emissions(
            [tokens[cut[i].start : cut[i].end] for i in batch],
            [heard and heard[cut[i].start : cut[i].end] for i in batch],
        )
        for row, number in enumerate(batch):
            w = cut[number]
            parts[number] = emissions[row, w.keep_start - w.start : w.keep_end - w.start]
    return torch.cat(parts)[None]


def _biased(emissions: Tensor, o_bias: float) -> Tensor:
    """Emissions with a bias for O, which is tag 0."""
    if o_bias == 0:
        return emissions
    biased = emissions.clone()
    biased[:, :, 0] += o_bias
    return biased


def _read(
    model: Model,
    emissions: Tensor,
    lengths: Tensor,
    tags: Tensor,
    with_scores: bool = True,
    min_score: float = 0.0,
) -> dict[int, Prediction]:
    """What tags ``[B, T]`` say, for the rows that hold spans."""
    held = spans_in(tags, model.tags)
    scores: list[float] = []
    if with_scores or min_score > 0:
        places = [(row, span.start, span.end) for row, span in held]
        scores = model.network.span_scores(emissions, lengths, tags, places)
        kept = [score >= min_score for score in scores]
        held, scores = list(compress(held, kept)), list(compress(scores, kept))
    return _by_row(held, scores if with_scores else [])


def _by_row(held: Sequence[tuple[int, Span]], scores: Sequence[float]) -> dict[int, Prediction]:
    """Gather spans, and their scores if there are any, by the rows that they stand in."""
    found = {}
    first = 0
    for row, group in groupby(held, key=itemgetter(0)):
        spans = tuple(span for _, span in group)
        found[row] = Prediction(spans, tuple(scores[first : first + len(spans)]))
        first += len(spans)
    return found


def spans_in(tags: Tensor, names: tuple[str, ...]) -> list[tuple[int, Span]]:
    """The spans that tag numbers ``[B, T]`` hold, each with its row, in order.

    `names` are the K tags, O first; O stands beyond a sentence's length. The
    same as `spans_of` for each row, for a whole batch at once.
    """
    numbers = tags.cpu().numpy()
    starts, ends = _borders(names)
    sides = np.pad(numbers, ((0, 0), (1, 1)))
    before, after = sides[:, :-1], sides[:, 1:]
    rows, first = starts[before, after].nonzero()
    _, end = ends[before, after].nonzero()
    labels = _labels(names)
    return [
        (row, Span(start, stop, labels[tag]))
        for row, start, stop, tag in zip(
            rows.tolist(), first.tolist(), end.tolist(), numbers[rows, first].tolist(), strict=True
        )
    ]


@functools.lru_cache(maxsize=8)
def _borders(names: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """``[K, K]`` each: whether a span starts, and whether one ends, between two neighbours."""
    assert names[0] == OUTSIDE, "O is tag 0"
    parsed = [parse_tag(name) for name in names]
    prefixes = sorted({tag.prefix for tag in parsed})
    kinds = np.array([prefixes.index(tag.prefix) for tag in parsed])
    labels = np.unique([tag.label for tag in parsed], return_inverse=True)[1]
    same = (labels[:, None] == labels).astype(int)
    # Of two types it only matters whether they are the same: few pairs stand for all.
    pairs = [
        [
            [_between(Tag(one, "this"), Tag(other, label)) for label in ("that", "this")]
            for other in prefixes
        ]
        for one in prefixes
    ]
    found = np.array(pairs)[kinds[:, None], kinds, same]
    return found[:, :, 0], found[:, :, 1]


def _between(before: Tag, after: Tag) -> tuple[bool, bool]:
    """Whether a span starts, and whether one ends, between two neighbours."""
    spans = spans_of((before, after))
    return any(span.start == 1 for span in spans), any(span.end == 1 for span in spans)


@functools.lru_cache(maxsize=8)
def _labels(names: tuple[str, ...]) -> list[str]:
    """The type of each of the K tags."""
    return [parse_tag(name).label for name in names]
