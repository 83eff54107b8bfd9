"""The choice of sentences that together teach most.

A label teaches where a model is in doubt, and more where what it teaches is met again. So a set of
sentences is worth the doubt in its tokens, weighed by how frequent the word is in the text at
hand, and less for each time that the word is in the set already: near copies bring next to
nothing. Such a function is submodular, and the greedy choice is at least 63 % as good as the best
(Nemhauser, Wolsey and Fisher 1978; for active learning Wei, Iyer and Bilmes 2015).
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ner.extensions.suggest.doubt import Doubt, Floats

AGAIN = 0.5  # what a word is worth each further time, as a share of the time before
DENSITY = 0.5  # power of a word's frequency in the text
LENGTH = 0.5  # power of a sentence's length that it costs to label


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
    """What each token is worth, before any is chosen."""
    often = np.array([frequency[word] for word in words], float) ** DENSITY
    found: Floats = doubt.tokens * often / max(len(words), 1) ** LENGTH
    return found.tolist()


def _greedy(
    words: Sequence[Sequence[str]], worth: Sequence[Sequence[float]], count: int
) -> Iterator[Choice]:
    """Yield the choices; gains only fall, so that one is looked at again when it is the best."""
    chosen: Counter[str] = Counter()
    heap = [(-sum(each), number) for number, each in enumerate(worth)]
    heapq.heapify(heap)
    left = min(count, len(heap))
    while left:
        _, number = heapq.heappop(heap)
        gain = _gain(words[number], worth[number], chosen)
        if heap and (-gain, number) > heap[0]:
            heapq.heappush(heap, (-gain, number))
            continue
        yield Choice(number, gain)
        chosen.update(words[number])
        left -= 1


def _gain(words: Iterable[str], worth: Iterable[float], chosen: Counter[str]) -> float:
    return sum(w * AGAIN ** chosen[word] for word, w in zip(words, worth, strict=True))
