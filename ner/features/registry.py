"""All features, in their order in models.

The order decides the random numbers that begin their weights, and their place in the embedding: a
new one comes last. To add one: its file, its class in this list, its settings.
"""

from collections.abc import Mapping
from typing import Any

from ner.config import ModelConfig
from ner.features.bigrams import Bigrams
from ner.features.casing import Casing
from ner.features.characters import Characters
from ner.features.clusters import Clusters
from ner.features.document_context import DocumentContext
from ner.features.feature import DocumentFeature, Feature, Size, StoredData, TrainingData
from ner.features.gazetteers import Gazetteers
from ner.features.indexer import Indexer
from ner.features.words import Words

FEATURES: tuple[type[Feature], ...] = (
    Words,
    Characters,
    Casing,
    Clusters,
    Gazetteers,
    Bigrams,
    DocumentContext,
)
FILES = frozenset(name for feature in FEATURES for name in feature.FILES)
"""Names of the files that features may add to a bundle."""


def build_indexer(data: TrainingData) -> Indexer:
    """Make the features that a configuration asks for, of training sentences."""
    built = [feature.build(data) for feature in FEATURES]
    return Indexer(tuple(feature for feature in built if feature is not None))


def grown_indexer(indexer: Indexer, data: TrainingData) -> Indexer:
    """The features of a model that goes on with other sentences.

    Raises `UsageError` for files of features that have all their entries from the start model.
    """
    for feature in FEATURES:
        if indexer.find(feature) is None:
            feature.refuse_files(data.config)
    return Indexer(tuple(feature.grown(data) for feature in indexer.features))


def read_indexer(data: StoredData) -> Indexer:
    """Read the features of a bundle. Raises `ValidationError`."""
    found = [feature.read(data) for feature in FEATURES]
    return Indexer(tuple(feature for feature in found if feature is not None))


def default_settings(*, single_characters: bool) -> dict[str, str]:
    """Values of settings of features that are left open, by whether tokens are characters."""
    both = {key: values for feature in FEATURES for key, values in feature.DEFAULTS.items()}
    return {key: single if single_characters else other for key, (single, other) in both.items()}


def feature_sizes(config: ModelConfig) -> dict[str, Size]:
    """Settings of size of the features that a configuration asks for."""
    return {key: size for own in FEATURES for key, size in own.sizes_of(config).items()}


def resource_names(resources: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names, without folders, of the files that features are built from, by setting."""
    found = {}
    for feature in FEATURES:
        value = resources.get(feature.RESOURCE, ())
        if specs := [value] if value and isinstance(value, str) else value:
            found[feature.RESOURCE] = [feature.resource_name(spec) for spec in specs]
    return found


def document_settings() -> list[str]:
    """Settings that matter only to features of documents, which no classifier has."""
    return [f"model.{kind.DIM}" for kind in FEATURES if issubclass(kind, DocumentFeature)]
