"""Token bigrams: each token with its left and its right neighbour.

They matter where tokens are characters, of which one alone says little.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

from ner.features.feature import SentenceFeature, StoredData, TrainingData
from ner.features.vocabulary import Vocabulary
from ner.frozen import frozen

FILE = "pairs.json"


def bigrams(tokens: Sequence[str]) -> list[str]:
    """The bigrams of a sentence, ``[T + 1]``, from the border before it to the one behind."""
    return [f"{left}\t{right}" for left, right in pairwise(["", *tokens, ""])]


def _found(data: TrainingData) -> Iterator[str]:
    return (pair for sentence in data.sentences for pair in bigrams(sentence.tokens))


@frozen()
class Bigrams(SentenceFeature):
    """Two columns: the bigram that ends with a token, and the one that begins with it."""

    FILES = (FILE,)
    DEFAULTS: ClassVar = {"model.bigrams": ("yes", "no")}  # one character alone is ambiguous
    DIM = "bigram_dim"
    ZEROED = True
    DROPOUT = 0.2

    vocabulary: Vocabulary

    @classmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Count the bigrams that occur more than once."""
        if data.config.model.bigrams != "yes":
            return None
        return cls(Vocabulary(()).grown(_found(data), min_count=2))

    def grown(self, data: TrainingData) -> Self:
        """Add the bigrams that occur more than once."""
        return type(self)(self.vocabulary.grown(_found(data), min_count=2))

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of the same bigrams; new ones begin as the unknown one."""
        return [self.vocabulary.origins(old.vocabulary)] * 2

    @classmethod
    def read(cls, data: StoredData) -> Self | None:
        """Read the vocabulary. Raises `ValidationError`."""
        return cls(Vocabulary(data.files.strings(FILE))) if data.files.has(FILE) else None

    def files(self) -> dict[str, Any]:
        """The vocabulary."""
        return {FILE: list(self.vocabulary)}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The size of the vocabulary, twice."""
        return (len(self.vocabulary),) * 2

    def ids(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """The ids of the bigrams before and behind each token."""
        return list(pairwise(self.vocabulary.numbers(bigrams(tokens))))
