"""The protocol of features: ids, module, files and resources of one.

A feature stands in one file of this folder and in one line of `ner.features.registry`. Indexer,
embedder, bundle, vocabulary checksum and card go through the features of a model and ask each.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

from torch import nn

from ner.config import Config, ModelConfig, ResourcesConfig
from ner.stored import StoredFolder
from ner.text import Sentence

TokenLabels = tuple[int, int]
"""First-pass labels of the same word elsewhere, and of the word in any case; 0: none."""

FirstPass = Sequence[TokenLabels] | None
"""The first-pass labels of each token of a sentence; None where no token has any."""


class TrainingData(NamedTuple):
    """All that features are built from."""

    sentences: Sequence[Sentence]
    labels: Sequence[str]  # entity types; a classifier has none
    config: Config
    progress: Callable[[int], None] = lambda _: None  # gets the bytes of vectors files read so far

    @property
    def tokens(self) -> list[str]:
        """All tokens, in order."""
        return [token for sentence in self.sentences for token in sentence.tokens]


class Feature(ABC):
    """A property of tokens: their ids, and the module that embeds them."""

    FILES: ClassVar[tuple[str, ...]] = ()
    """Names of the files that it may add to a bundle."""
    DEFAULTS: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Values of its settings that are left open: where tokens are characters, and elsewhere."""

    @classmethod
    @abstractmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Make the feature for training sentences; None where the configuration asks for none."""

    @classmethod
    @abstractmethod
    def read(cls, files: StoredFolder, config: ModelConfig, labels: Sequence[str]) -> Self | None:
        """Read what `files` gave, without trust; None where a bundle has none.

        `labels` are the entity types of the model, in order. Raises `ValidationError`.
        """

    def files(self) -> dict[str, Any]:
        """The JSON values that it adds to a bundle, by name."""
        return {}

    @classmethod
    def resources(cls, config: ResourcesConfig) -> dict[str, list[str]]:
        """Names, without folders, of the files that it is built from, by setting."""
        return {}


class CategoricalFeature(Feature):
    """One or several columns of ids, each out of a few, each with an embedding of its own."""

    ZEROED: ClassVar[bool] = False
    """True if embeddings begin as zeros: many are rare, and an untrained one adds no noise."""
    DROPOUT: ClassVar[float] = 0.0
    """The share of ids replaced by the unknown one in training."""
    DIM: ClassVar[str]
    """The setting of section `model` with the size of each column's embedding; 0: none."""

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, ...]:
        """The number of ids of each column."""

    def modules(self, config: ModelConfig) -> list[nn.Embedding]:
        """The embedding of each column."""
        dim = getattr(config, self.DIM)
        tables = [nn.Embedding(size, dim) for size in self.sizes] if dim else []
        for table in tables if self.ZEROED else ():
            nn.init.zeros_(table.weight)
        return tables


class WordFeature(CategoricalFeature):
    """A categorical feature that follows from the word alone."""

    @abstractmethod
    def ids(self, word: str) -> tuple[int, ...]:
        """The id of a word in each column."""


class SentenceFeature(CategoricalFeature):
    """A categorical feature that depends on the tokens beside a token, or on its document."""

    @abstractmethod
    def ids(self, tokens: Sequence[str], first_pass: FirstPass) -> Sequence[tuple[int, ...]]:
        """The ids of each token of a sentence, one in each column."""
