"""The protocol of features: ids, module, files and resources of one.

A feature stands in one file of this folder and in one line of `ner.features.registry`. Indexer,
embedder, bundle, vocabulary checksum and card go through the features of a model and ask each.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from ner.config import Config, ModelConfig
from ner.errors import UsageError
from ner.features.vectors import Vectors, read_vectors
from ner.stored import StoredFolder
from ner.text import Sentence, Span

if TYPE_CHECKING:  # ids need no torch, and tagging with them takes none
    from torch import nn

CategoryIds = tuple[int, ...]
"""Ids of a token, one in each column; 0 is padding, or nothing."""

Context = Sequence[CategoryIds] | None
"""The ids of each token of a sentence that follow from its document; None if all are 0."""


class TrainingData(NamedTuple):
    """All that features are built from."""

    sentences: Sequence[Sentence]
    labels: Sequence[str]  # entity types; a classifier has none
    config: Config
    progress: Callable[[int], None] = lambda _: None  # gets the bytes of vectors files read so far
    read_vectors: Callable[..., Vectors] = read_vectors

    @property
    def tokens(self) -> list[str]:
        """All tokens, in order."""
        return [token for sentence in self.sentences for token in sentence.tokens]


class StoredData(NamedTuple):
    """All that features of a bundle are read from."""

    files: StoredFolder
    config: ModelConfig
    labels: Sequence[str] = ()  # entity types, in order


class DocumentSpans(NamedTuple):
    """The spans that a first pass finds in the sentences of documents."""

    sentences: Sequence[Sequence[str]]
    spans: Sequence[Sequence[Span]]
    documents: Sequence[int]  # numbers that tell to which one each sentence belongs


class Size(NamedTuple):
    """A setting of size that decides how much a network can learn, and how long that takes."""

    small: int  # enough for a model that is trained quickly
    low: int  # the range that is worth a search, both ends included
    high: int


class Feature(ABC):
    """A property of tokens: their ids, and the module that embeds them."""

    FILES: ClassVar[tuple[str, ...]] = ()
    """Names of the files that it may add to a bundle."""
    DEFAULTS: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Values of its settings that are left open: where tokens are characters, and elsewhere."""
    RESOURCE: ClassVar[str] = ""
    """The setting of section `resources` with the files that it is built from."""

    @classmethod
    @abstractmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Make the feature for training sentences; None where the configuration asks for none."""

    @classmethod
    @abstractmethod
    def read(cls, data: StoredData) -> Self | None:
        """Read it without trust; None where a bundle has none. Raises `ValidationError`."""

    @classmethod
    def sizes_of(cls, config: ModelConfig) -> Mapping[str, Size]:
        """Its settings of size that matter, where the configuration asks for the feature."""
        return {}

    def grown(self, data: TrainingData) -> Self:
        """The feature of a model that goes on with other sentences: it knows more, and no less.

        Raises `UsageError` for files that it is not built from a second time.
        """
        self.refuse_files(data.config)
        return self

    @classmethod
    def refuse_files(cls, config: Config) -> None:
        """Refuse files for a feature that stays as the start model has it. Raises `UsageError`."""
        if cls.RESOURCE and getattr(config.resources, cls.RESOURCE):
            raise UsageError(
                f"resources.{cls.RESOURCE}: a start model brings its own or has none; leave these "
                "files out, or train a new model with them"
            )

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of the tables of `old`, from which it has grown, that its own begin with."""
        return []

    def files(self) -> dict[str, Any]:
        """The JSON values that it adds to a bundle, by name."""
        return {}

    @classmethod
    def resource_name(cls, spec: str) -> str:
        """The name, without folders, of a file as `RESOURCE` has it."""
        return Path(spec).name


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

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of each column's embedding, which are the same."""
        return [range(size) for size in self.sizes]

    def modules(self, config: ModelConfig) -> "list[nn.Embedding]":
        """The embedding of each column."""
        from torch import nn

        dim = getattr(config, self.DIM)
        tables = [nn.Embedding(size, dim) for size in self.sizes] if dim else []
        for table in tables if self.ZEROED else ():
            nn.init.zeros_(table.weight)
        return tables


class WordFeature(CategoricalFeature):
    """A categorical feature that follows from the word alone."""

    @abstractmethod
    def ids(self, word: str) -> CategoryIds:
        """The ids of a word."""


class SentenceFeature(CategoricalFeature):
    """A categorical feature that depends on the tokens beside a token."""

    @abstractmethod
    def ids(self, tokens: Sequence[str]) -> Sequence[CategoryIds]:
        """The ids of each token of a sentence."""


class DocumentFeature(CategoricalFeature):
    """A categorical feature that depends on the spans found in the document: it takes two passes.

    In the first pass its ids are 0. It is built where `model.context` is ``document``.
    """

    @abstractmethod
    def ids(self, found: DocumentSpans) -> Iterable[Sequence[CategoryIds]]:
        """The ids of each token of each sentence."""
