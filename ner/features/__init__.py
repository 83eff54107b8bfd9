"""From words to ids: one file for each feature, their registry, and batches of both."""

from ner.features.batch import Batch, Example, collate, pack_batches, plan_batches
from ner.features.characters import shortened
from ner.features.document_context import DocumentContext, first_pass_labels
from ner.features.feature import FirstPass, TrainingData
from ner.features.indexer import FeatureTable, Indexer, Key, key_word
from ner.features.registry import FILES, build_indexer, read_indexer, resource_names
from ner.features.targets import CountsBatch, ExpectedCounts, Label, LabelBatch, TagBatch, Tags
from ner.features.vectors import Vectors, read_vectors
from ner.features.vocabulary import PADDING, UNKNOWN, Vocabulary, fold
from ner.features.words import TableSize, WordEmbedding, Words, WordTable, unk_rates

__all__ = [
    "FILES", "PADDING", "UNKNOWN", "Batch", "CountsBatch", "DocumentContext", "Example",
    "ExpectedCounts", "FeatureTable", "FirstPass", "Indexer", "Key", "Label", "LabelBatch",
    "TableSize", "TagBatch", "Tags", "TrainingData", "Vectors", "Vocabulary", "WordEmbedding",
    "WordTable", "Words", "build_indexer", "collate", "first_pass_labels", "fold", "key_word",
    "pack_batches", "plan_batches", "read_indexer", "read_vectors", "resource_names",
    "shortened", "unk_rates",
]  # fmt: skip
