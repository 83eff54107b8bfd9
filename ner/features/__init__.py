"""From words to numbers: vocabularies, pre-trained vectors, batches."""

from ner.features.batch import Batch, Example, collate, plan_batches
from ner.features.indexer import Indexer
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import PADDING, UNKNOWN, Vocabulary

__all__ = [
    "PADDING",
    "UNKNOWN",
    "Batch",
    "Example",
    "Indexer",
    "Vectors",
    "Vocabulary",
    "collate",
    "plan_batches",
    "read_vectors",
]
