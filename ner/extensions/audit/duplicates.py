"""Near duplicates: sentences of nearly the same words, and the labels that these have there.

Words are compared without case and digits. Two sentences are near duplicates where the Jaccard
similarity of their bags of words is `ALIKE` or more. They are found exactly, and without comparing
all pairs, by prefix filtering (Bayardo, Ma and Srikant 2007): the rarest words of both, as many as
may be missing in the other and one more, have a word in common.
"""

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from ner.extensions.audit.places import Place, overlap, says
from ner.extensions.audit.usage import Text, folded
from ner.text import Sentence, Span

ALIKE = 0.8
SHORTEST = 4
"""Tokens below which sentences are alike by chance."""
MOST = 20
"""Near duplicates of a sentence that are looked at: those that stand closest to it."""

Bag = frozenset[tuple[str, int]]
"""The words of a sentence, each with the number of its repetition."""


class Duplicates:
    """The near duplicates among sentences, and where these are labelled otherwise."""

    def __init__(self, sentences: Sequence[Sentence], numbers: Iterable[int]) -> None:
        """`numbers` are those of the sentences that have all their labels."""
        self._sentences = sentences
        self._words = {n: tuple(map(folded, sentences[n].tokens)) for n in numbers}
        self._near = _near(self._words)

    def reason(self, place: Place) -> str:
        """The near duplicates that contradict the label of a place, in words.

        "" where most agree with it: then one of the others is wrong.
        """
        own = _seen_from(place.span, [place.labelled] if place.labelled else [])
        found = list(self._counterparts(place.number, place.span))
        contrary = [other for other in found if _seen_from(*other[1:]) != own]
        if not contrary or 2 * len(contrary) < len(found):
            return ""
        number, _, spans = contrary[0]
        other = self._sentences[number]
        there = ", ".join(says(other, span) for span in spans) or "no entity"
        return (
            f"{len(contrary):,} of {len(found):,} near duplicates of the sentence are labelled "
            f"otherwise, as {other.place}: {there}"
        )

    def _counterparts(self, number: int, span: Span) -> Iterator[tuple[int, Span, list[Span]]]:
        """The tokens of a span in near duplicates: the number, the place, and what is labelled."""
        for other in self._near.get(number, ()):
            places = _aligned(self._words[number], self._words[other])
            moved = [places.get(token, -1) for token in range(span.start, span.end)]
            there = Span(moved[0], moved[0] + len(moved), span.label)
            if moved[0] >= 0 and moved == [*range(there.start, there.end)]:
                yield other, there, [s for s in self._sentences[other].spans if overlap(s, there)]


def _seen_from(place: Span, spans: Sequence[Span]) -> list[tuple[int, int, str]]:
    """Spans by how far they are from a place."""
    return [(span.start - place.start, span.end - place.start, span.label) for span in spans]


def _aligned(one: Text, other: Text) -> dict[int, int]:
    """The tokens of a sentence that stand in another one, too, and where."""
    if one == other:
        return {token: token for token in range(len(one))}
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return {block.a + i: block.b + i for block in blocks for i in range(block.size)}


def _near(words: Mapping[int, Text]) -> dict[int, list[int]]:
    """The near duplicates of each sentence that has any, the closest ones first."""
    groups: defaultdict[Bag, list[int]] = defaultdict(list)
    for number, text in words.items():
        if len(text) >= SHORTEST:
            groups[_bag(text)].append(number)
    alike = {bag: [bag] for bag in groups}
    for one, other in _pairs(groups):
        alike[one].append(other)
        alike[other].append(one)
    found: dict[int, list[int]] = {}
    for bag, own in groups.items():
        near = sorted(number for each in alike[bag] for number in groups[each])
        if len(near) > 1:
            found |= {number: _closest(near, number) for number in own}
    return found


def _closest(numbers: Sequence[int], number: int) -> list[int]:
    """The other ones of sorted numbers that are closest to one of them."""
    place = bisect_left(numbers, number)
    around = [*numbers[max(0, place - MOST) : place], *numbers[place + 1 : place + 1 + MOST]]
    return sorted(around, key=lambda other: abs(other - number))[:MOST]


def _bag(text: Text) -> Bag:
    """The bag of words of a sentence."""
    seen: Counter[str] = Counter()
    units = []
    for word in text:
        units.append((word, seen[word]))
        seen[word] += 1
    return frozenset(units)


def _pairs(bags: Collection[Bag]) -> Iterator[tuple[Bag, Bag]]:
    """All pairs of different bags that are near duplicates."""
    frequency = Counter(unit for bag in bags for unit in bag)
    index: defaultdict[tuple[str, int], list[Bag]] = defaultdict(list)
    for bag in sorted(bags, key=len):
        size = len(bag)
        units = sorted(bag, key=lambda unit: (frequency[unit], unit))
        prefix = units[: size - math.ceil(ALIKE * size) + 1]
        candidates = {other: None for unit in prefix for other in index[unit]}
        for other in candidates:
            if len(other) >= ALIKE * size and _jaccard(bag, other) >= ALIKE:
                yield bag, other
        for unit in prefix:
            index[unit].append(bag)


def _jaccard(one: Bag, other: Bag) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)
