"""Spans from the tag numbers of a whole batch at once."""

import functools
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.tags import OUTSIDE, Tag, parse_tag, spans_of
from ner.text import Span


class Prediction(NamedTuple):
    """The spans of a sentence and the probability of each."""

    spans: tuple[Span, ...]
    scores: tuple[float, ...]


NO_SPANS = Prediction((), ())


def spans_in(numbers: NDArray[np.int64], names: tuple[str, ...]) -> list[tuple[int, Span]]:
    """Find the spans that tag numbers ``[B, T]`` hold, each with its row, in order, as `spans_of`.

    `names` are the K tags, O first; O stands beyond a sentence's length.
    """
    starts, ends = _borders(names)
    # [B, T + 2], then [B, T + 1] each: the tags on both sides of each border between tokens
    sides = np.zeros((len(numbers), numbers.shape[1] + 2), numbers.dtype)  # `pad` takes longer
    sides[:, 1:-1] = numbers
    before, after = sides[:, :-1], sides[:, 1:]
    rows, first = starts[before, after].nonzero()  # [N] each
    _, end = ends[before, after].nonzero()
    labels = [parse_tag(names[tag]).label for tag in numbers[rows, first].tolist()]
    spans = map(Span, first.tolist(), end.tolist(), labels)
    return list(zip(rows.tolist(), spans, strict=True))


def by_row(held: Sequence[tuple[int, Span]], scores: Sequence[float]) -> dict[int, Prediction]:
    """Gather spans, and their scores if there are any, by the rows that they stand in."""
    found = {}
    first = 0
    for row, group in groupby(held, key=itemgetter(0)):
        spans = tuple(span for _, span in group)
        found[row] = Prediction(spans, tuple(scores[first : first + len(spans)]))
        first += len(spans)
    return found


@functools.lru_cache(maxsize=8)
def _borders(names: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of two neighbouring tags if a span starts, and if one ends: ``[K, K]`` each."""
    assert names[0] == OUTSIDE, "O is tag 0"
    parsed = [parse_tag(name) for name in names]
    prefixes = sorted({tag.prefix for tag in parsed})
    kinds = np.array([prefixes.index(tag.prefix) for tag in parsed])  # [K]
    labels = np.unique([tag.label for tag in parsed], return_inverse=True)[1]
    same = (labels[:, None] == labels).astype(int)  # [K, K]
    # Of two types it only matters whether they are the same: few pairs stand for all.
    pairs = [
        [
            [_border(Tag(one, "this"), Tag(other, label)) for label in ("that", "this")]
            for other in prefixes
        ]
        for one in prefixes
    ]
    found = np.array(pairs)[kinds[:, None], kinds, same]  # [K, K, 2]
    return found[:, :, 0], found[:, :, 1]


def _border(before: Tag, after: Tag) -> tuple[bool, bool]:
    spans = spans_of((before, after))
    return any(span.start == 1 for span in spans), any(span.end == 1 for span in spans)
