"""Spans from the tag numbers of a whole batch at once."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.tags import OUTSIDE, Tag, parse_tag, spans_of
from ner.text import Span, in_reading_order


class Prediction(NamedTuple):
    """The spans of a sentence and the probability of each."""

    spans: tuple[Span, ...]
    scores: tuple[float, ...]


NO_SPANS = Prediction((), ())


def spans_in(numbers: NDArray[np.int64], names: tuple[str, ...]) -> list[tuple[int, Span]]:
    """Find the spans that tag numbers ``[B, T]`` hold, each with its row, in order, as `spans_of`.

    `names` are the K tags, O first; O stands beyond a sentence's length.
    """
    starts = _starts(names)
    size = numbers.shape[1]
    (inside,) = numbers.ravel().nonzero()  # of the batch as one sequence, tokens inside entities
    held: list[list[int]] = []  # row, start, end and tag of each span
    last = before = -1
    for place, tag in zip(inside.tolist(), numbers.take(inside).tolist(), strict=True):
        row, start = divmod(place, size)
        if start and place == last + 1 and not starts[before][tag]:
            held[-1][2] += 1
        else:
            held.append([row, start, start + 1, tag])
        last, before = place, tag
    return [(row, Span(start, end, parse_tag(names[tag]).label)) for row, start, end, tag in held]


def by_row(held: Sequence[tuple[int, Span]], scores: Sequence[float]) -> dict[int, Prediction]:
    """Gather spans, and their scores if there are any, by the rows that they stand in."""
    found = {}
    first = 0
    for row, group in groupby(held, key=itemgetter(0)):
        spans = tuple(span for _, span in group)
        found[row] = Prediction(spans, tuple(scores[first : first + len(spans)]))
        first += len(spans)
    return found


def in_layer(rows: Mapping[int, Prediction], layer: str) -> dict[int, Prediction]:
    """Predictions by row, with their spans in a tag layer."""
    return {
        row: Prediction(tuple(replace(span, layer=layer) for span in spans), scores)
        for row, (spans, scores) in rows.items()
    }


def merged(layers: Sequence[Mapping[int, Prediction]]) -> Mapping[int, Prediction]:
    """Predictions of several tag layers by row, in reading order."""
    if len(layers) == 1:
        return layers[0]
    rows = dict.fromkeys(row for layer in layers for row in layer)
    return {row: _merged([layer.get(row, NO_SPANS) for layer in layers]) for row in rows}


def _merged(parts: Sequence[Prediction]) -> Prediction:
    scores = {s: score for spans, scores in parts for s, score in zip_longest(spans, scores)}
    spans = tuple(in_reading_order(scores))
    return Prediction(spans, tuple(scores[span] for span in spans if scores[span] is not None))


@functools.lru_cache(maxsize=8)
def _starts(names: tuple[str, ...]) -> list[list[bool]]:
    """Tell of two neighbouring tags if a span starts with the second: ``[K, K]``."""
    assert names[0] == OUTSIDE, "O is tag 0"
    parsed = [parse_tag(name) for name in names]
    prefixes = sorted({tag.prefix for tag in parsed})
    kinds = np.array([prefixes.index(tag.prefix) for tag in parsed])  # [K]
    labels = np.unique([tag.label for tag in parsed], return_inverse=True)[1]
    same = (labels[:, None] == labels).astype(int)  # [K, K]
    # Of two types it only matters whether they are the same: few pairs stand for all.
    pairs = [
        [
            [_starts_with(Tag(one, "this"), Tag(other, label)) for label in ("that", "this")]
            for other in prefixes
        ]
        for one in prefixes
    ]
    found: list[list[bool]] = np.array(pairs)[kinds[:, None], kinds, same].tolist()
    return found


def _starts_with(before: Tag, after: Tag) -> bool:
    return any(span.start == 1 for span in spans_of((before, after)))
