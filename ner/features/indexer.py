"""What the model sees of a word: the number of its folded form, its casing, its characters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.features.vocabulary import Vocabulary, fold

# Longer words keep their first and last characters: endings and beginnings are
# what tells names apart, and one gigantic token must not pad a whole batch.
MOST_CHARACTERS = 40

CASINGS = ("padding", "lower", "upper", "title", "mixed", "digits", "has digit", "other")


def casing(word: str) -> int:
    """The number of a word's casing in `CASINGS`."""
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


class Form(NamedTuple):
    """A word as numbers."""

    word: int
    casing: int
    characters: tuple[int, ...]


@dataclass(frozen=True)
class Indexer:
    """Turns words into numbers, always the same way: part of the model.

    `words` holds folded forms: those of the training split first, then spare
    ones that only have a pre-trained vector.
    """

    words: Vocabulary
    characters: Vocabulary
    fold_case: bool
    fold_digits: bool

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], config: ModelConfig) -> "Indexer":
        """Number the words and characters of training sentences."""
        tokens = [token for tokens in sentences for token in tokens]
        folded = (fold(t, case=config.fold_case, digits=config.fold_digits) for t in tokens)
        words = Vocabulary.count(folded, config.min_count)
        characters = Vocabulary.count(character for token in tokens for character in token)
        return cls(words, characters, config.fold_case, config.fold_digits)

    def with_spare(self, spare: Iterable[str]) -> "Indexer":
        """The same with more folded words, numbered after those that are there already."""
        new = (word for word in spare if word not in self.words)
        return replace(self, words=Vocabulary([*self.words, *new]))

    def fold(self, word: str) -> str:
        """The form under which the model looks a word up."""
        return fold(word, case=self.fold_case, digits=self.fold_digits)

    def form(self, word: str) -> Form:
        """A word as numbers."""
        shown = word
        if len(word) > MOST_CHARACTERS:
            shown = word[: MOST_CHARACTERS // 2] + word[-MOST_CHARACTERS // 2 :]
        return Form(self.words[self.fold(word)], casing(word), self.characters.numbers(shown))


class FormTable:
    """Distinct words of a piece of work, each turned into numbers once.

    Sentences become rows of this table; a batch takes the rows it needs.
    """

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._rows: dict[str, int] = {}
        self._forms: list[Form] = []

    def rows(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """The row of each token, ``[T]``; unseen words get a new row."""
        for token in tokens:
            if token not in self._rows:
                self._rows[token] = len(self._forms)
                self._forms.append(self._indexer.form(token))
        return np.fromiter((self._rows[token] for token in tokens), np.int64, len(tokens))

    def forms(self, rows: NDArray[np.int64]) -> list[Form]:
        """The words of some rows."""
        return [self._forms[row] for row in rows]
