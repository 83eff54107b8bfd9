"""From words to numbers: vocabularies, vectors, clusters, word lists, batches."""

from ner.features.batch import Batch, Example, Expected, collate, plan_batches
from ner.features.clusters import Clusters, read_clusters
from ner.features.gazetteers import Gazetteer, read_gazetteers
from ner.features.indexer import Indexer, WordTable
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = [
    "PADDING",
    "UNKNOWN",
    "Batch",
    "Clusters",
    "Example",
    "Expected",
    "Gazetteer",
    "Indexer",
    "Vectors",
    "Vocabulary",
    "WordTable",
    "collate",
    "plan_batches",
    "read_clusters",
    "read_gazetteers",
    "read_vectors",
]
