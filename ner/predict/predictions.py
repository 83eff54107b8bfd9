"""Sentences in, spans out; and n-best analyses, marginals and expected counts.

A model with document context makes two passes over a document. Dictionary overrides come last:
matches of lists are entities in any case, a rule applied to what the model finds. Word lists that a
model was trained with are features, and a match of theirs decides nothing.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.config import PredictConfig
from ner.features import DocumentSpans, ExpectedCounts, WordList
from ner.predict.engines import tag_decoder, tag_decoders
from ner.predict.passes import decode_pass, emission_batches, of_layer, predictions
from ner.predict.spans import NO_SPANS, Prediction
from ner.runtime import AnyModel
from ner.tags import parse_tag, tags_of
from ner.text import Sentence, Span

DEFAULTS = PredictConfig()


class Hypothesis(NamedTuple):
    """One analysis of a sentence: its probability as a whole, its spans and their scores."""

    probability: float
    spans: tuple[Span, ...]
    scores: tuple[float, ...]


def predict(
    model: AnyModel,
    sentences: Sequence[Sequence[str]],
    *,
    with_scores: bool = True,
    settings: PredictConfig = DEFAULTS,
    overrides: Sequence[WordList] = (),
    documents: Sequence[int] | None = None,
) -> list[Prediction]:
    """Find the spans in sentences of tokens, in the order of the sentences.

    A bias of O and a lowest score change what is found; scores are always the model's own
    probabilities, and left out without `with_scores`.

    A model with document context makes two passes if `documents` numbers those of the sentences:
    sentences with words inside an entity elsewhere in theirs get a second one, with first-pass
    labels. These ignore bias and lowest score, as in training.

    `rule_spans` of `overrides` take the place of all spans that they overlap, with score 1.
    """
    decode = functools.partial(decode_pass, model, with_scores=with_scores, settings=settings)
    found = decode(sentences)
    if model.indexer.context_columns and documents is not None:
        own = replace(settings, min_score=0.0, o_bias=0.0)
        first = found if own == settings else decode_pass(model, sentences, False, own)
        spans = [prediction.spans for prediction in first]
        contexts = model.indexer.contexts(DocumentSpans(sentences, spans, documents))
        again = [number for number, context in enumerate(contexts) if context is not None]
        second = decode([sentences[i] for i in again], contexts=[contexts[i] for i in again])
        for number, prediction in zip(again, second, strict=True):
            found[number] = prediction
    if not overrides:
        return found
    return [
        _overridden(prediction, rule_spans(overrides, tokens), with_scores)
        for prediction, tokens in zip(found, sentences, strict=True)
    ]


def rule_spans(lists: Sequence[WordList], tokens: Sequence[str]) -> list[Span]:
    """The matches of several lists as spans, in order.

    Of overlapping matches the longest stays, then that of the first list, then the first.
    """
    ranked = sorted(
        (start - end, number, start, end)
        for number, words in enumerate(lists)
        for start, end in words.matches(tokens)
    )
    taken = bytearray(len(tokens))
    spans = []
    for _, number, start, end in ranked:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            spans.append(Span(start, end, lists[number].label))
    return sorted(spans)


def _overridden(prediction: Prediction, rules: Sequence[Span], with_scores: bool) -> Prediction:
    """Put `rules` in place of all spans that they overlap, with the score 1, in order."""
    if not rules:
        return prediction
    covered = {token for span in rules for token in range(span.start, span.end)}
    scores = dict(zip_longest(*prediction)) | dict.fromkeys(rules, 1.0)
    kept = [s for s in prediction.spans if covered.isdisjoint(range(s.start, s.end))]
    spans = sorted([*kept, *rules])
    return Prediction(tuple(spans), tuple(scores[s] for s in spans) if with_scores else ())


def document_numbers(sentences: Iterable[Sentence]) -> list[int]:
    """Number the sentences by document: the same for those of one document of one file."""
    known: dict[tuple[str, str, int], int] = {}
    return [known.setdefault((s.corpus, s.source, s.document), len(known)) for s in sentences]


def predict_sentences(
    model: AnyModel,
    sentences: Sequence[Sentence],
    settings: PredictConfig = DEFAULTS,
    overrides: Sequence[WordList] = (),
) -> list[Sentence]:
    """Put the spans that `predict` finds in place of the sentences' own."""
    tokens = [s.tokens for s in sentences]
    found = predict(
        model,
        tokens,
        with_scores=False,
        settings=settings,
        overrides=overrides,
        documents=document_numbers(sentences),
    )
    return with_spans(sentences, found)


def with_spans(sentences: Sequence[Sentence], found: Sequence[Prediction]) -> list[Sentence]:
    """The sentences with predicted spans in place of their own; one that has them stays."""
    return [
        s if s.spans == p.spans and not s.partial else s.with_spans(p.spans)
        for s, p in zip(sentences, found, strict=True)
    ]


