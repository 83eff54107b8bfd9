"""The profile of a text under a model: how much of it the model knows, and how sure it is there."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ner.features.indexer import Indexer
from ner.features.vocabulary import UNKNOWN
from ner.frozen import frozen
from ner.text import Document

ENOUGH = 500  # words from which a text is told from others
FEWEST = 50  # entities, likewise
MOST = 3000  # words after which no more entities are waited for


@frozen()
class TextProfile:
    """Shares of unknown words and characters, and the mean score of the entities found.

    Words are the tokens with a letter in them, characters are theirs.
    """

    unknown_words: float
    unknown_characters: float
    score: float

    @classmethod
    def fits(cls, value: Any) -> bool:
        """Tell if a value, as it comes out of JSON, has the fields and nothing else."""
        return (
            isinstance(value, dict)
            and value.keys() == cls.__dataclass_fields__.keys()
            and all(type(each) is float and 0 <= each <= 1 for each in value.values())
        )

    def without_score(self) -> "TextProfile":
        """The same for scores of other settings: no mean score is unlike 0."""
        return replace(self, score=0.0)

    def unlike(self, usual: "TextProfile") -> list[str]:
        """The ways in which it differs from a usual one, in words with figures; mostly none."""
        found = []
        if self.unknown_words > 2 * usual.unknown_words + 0.1:
            known = f"instead of {usual.unknown_words:.0%}"
            found.append(f"{self.unknown_words:.0%} of its words are unknown {known}")
        if self.unknown_characters > 5 * usual.unknown_characters + 0.01:
            known = f"instead of {usual.unknown_characters:.1%}"
            found.append(f"{self.unknown_characters:.1%} of its characters are unknown {known}")
        if self.score < usual.score - 0.15:
            known = f"instead of {usual.score:.2f}"
            found.append(f"entities have a mean score of {self.score:.2f} {known}")
        return found


class Profiler:
    """Counts over a text, document by document."""

    def __init__(self, indexer: Indexer) -> None:
        self._indexer = indexer
        self.words = self.entities = 0
        self._unknown = self._characters = self._strange = 0
        self._scores = 0.0

    def add(self, tokens: Iterable[str], scores: Iterable[float] = ()) -> None:
        """Count tokens, and the scores of entities."""
        for word in tokens:
            if any(map(str.isalpha, word)):
                ids = self._indexer.characters.ids(word)
                self.words += 1
                self._unknown += all(n == UNKNOWN for n in self._indexer.words.ids(word))
                self._characters += len(ids)
                self._strange += ids.count(UNKNOWN)
        for score in scores:
            self.entities += 1
            self._scores += score

    @property
    def enough(self) -> bool:
        """True if a text can be told from others by what was counted."""
        return self.words >= ENOUGH and self.entities >= FEWEST

    def profile(self) -> TextProfile:
        """The profile so far; of fewer than `FEWEST` entities the mean score is taken to be 1."""
        return TextProfile(
            self._unknown / max(self.words, 1),
            self._strange / max(self._characters, 1),
            min(self._scores / self.entities, 1.0) if self.entities >= FEWEST else 1.0,
        )


class Watch(Profiler):
    """A watch over tagged text, which says once if it is unlike the usual."""

    def __init__(self, indexer: Indexer, usual: TextProfile) -> None:
        super().__init__(indexer)
        self._usual = usual
        self._done = False

    def note(self, documents: Iterable[Document]) -> str | None:
        """Go on with tagged documents; returns a line once there is enough of them, and unlike."""
        for document in documents:
            if self._done:
                return None
            for sentence in document.sentences:
                self.add(sentence.tokens)
            self.add((), (entity.score for entity in document.entities))
            self._done = self.enough or self.words >= MOST
            if self._done and (ways := self.profile().unlike(self._usual)):
                return (
                    "this text is unlike the one by which the model was measured: "
                    f"{'; '.join(ways)}; trust it less than its scores say"
                )
        return None
