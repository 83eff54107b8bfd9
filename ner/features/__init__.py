"""From words to ids: one file for each feature, their registry, and batches of both."""

from ner.features.batch import Batch, Example, collate, plan_batches
from ner.features.feature import FirstPass, TrainingData
from ner.features.indexer import FeatureTable, Indexer
from ner.features.registry import build_indexer, read_indexer
from ner.features.targets import (
    CountsBatch,
    ExpectedCounts,
    Label,
    LabelBatch,
    TagBatch,
    Tags,
)
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import PADDING, UNKNOWN, Vocabulary
from ner.features.words import TableSize, WordEmbedding, Words, WordTable

__all__ = [
    "PADDING",
    "UNKNOWN",
    "Batch",
    "CountsBatch",
    "Example",
    "ExpectedCounts",
    "FeatureTable",
    "FirstPass",
    "Indexer",
    "Label",
    "LabelBatch",
    "TableSize",
    "TagBatch",
    "Tags",
    "TrainingData",
    "Vectors",
    "Vocabulary",
    "WordEmbedding",
    "WordTable",
    "Words",
    "build_indexer",
    "collate",
    "plan_batches",
    "read_indexer",
    "read_vectors",
]
