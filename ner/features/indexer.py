"""What the model sees of a token: numbers of words, characters and kinds, some of it from around.

Most of it follows from the word alone. Where word lists are features, it also
depends on the tokens beside it, and where echoes are, on the document: a `Key`
is all that it depends on, and tokens with the same key look the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.features.clusters import Clusters
from ner.features.document_context import SILENCE, Echoes, echo_size
from ner.features.gazetteers import MARKS, Gazetteer, marks
from ner.features.vocabulary import FIRST, UNKNOWN, Vocabulary, fold

# Longer words keep their first and last characters: endings and beginnings are
# what tells names apart, and one gigantic token must not pad a whole batch.
MOST_CHARACTERS = 40

CASINGS = ("padding", "lower", "upper", "title", "mixed", "digits", "has digit", "other")

# Bits of a cluster's path that are features of their own (Ratinov and Roth 2009).
PREFIXES = (4, 6, 10, 20)

Key = str | tuple[str, tuple[int, ...]]
"""A word, or a word with what is around it: its place in an entry of each word list, the
pairs that it makes with its neighbours, what is heard of it in the document."""


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


def shortened(word: str) -> str:
    """A word as far as its characters are looked at."""
    if len(word) <= MOST_CHARACTERS:
        return word
    return word[: MOST_CHARACTERS // 2] + word[-MOST_CHARACTERS // 2 :]


def key_word(key: Key) -> str:
    """The word of a key."""
    return key if isinstance(key, str) else key[0]


def neighbours(tokens: Sequence[str]) -> list[str]:
    """The pairs of neighbouring tokens, ``[T + 1]``: from the border before to the one behind."""
    return [f"{left}\t{right}" for left, right in pairwise(["", *tokens, ""])]


class Form(NamedTuple):
    """A token as numbers."""

    words: tuple[int, ...]  # in each table of words
    kinds: tuple[int, ...]  # one for each of the indexer's kinds
    characters: tuple[int, ...]


class Kind(NamedTuple):
    """A feature that is one number out of a few."""

    name: str  # casing, cluster, gazetteer, pair or echo
    size: int


@dataclass(frozen=True)
class WordTable:
    """Folded words with numbers: those that learn first, then spare ones with a fixed vector."""

    words: Vocabulary
    fold_case: bool
    fold_digits: bool

    def fold(self, word: str) -> str:
        """The form under which a word is looked up."""
        return fold(word, case=self.fold_case, digits=self.fold_digits)

    def __getitem__(self, word: str) -> int:
        """The number of a word as it stands in a text."""
        return self.words[self.fold(word)]

    @classmethod
    def count(
        cls, tokens: Iterable[str], min_count: int, *, fold_case: bool, fold_digits: bool
    ) -> "WordTable":
        """The words of a training split."""
        folded = (fold(token, case=fold_case, digits=fold_digits) for token in tokens)
        return cls(Vocabulary.count(folded, min_count), fold_case, fold_digits)

    def with_spare(self, spare: Iterable[str]) -> "WordTable":
        """The same with more folded words, numbered after those that are there already."""
        new = (word for word in spare if word not in self.words)
        return replace(self, words=Vocabulary([*self.words, *new]))


@dataclass(frozen=True)
class Indexer:
    """Turns tokens into numbers, always the same way: part of the model."""

    tables: tuple[WordTable, ...]
    characters: Vocabulary
    clusters: Clusters | None = None
    gazetteers: tuple[Gazetteer, ...] = ()
    pairs: Vocabulary | None = None
    echo_labels: tuple[str, ...] = ()  # types whose echoes are features; none: no echoes

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], config: ModelConfig) -> "Indexer":
        """Number the words and characters of training sentences; one table of words."""
        tokens = [token for tokens in sentences for token in tokens]
        words = WordTable.count(
            tokens, config.min_count, fold_case=config.fold_case, fold_digits=config.fold_digits
        )
        return cls((words,), Vocabulary.count(c for token in tokens for c in token))

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        """The features of a token that are one number out of a few, in order."""
        clusters = [Kind("cluster", size) for size, _ in self._prefixes]
        lists = [Kind("gazetteer", MARKS) for _ in self.gazetteers]
        echo = [Kind("echo", echo_size(self.echo_labels))] * 2 if self.echo_labels else []
        pairs = [Kind("pair", len(self.pairs))] * 2 if self.pairs is not None else []
        return (Kind("casing", len(CASINGS)), *clusters, *lists, *pairs, *echo)

    @cached_property
    def _prefixes(self) -> list[tuple[int, list[int]]]:
        """For each length of prefix: how many numbers there are, and that of each path."""
        if self.clusters is None:
            return []
        cut = [self.clusters.prefixes(length) for length in PREFIXES]
        return [(len(known) + FIRST, [FIRST + n for n in numbers]) for known, numbers in cut]

    def keys(self, tokens: Sequence[str], heard: Echoes = None) -> Sequence[Key]:
        """What each token of a sentence looks like to the model; `heard` is its echo, if any."""
        if not self.gazetteers and not self.echo_labels and self.pairs is None:
            return tokens
        places = marks(self.gazetteers, tokens)
        if self.pairs is not None:
            numbers = self.pairs.numbers(neighbours(tokens))
            both = zip(places, numbers, numbers[1:], strict=False)
            places = [(*place, before, after) for place, before, after in both]
        if self.echo_labels:
            echoes = heard or [SILENCE] * len(tokens)
            places = [place + echo for place, echo in zip(places, echoes, strict=True)]
        return list(zip(tokens, places, strict=True))

    def form(self, key: Key) -> Form:
        """A token as numbers."""
        word, places = (key, ()) if isinstance(key, str) else key
        return Form(
            tuple(table[word] for table in self.tables),
            (casing(word), *self._cluster(word), *places),
            self.characters.numbers(shortened(word)),
        )

    def _cluster(self, word: str) -> tuple[int, ...]:
        """The numbers of the prefixes of a word's cluster."""
        if self.clusters is None:
            return ()
        path = self.clusters.number_of(word)
        if path is None:
            return (UNKNOWN,) * len(PREFIXES)
        return tuple(numbers[path] for _, numbers in self._prefixes)


class FormTable:
    """Distinct tokens of a piece of work, each turned into numbers once.

    Sentences become rows of this table; a batch takes the rows it needs.
    """

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self._rows: dict[Key, int] = {}
        self._forms: list[Form] = []

    def rows(self, tokens: Sequence[str], heard: Echoes = None) -> NDArray[np.int64]:
        """The row of each token of a sentence, ``[T]``; unseen ones get a new row."""
        return self.key_rows(self._indexer.keys(tokens, heard))

    def key_rows(self, keys: Sequence[Key]) -> NDArray[np.int64]:
        """The row of each key."""
        for key in keys:
            if key not in self._rows:
                self._rows[key] = len(self._forms)
                self._forms.append(self._indexer.form(key))
        return np.fromiter((self._rows[key] for key in keys), np.int64, len(keys))

    def forms(self, rows: NDArray[np.int64]) -> list[Form]:
        """The tokens of some rows."""
        return [self._forms[row] for row in rows]
