"""From words to ids: one file for each feature, their registry, and batches of both."""

from ner.features.batch import Batch, Example, collate, pack_batches, plan_batches
from ner.features.feature import Context, DocumentSpans, StoredData, TrainingData
from ner.features.indexer import FeatureIds, FeatureTable, Indexer, Key, key_word
from ner.features.registry import (
    FILES,
    build_indexer,
    default_settings,
    document_settings,
    read_indexer,
    resource_names,
)
from ner.features.targets import CountsBatch, ExpectedCounts, Label, LabelBatch, TagBatch, Tags
from ner.features.vectors import Vectors, VectorsOnce, read_vectors
from ner.features.vocabulary import PADDING, UNKNOWN, TableSize, Vocabulary, fold, shortened
from ner.features.word_lists import WordList, read_word_lists
from ner.features.words import Words, WordTable, unk_rates

__all__ = [
    "FILES", "PADDING", "UNKNOWN", "Batch", "Context", "CountsBatch", "DocumentSpans",
    "Example", "ExpectedCounts", "FeatureIds", "FeatureTable", "Indexer", "Key", "Label",
    "LabelBatch", "StoredData", "TableSize", "TagBatch", "Tags", "TrainingData", "Vectors",
    "VectorsOnce", "Vocabulary", "WordList", "WordTable", "Words", "build_indexer", "collate",
    "default_settings", "document_settings", "fold", "key_word", "pack_batches", "plan_batches",
    "read_indexer", "read_vectors", "read_word_lists", "resource_names", "shortened",
    "unk_rates",
]  # fmt: skip
