"""The choice of sentences that together teach most.

A label teaches where a model is in doubt, and more where what it teaches is met again. So a set of
sentences is worth the doubt in its tokens, weighed by how frequent the word is in the text at
hand, and less for each time that the word, or the word beside a neighbour, is in the set already:
near copies bring next to nothing. Doubt is not divided by length, which would choose headlines and
tables: a long sentence costs more to label, and teaches more. Returns diminish, so the greedy
choice is a good one (Nemhauser, Wolsey and Fisher 1978; for active learning Wei, Iyer and Bilmes
2015).
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ner.extensions.suggest.doubt import Doubt

AGAIN = 0.8  # what a word is worth each further time, as a share of the time before
COPIED = 0.7  # likewise of a word with the one before it, and with the one behind it
DENSITY = 0.5  # power of a word's frequency in the text

Unit = str | tuple[str, str]
"""A word, or two that stand side by side ("" at the ends)."""


class Choice(NamedTuple):
    """A chosen sentence: its number, and what it is worth behind those before."""

    number: int
    gain: float


def choose(sentences: Sequence[Sequence[str]], doubt: Sequence[Doubt], count: int) -> list[Choice]:
    """Choose `count` sentences of tokens, or all, the best first; equals in their order."""
    words = [tuple(map(str.lower, tokens)) for tokens in sentences]
    frequency = Counter(word for each in words for word in each)
    worth = [_worth(*pair, frequency) for pair in zip(words, doubt, strict=True)]
    return list(_greedy(words, worth, count))


def _worth(words: Sequence[str], doubt: Doubt, frequency: Counter[str]) -> list[float]:
    """The worth of each token, before any is chosen."""
    often = np.array([frequency[word] for word in words], float) ** DENSITY
    found: list[float] = (doubt.tokens * often).tolist()
    return found


def _greedy(
    words: Sequence[Sequence[str]], worth: Sequence[Sequence[float]], count: int
) -> Iterator[Choice]:
    """Yield the choices; gains only fall, so that one is looked at again when it is the best."""
    chosen: Counter[Unit] = Counter()
    units: list[list[Unit]] = [[*each, *pairwise(("", *each, ""))] for each in words]
    heap = [(-sum(each), number) for number, each in enumerate(worth)]
    heapq.heapify(heap)
    left = min(count, len(heap))
    while left:
        _, number = heapq.heappop(heap)
        gain = _gain(units[number], worth[number], chosen)
        if heap and (-gain, number) > heap[0]:
            heapq.heappush(heap, (-gain, number))
            continue
        yield Choice(number, gain)
        chosen.update(units[number])
        left -= 1


def _gain(units: Sequence[Unit], worth: Sequence[float], chosen: Counter[Unit]) -> float:
    """The worth of a sentence of T words by now; its units are these and T + 1 pairs."""
    size = len(worth)
    beside = [chosen[unit] for unit in units[size:]]
    return sum(
        worth[place] * AGAIN ** chosen[units[place]] * COPIED ** (beside[place] + after)
        for place, after in enumerate(beside[1:])
    )
