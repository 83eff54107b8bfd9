"""The one way from sentences to predicted spans.

Everything that predicts (validation while training, `ner evaluate`, `ner tag`,
`Tagger`) goes through `predict`. Input is never truncated and never dropped:
what is longer than a window is read in overlapping windows whose emissions are
stitched together, and decoded as one sequence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ner.features import Batch, Example, collate, plan_batches
from ner.features.indexer import FormTable
from ner.model import Model
from ner.tags import parse_tag, spans_of
from ner.text import Sentence, Span

WINDOW = 512  # tokens read at once
OVERLAP = 64  # tokens that two neighbouring windows share
BATCH_SENTENCES = 128
BATCH_TOKENS = 4096


class Prediction(NamedTuple):
    """The spans of a sentence and the probability of each."""

    spans: tuple[Span, ...]
    scores: tuple[float, ...]


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


def predict(
    model: Model, sentences: Sequence[Sequence[str]], *, with_scores: bool = True
) -> list[Prediction]:
    """Find the spans in sentences of tokens, in the order of the sentences.

    Without `with_scores` the probabilities are not computed, and `scores` are empty.
    """
    found: list[Prediction] = [Prediction((), ())] * len(sentences)
    was_training = model.network.training
    model.network.eval()
    try:
        with torch.inference_mode():
            for numbers, emissions, lengths in _emissions(model, sentences):
                decoded = _decode(model, emissions, lengths, with_scores)
                for number, prediction in zip(numbers, decoded, strict=True):
                    found[number] = prediction
    finally:
        model.network.train(was_training)
    return found


def predict_sentences(model: Model, sentences: Sequence[Sentence]) -> list[Sentence]:
    """The same sentences with the spans that the model finds in place of their own."""
    found = predict(model, [s.tokens for s in sentences], with_scores=False)
    return [replace(s, spans=p.spans) for s, p in zip(sentences, found, strict=True)]


def _emissions(
    model: Model, sentences: Sequence[Sequence[str]]
) -> Iterator[tuple[Sequence[int], Tensor, Tensor]]:
    """Sentence numbers, their emissions ``[B, T, K]`` and lengths ``[B]``, batch by batch."""
    table = FormTable(model.indexer)
    short = [i for i, tokens in enumerate(sentences) if 0 < len(tokens) <= WINDOW]
    examples = [Example(table.rows(sentences[i])) for i in short]
    for batch in _batches(table, examples):
        yield [short[i] for i in batch.order], model.emissions(batch), batch.lengths
    for number, tokens in enumerate(sentences):
        if len(tokens) > WINDOW:
            stitched = _stitch(model, tokens)
            yield [number], stitched, torch.tensor([len(tokens)])


def _batches(table: FormTable, examples: Sequence[Example]) -> Iterator[Batch]:
    plan = plan_batches(
        [len(example) for example in examples],
        most_sentences=BATCH_SENTENCES,
        most_tokens=BATCH_TOKENS,
    )
    for order in plan:
        yield collate(table, examples, order)


def _stitch(model: Model, tokens: Sequence[str]) -> Tensor:
    """Emissions ``[1, T, K]`` of a sentence that is read in windows."""
    table = FormTable(model.indexer)
    rows = table.rows(tokens)
    cut = windows(len(tokens))
    parts: list[Tensor] = [torch.empty(0)] * len(cut)
    for batch in _batches(table, [Example(rows[w.start : w.end]) for w in cut]):
        emissions = model.emissions(batch)
        for row, number in enumerate(batch.order):
            w = cut[number]
            parts[number] = emissions[row, w.keep_start - w.start : w.keep_end - w.start]
    return torch.cat(parts)[None]


def _decode(
    model: Model, emissions: Tensor, lengths: Tensor, with_scores: bool
) -> Iterable[Prediction]:
    tags = model.network.decode(emissions, lengths)
    parsed = [parse_tag(tag) for tag in model.tags]
    spans = [
        tuple(spans_of(parsed[number] for number in row[:length]))
        for row, length in zip(tags.tolist(), lengths.tolist(), strict=True)
    ]
    if not with_scores:
        return [Prediction(found, ()) for found in spans]
    places = [(b, span.start, span.end) for b, found in enumerate(spans) for span in found]
    scores = iter(model.network.span_scores(emissions, lengths, tags, places))
    return [Prediction(found, tuple(next(scores) for _ in found)) for found in spans]
