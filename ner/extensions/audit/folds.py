"""Folds: which model of a cross-validation judges a sentence, as it has not learnt from it."""

import random
from collections.abc import Sequence
from itertools import groupby

from ner.text import Sentence

BLOCK = 10
"""Sentences that follow one another and stay together where a file has no documents."""


def folds_of(sentences: Sequence[Sentence], folds: int, seed: int) -> list[int]:
    """The fold of each sentence, from 0: whole documents, drawn by the seed.

    A file without documents is cut into blocks of neighbours. Folds have nearly as many units each.
    """
    units = _units(sentences)
    order = [*range(units[-1] + 1)] if units else []
    random.Random(seed).shuffle(order)
    fold = {unit: place % folds for place, unit in enumerate(order)}
    return [fold[unit] for unit in units]


def _units(sentences: Sequence[Sentence]) -> list[int]:
    """Number the units that stay together, in order."""
    found: list[int] = []
    for _, file in groupby(sentences, key=lambda s: (s.corpus, s.source)):
        own = list(file)
        start = found[-1] + 1 if found else 0
        numbers = [s.document for s in own]
        if len({*numbers}) == 1:
            numbers = [place // BLOCK for place in range(len(own))]
        known = {number: start + place for place, number in enumerate(dict.fromkeys(numbers))}
        found += [known[number] for number in numbers]
    return found
