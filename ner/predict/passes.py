"""One pass of a network over sentences: emissions batch by batch, decoded into spans."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress

import torch
from torch import Tensor, nn

from ner.config import PredictConfig
from ner.errors import BundleError
from ner.features import Context
from ner.model import Engine, Model
from ner.predict.spans import NO_SPANS, Prediction, by_row, spans_in
from ner.predict.windows import WINDOW, windows


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Switch gradients and dropout off; a network in training goes back to it after the block.

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


def decode_pass(
    model: Model,
    sentences: Sequence[Sequence[str]],
    with_scores: bool,
    settings: PredictConfig,
    contexts: Sequence[Context] | None = None,
) -> list[Prediction]:
    """Find spans in one pass over the sentences, with their contexts if there are any."""
    found = [NO_SPANS] * len(sentences)
    with inference(model.network):
        for numbers, emissions, lengths in emission_batches(model, sentences, settings, contexts):
            tags = model.network.head.decode(_biased(emissions, settings.o_bias), lengths)
            rows = predictions(model, emissions, lengths, tags, with_scores, settings.min_score)
            for row, prediction in rows.items():
                found[numbers[row]] = prediction
    return found


def emission_batches(
    model: Model,
    sentences: Sequence[Sequence[str]],
    settings: PredictConfig,
    contexts: Sequence[Context] | None = None,
) -> Iterator[tuple[Sequence[int], Tensor, Tensor]]:
    """Yield sentence numbers, their emissions ``[B, T, K]`` and lengths ``[B]``, by batches."""
    engine = model.engine(settings)
    contexts = contexts or [None] * len(sentences)
    short = [i for i, tokens in enumerate(sentences) if 0 < len(tokens) <= WINDOW]
    for batch in engine.plan([len(sentences[i]) for i in short]):
        numbers = [short[i] for i in batch]
        lengths = torch.tensor([len(sentences[i]) for i in numbers])  # [B]
        # [B, T, K]
        emissions = engine.emissions(
            [sentences[i] for i in numbers], [contexts[i] for i in numbers]
        )
        check_numbers(emissions)
        yield numbers, emissions, lengths
    for number, tokens in enumerate(sentences):
        if len(tokens) > WINDOW:
            emissions = stitched_emissions(engine, tokens, contexts[number])
            check_numbers(emissions)
            yield [number], emissions, torch.tensor([len(tokens)])


def check_numbers(scores: Tensor) -> None:
    """Refuse scores of which nothing follows. Raises `BundleError`."""
    if scores.isnan().any():
        raise BundleError(
            "the model's weights are so large that its scores are not numbers; it is damaged, or "
            "made to do harm: use another model"
        )


def stitched_emissions(engine: Engine, tokens: Sequence[str], context: Context = None) -> Tensor:
    """Compute emissions ``[1, T, K]`` of a sentence in windows, with its context."""
    cut = windows(len(tokens))
    parts: list[Tensor] = [torch.empty(0)] * len(cut)  # [T of the window, K] each
    for batch in engine.plan([w.end - w.start for w in cut]):
        emissions = engine.emissions(
            [tokens[cut[i].start : cut[i].end] for i in batch],
            [context and context[cut[i].start : cut[i].end] for i in batch],
        )
        for row, number in enumerate(batch):
            w = cut[number]
            parts[number] = emissions[row, w.keep_start - w.start : w.keep_end - w.start]
    return torch.cat(parts)[None]


def _biased(emissions: Tensor, o_bias: float) -> Tensor:
    """Add a bias to the emissions of O, which is tag 0."""
    if o_bias == 0:
        return emissions
    biased = emissions.clone()
    biased[:, :, 0] += o_bias
    return biased


def predictions(
    model: Model,
    emissions: Tensor,
    lengths: Tensor,
    tags: Tensor,
    with_scores: bool = True,
    min_score: float = 0.0,
) -> dict[int, Prediction]:
    """Turn tags ``[B, T]`` into spans with scores, for the rows that hold spans."""
    held = spans_in(tags, model.tags)
    scores: list[float] = []
    if with_scores or min_score > 0:
        positions = [(row, span.start, span.end) for row, span in held]
        scores = model.network.head.span_scores(emissions, lengths, tags, positions)
        kept = [score >= min_score for score in scores]
        held, scores = list(compress(held, kept)), list(compress(scores, kept))
    return by_row(held, scores if with_scores else [])
