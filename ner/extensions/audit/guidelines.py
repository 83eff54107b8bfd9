"""Guidelines that differ: parts of a corpus in which the same is labelled otherwise.

Parts are its files and its documents: another year, another annotator.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from ner.extensions.audit.usage import NONE, Text, Usage
from ner.text import Sentence

CHANCE = 1e-3
"""A difference is told where chance would make one so large in fewer cases than that."""
MOST_TOLD = 20


class Difference(NamedTuple):
    """A difference between parts in words, and how probable it is by chance."""

    chance: float
    told: str


def differences(
    sentences: Sequence[Sentence],
    documents: Sequence[int],
    usage: Usage,
    wrong: Mapping[int, Sequence[float]],
) -> list[str]:
    """The differences between files, then between documents, in words; the least probable first.

    `wrong` has the probabilities of the places of each sentence.
    """
    files = sorted(_between_files(sentences, usage))
    unlike = sorted(_unlike_documents(sentences, documents, wrong))
    return [found.told for found in [*files[:MOST_TOLD], *unlike[:MOST_TOLD]]]


def _between_files(sentences: Sequence[Sentence], usage: Usage) -> Iterator[Difference]:
    """Strings that usually have one label in a file, and another one or none in the next."""
    counts: defaultdict[Text, defaultdict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for number, text, label in usage.places():
        counts[text][sentences[number].source][label] += 1
    for text, by_file in sorted(counts.items()):
        for one, other in combinations(by_file, 2):
            yield from _difference(text, (one, by_file[one]), (other, by_file[other]))


def _difference(
    text: Text, one: tuple[str, Counter[str]], other: tuple[str, Counter[str]]
) -> Iterator[Difference]:
    (file, counts), (second, others) = one, other
    label, usual = counts.most_common(1)[0][0], others.most_common(1)[0][0]
    if label == usual:
        return
    total, further = counts.total(), others.total()
    chance = _hypergeometric(counts[label], total, counts[label] + others[label], total + further)
    if chance < CHANCE:
        yield Difference(
            chance,
            f"“{' '.join(text)}”: {_told(label)} in {counts[label]:,} of {total:,} places "
            f"of {file}, {_told(usual)} in {others[usual]:,} of {further:,} of {second}",
        )


def _told(label: str) -> str:
    return "no entity" if label == NONE else label


def _hypergeometric(hits: int, size: int, marked: int, total: int) -> float:
    """The chance of at least so many hits in a part, if the marked ones are spread evenly."""
    ways = math.comb(total, size)
    most = min(size, marked)
    return sum(
        math.comb(marked, k) * math.comb(total - marked, size - k) for k in range(hits, most + 1)
    ) / (ways or 1)


def _unlike_documents(
    sentences: Sequence[Sentence], documents: Sequence[int], wrong: Mapping[int, Sequence[float]]
) -> Iterator[Difference]:
    """Documents in which far more looks wrong than elsewhere."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    first: dict[int, Sentence] = {}
    for number, probabilities in sorted(wrong.items()):
        found[documents[number]] += probabilities
        first.setdefault(documents[number], sentences[number])
    total = sum(map(len, found.values()))
    rate = sum(map(sum, found.values())) / max(1, total)
    for document, own in found.items():
        expected, there = rate * len(own), sum(own)
        chance = _poisson(there, expected) * len(found)
        if chance < CHANCE:
            yield Difference(
                chance,
                f"{first[document].place}: about {there:,.0f} of the {len(own):,} places of the "
                f"document look wrong, where {expected:,.1f} would be usual: another guideline?",
            )


def _poisson(count: float, mean: float) -> float:
    """Chernoff's bound on the chance of at least so many, where there are `mean` on average."""
    if count <= mean or mean <= 0:
        return 1.0
    return math.exp(count - mean - count * math.log(count / mean))


def by_sentence(pairs: Iterable[tuple[int, float]]) -> dict[int, list[float]]:
    """Gather numbers by sentence."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for number, value in pairs:
        found[number].append(value)
    return dict(found)
