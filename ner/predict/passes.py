"""One pass of a network over sentences: emissions batch by batch, decoded into spans."""

from collections.abc import Iterator, Sequence
from itertools import compress
from math import isnan

import numpy as np
from numpy.typing import NDArray

from ner.config import PredictConfig
from ner.errors import BundleError
from ner.features import Context
from ner.model import Decoder
from ner.predict.engines import Engine, LayerDecoder, engine_of, read_batch, tag_decoders
from ner.predict.spans import NO_SPANS, Prediction, by_row, in_layer, merged, spans_in
from ner.predict.windows import WINDOW, windows
from ner.runtime import AnyModel
from ner.tags import TagLayer

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def decode_pass(
    model: AnyModel,
    sentences: Sequence[Sequence[str]],
    with_scores: bool,
    settings: PredictConfig,
    contexts: Sequence[Context] | None = None,
) -> list[Prediction]:
    """Find spans in one pass over the sentences, with their contexts if there are any."""
    found = [NO_SPANS] * len(sentences)
    decoders = tag_decoders(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings, contexts):
        parts = [
            _decoded(each, of_layer(emissions, each[0]), lengths, with_scores, settings)
            for each in decoders
        ]
        for row, prediction in merged(parts).items():
            found[numbers[row]] = prediction
    return found


def of_layer(emissions: Floats, layer: TagLayer) -> Floats:
    """The emissions of a tag layer out of those of all, ``[B, T, K]``."""
    return np.ascontiguousarray(emissions[:, :, layer.columns])


def _decoded(
    decoding: LayerDecoder,
    emissions: Floats,
    lengths: Ints,
    with_scores: bool,
    settings: PredictConfig,
) -> dict[int, Prediction]:
    """Decode the emissions of one layer into predictions by row."""
    layer, decoder = decoding
    tags = decoder.decode(_biased(emissions, settings.o_bias), lengths)
    rows = predictions(
        decoder, layer.tags, emissions, lengths, tags, with_scores, settings.min_score
    )
    return in_layer(rows, layer.name) if layer.name else rows


def emission_batches(
    model: AnyModel,
    sentences: Sequence[Sequence[str]],
    settings: PredictConfig,
    contexts: Sequence[Context] | None = None,
) -> Iterator[tuple[Sequence[int], Floats, Ints]]:
    """Yield sentence numbers, their emissions ``[B, T, K]`` and lengths ``[B]``, by batches."""
    engine = engine_of(model, settings)
    sizes = list(map(len, sentences))
    short = [number for number, size in enumerate(sizes) if 0 < size <= WINDOW]
    for batch in engine.plan([sizes[number] for number in short]):
        numbers = [short[place] for place in batch]
        some = [sentences[number] for number in numbers]
        near = contexts and [contexts[number] for number in numbers]
        emissions = read_batch(model, engine, some, near)
        check_numbers(emissions)
        yield numbers, emissions, np.array([sizes[number] for number in numbers])  # [B]
    for number, size in enumerate(sizes):
        if size > WINDOW:
            context = contexts[number] if contexts else None
            emissions = stitched_emissions(model, engine, sentences[number], context)
            check_numbers(emissions)
            yield [number], emissions, np.array([size])


def check_numbers(scores: NDArray[np.float32 | np.float64]) -> None:
    """Refuse scores of which nothing follows. Raises `BundleError`."""
    if isnan(np.vdot(scores, scores)):  # squares never cancel: it is NaN if one of them is
        raise BundleError(
            "the model's weights are so large that its scores are not numbers; it is damaged, or "
            "made to do harm: use another model"
        )


def stitched_emissions(
    model: AnyModel, engine: Engine, tokens: Sequence[str], context: Context = None
) -> Floats:
    """Compute emissions ``[1, T, K]`` of a sentence in windows, with its context."""
    cut = windows(len(tokens))
    found = np.empty((1, len(tokens), len(model.outputs)), np.float32)
    for batch in engine.plan([w.end - w.start for w in cut]):
        some = [tokens[cut[i].start : cut[i].end] for i in batch]
        near = [context and context[cut[i].start : cut[i].end] for i in batch]
        read = read_batch(model, engine, some, near)
        for w, scores in zip((cut[i] for i in batch), read, strict=True):
            kept = scores[w.keep_start - w.start : w.keep_end - w.start]
            found[0, w.keep_start : w.keep_end] = kept
    return found


def _biased(emissions: Floats, o_bias: float) -> Floats:
    """Add a bias to the emissions of O, which is tag 0."""
    if o_bias == 0:
        return emissions
    biased = emissions.copy()
    biased[:, :, 0] += np.float32(o_bias)
    return biased


def predictions(
    decoder: Decoder,
    names: tuple[str, ...],
    emissions: Floats,
    lengths: Ints,
    tags: Ints,
    with_scores: bool = True,
    min_score: float = 0.0,
) -> dict[int, Prediction]:
    """Turn tags ``[B, T]`` into spans with scores, for the rows that hold spans.

    `names` are those of the K tags.
    """
    held = spans_in(tags, names)
    scores: list[float] = []
    if with_scores or min_score > 0:
        positions = [(row, span.start, span.end) for row, span in held]
        scores = decoder.span_scores(emissions, lengths, tags, positions)
        kept = [score >= min_score for score in scores]
        held, scores = list(compress(held, kept)), list(compress(scores, kept))
    return by_row(held, scores if with_scores else [])
