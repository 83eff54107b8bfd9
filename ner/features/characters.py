"""Characters of a word, read by a small network of its own."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, Self

from ner.config import ModelConfig
from ner.features.feature import Feature, Size, StoredData, TrainingData
from ner.features.vocabulary import Vocabulary, shortened
from ner.frozen import frozen

FILE = "characters.json"


@frozen()
class Characters(Feature):
    """The characters of a word."""

    FILES = (FILE,)
    DEFAULTS: ClassVar = {"model.chars": ("none", "cnn")}

    vocabulary: Vocabulary

    @classmethod
    def build(cls, data: TrainingData) -> Self:
        """Count the characters of all tokens."""
        return cls(Vocabulary(()).grown(chain.from_iterable(data.tokens)))

    @classmethod
    def sizes_of(cls, config: ModelConfig) -> Mapping[str, Size]:
        """The size of its encoder, if there is one."""
        return {} if config.chars == "none" else {"model.char_hidden": Size(50, 25, 150)}

    def grown(self, data: TrainingData) -> Self:
        """Add the characters of all tokens."""
        return type(self)(self.vocabulary.grown(chain.from_iterable(data.tokens)))

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of the same characters; new ones begin as the unknown one."""
        return [self.vocabulary.origins(old.vocabulary)]

    @classmethod
    def read(cls, data: StoredData) -> Self:
        """Read the vocabulary. Raises `ValidationError`."""
        return cls(Vocabulary(data.files.strings(FILE)))

    def files(self) -> dict[str, Any]:
        """The vocabulary."""
        return {FILE: list(self.vocabulary)}

    def ids(self, word: str) -> tuple[int, ...]:
        """The ids of a word's characters, of the first and last ones if it is long."""
        return self.vocabulary.numbers(shortened(word))

    def module(self, config: ModelConfig) -> Any:
        """The character encoder that the configuration asks for, or None."""
        from ner.features.modules import CharacterCNN, CharacterLSTM  # loads torch

        size = len(self.vocabulary)
        if config.chars in ("auto", "cnn"):
            return CharacterCNN(size, config.char_dim, config.char_hidden, config.char_kernel)
        if config.chars == "lstm":
            return CharacterLSTM(size, config.char_dim, config.char_hidden)
        return None
