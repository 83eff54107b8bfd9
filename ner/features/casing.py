"""Casing: the use of capitals in a word, which folding leaves out."""

from typing import Self

from ner.features.feature import StoredData, TrainingData, WordFeature
from ner.frozen import frozen

CASINGS = ("padding", "lower", "upper", "title", "mixed", "digits", "has digit", "other")


def casing(word: str) -> int:
    """The id of a word's casing in `CASINGS`."""
    if word.isdigit():
        return 5
    if not word.isalpha() and any(character.isdigit() for character in word):
        return 6
    if word.islower():
        return 1
    if word.isupper():
        # One capital letter alone is how a capitalised word begins, not a word in capitals.
        return 2 if len(word) > 1 else 3
    if word[:1].isupper():
        return 3 if word[1:].islower() else 4
    return 4 if any(character.isupper() for character in word) else 7


@frozen()
class Casing(WordFeature):
    """The casing of a word; every model looks it up, and `model.casing_dim` 0 leaves it out."""

    DIM = "casing_dim"

    @classmethod
    def build(cls, data: TrainingData) -> Self:
        """Make the feature, which needs nothing."""
        return cls()

    @classmethod
    def read(cls, data: StoredData) -> Self:
        """Make the feature, which adds no files."""
        return cls()

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of casings."""
        return (len(CASINGS),)

    def ids(self, word: str) -> tuple[int, ...]:
        """The casing of a word."""
        return (casing(word),)
