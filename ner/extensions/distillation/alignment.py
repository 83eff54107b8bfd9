"""Entities by characters laid over the tokens of sentences."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ner.extensions.distillation.labels import Labels
from ner.text import Sentence, Span


class Found(NamedTuple):
    """An entity in a text: characters ``[start, end)`` and a type."""

    start: int
    end: int
    label: str


def align(
    entities: Iterable[Found], sentences: Sequence[Sentence], *, widen: bool
) -> Iterator[Labels]:
    """The labels of sentences (with offsets) of a text by the entities found in it.

    An entity that begins or ends inside a token takes all of it if they are to be `widen`-ed, and
    else fits as little as one that goes over the end of a sentence or overlaps another: sentences
    that it touches teach nothing. Entities outside these sentences do not matter.
    """
    tokens = [
        (start, end, number)
        for number, sentence in enumerate(sentences)
        for start, end in sentence.offsets or ()
    ]
    starts, ends = [start for start, _, _ in tokens], [end for _, end, _ in tokens]
    first_of = [bisect_left(tokens, number, key=_sentence) for number in range(len(sentences))]
    spans: list[list[Span]] = [[] for _ in sentences]
    misfits, taken = [0] * len(sentences), 0
    for entity in sorted(entities):
        first, last = bisect_right(ends, entity.start), bisect_left(starts, entity.end)
        if first >= last:
            continue
        touched = range(tokens[first][2], tokens[last - 1][2] + 1)
        fits = widen or (starts[first], ends[last - 1]) == (entity.start, entity.end)
        if fits and len(touched) == 1 and first >= taken:
            number, taken = touched[0], last
            base = first_of[number]
            spans[number].append(Span(first - base, last - base, entity.label))
        else:
            for number in touched:
                misfits[number] += 1
    for own, wrong in zip(spans, misfits, strict=True):
        yield Labels(None if wrong else tuple(own), misfits=wrong)


def _sentence(token: tuple[int, int, int]) -> int:
    return token[2]
