"""All features, in their order in models.

The order decides the random numbers that begin their weights, and their place in the embedding: a
new one comes last. To add one: its file, its class in this list, its settings.
"""

from collections.abc import Sequence

from ner.config import ModelConfig, ResourcesConfig
from ner.features.bigrams import Bigrams
from ner.features.casing import Casing
from ner.features.characters import Characters
from ner.features.clusters import Clusters
from ner.features.document_context import DocumentContext
from ner.features.feature import Feature, TrainingData
from ner.features.gazetteers import Gazetteers
from ner.features.indexer import Indexer
from ner.features.words import Words
from ner.stored import StoredFolder

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


def read_indexer(files: StoredFolder, config: ModelConfig, labels: Sequence[str] = ()) -> Indexer:
    """Read the features of a bundle. Raises `ValidationError`."""
    found = [feature.read(files, config, labels) for feature in FEATURES]
    return Indexer(tuple(feature for feature in found if feature is not None))


def defaults(*, single_characters: bool) -> dict[str, str]:
    """Values of settings of features that are left open, by whether tokens are characters."""
    both = {key: values for feature in FEATURES for key, values in feature.DEFAULTS.items()}
    return {key: single if single_characters else other for key, (single, other) in both.items()}


def resource_names(config: ResourcesConfig) -> dict[str, list[str]]:
    """Names, without folders, of the files that features are built from, by setting."""
    named = [feature.resources(config) for feature in FEATURES]
    return {setting: names for part in named for setting, names in part.items() if names}