def predict_nbest(
    model: AnyModel,
    sentences: Sequence[Sequence[str]],
    count: int,
    settings: PredictConfig = DEFAULTS,
) -> list[list[Hypothesis]]:
    """Find the `count` most probable analyses of each sentence, best first.

    There are fewer where a sentence has fewer legal ones, and none for one without tokens. Bias of
    O and lowest score do not matter, and each sentence is read by itself, once.
    """
    found: list[list[Hypothesis]] = [[] for _ in sentences]
    decoder = tag_decoder(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        tags, probabilities = decoder.nbest(emissions, lengths, count)  # [B, N, T] and [B, N]
        for rank, ranked in enumerate(probabilities.T.tolist()):
            rows = predictions(decoder, model.outputs, emissions, lengths, tags[:, rank])
            for row, probability in enumerate(ranked):
                # The best has none only where it is too small for a float.
                if probability > 0 or rank == 0:
                    spans, scores = rows.get(row, NO_SPANS)
                    found[numbers[row]].append(Hypothesis(probability, spans, scores))
    return found


class Likelihood(NamedTuple):
    """The log probability of the spans that a sentence has, as a whole, and that of each alone."""

    log_probability: float
    scores: tuple[float, ...]


def predict_likelihoods(
    model: AnyModel, sentences: Sequence[Sentence], settings: PredictConfig = DEFAULTS
) -> list[Likelihood]:
    """Compute how probable the spans of each sentence are under a model with one tag layer.

    Of a type that the model does not know nothing is probable. As with n-best analyses, a bias of O
    does not matter, and each sentence is read by itself, once.
    """
    found = [Likelihood(-math.inf, (0.0,) * len(sentence.spans)) for sentence in sentences]
    labels = {parse_tag(tag).label for tag in model.outputs}
    known = [i for i, s in enumerate(sentences) if s.tokens and s.labels <= labels]
    tokens = [sentences[number].tokens for number in known]
    decoder = tag_decoder(model, settings.temperature)
    for rows, emissions, lengths in emission_batches(model, tokens, settings):
        numbers = [known[row] for row in rows]
        batch = [sentences[number] for number in numbers]
        tags = _tag_numbers(model, batch, emissions.shape[1])
        places = [(row, s.start, s.end) for row, one in enumerate(batch) for s in one.spans]
        scores = iter(decoder.span_scores(emissions, lengths, tags, places))
        logs = decoder.log_probabilities(emissions, lengths, tags).tolist()
        for number, sentence, log_probability in zip(numbers, batch, logs, strict=True):
            own = tuple(itertools.islice(scores, len(sentence.spans)))
            found[number] = Likelihood(log_probability, own)
    return found


def _tag_numbers(model: AnyModel, batch: Sequence[Sentence], size: int) -> NDArray[np.int64]:
    """The tags of labelled sentences as numbers, ``[B, T]``, with O beyond their length."""
    numbers = {tag: number for number, tag in enumerate(model.outputs)}
    found = np.zeros((len(batch), size), np.int64)  # [B, T]
    for row, sentence in enumerate(batch):
        tags = tags_of(sentence.spans, len(sentence), model.config.scheme)
        found[row, : len(sentence)] = [numbers[tag] for tag in tags]
    return found


def predict_marginals(
    model: AnyModel, sentences: Sequence[Sequence[str]], settings: PredictConfig = DEFAULTS
) -> list[NDArray[np.float64]]:
    """Compute the probability of each tag at each token, ``[T, K]`` for each sentence.

    Tags are in the order of ``model.outputs``; of several tag layers, the tags of each sum to 1. A
    bias of O does not matter, and each sentence is read by itself, once.
    """
    found = [np.zeros((0, len(model.outputs)))] * len(sentences)
    decoders = tag_decoders(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        layers = [each.marginals(of_layer(emissions, own), lengths) for own, each in decoders]
        marginals = np.concatenate(layers, axis=2)  # [B, T, K]
        for number, row, length in zip(numbers, marginals, lengths.tolist(), strict=True):
            found[number] = row[:length]
    return found


def predict_expected(
    model: AnyModel,
    sentences: Sequence[Sequence[str]],
    choices: Sequence[NDArray[np.bool_]] | None = None,
    settings: PredictConfig = DEFAULTS,
) -> list[ExpectedCounts]:
    """Compute the expected counts of the tags of each sentence: none of one without tokens.

    With `choices`, ``[T, K]`` for each sentence, given that the tags are among
    those that are true there. As with marginals, a bias of O does not matter.
    """
    nothing = ExpectedCounts(np.zeros((0, len(model.outputs)), np.float32), np.zeros(0, np.float32))
    found = [nothing] * len(sentences)
    decoder = tag_decoder(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        given = None
        if choices is not None:
            given = np.ones(emissions.shape, bool)  # all is possible at padding
            for row, number in enumerate(numbers):
                given[row, : lengths[row]] = choices[number]
        counts = decoder.expected_counts(emissions, lengths, given)  # [B, T, K] and [B, M]
        unary, pairwise = (part.astype(np.float32) for part in counts)
        for row, (number, length) in enumerate(zip(numbers, lengths.tolist(), strict=True)):
            # Copies: padding is not kept.
            found[number] = ExpectedCounts(unary[row, :length].copy(), pairwise[row].copy())
    return found
