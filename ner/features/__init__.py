"""From words to ids: one file for each feature, their registry, and batches of both."""

from typing import TYPE_CHECKING

from ner.lazy import lazy_names

if TYPE_CHECKING:  # each module is loaded with its first name
    from ner.features.batch import Batch, Example, collate, collate_rows
    from ner.features.feature import Context, DocumentSpans, StoredData, TrainingData
    from ner.features.indexer import FeatureIds, FeatureTable, Indexer, Key, key_word
    from ner.features.parts import select
    from ner.features.plans import pack_batches, plan_batches
    from ner.features.profile import Profiler, TextProfile, Watch
    from ner.features.registry import (
        FILES,
        build_indexer,
        default_settings,
        document_settings,
        feature_sizes,
        grown_indexer,
        read_indexer,
        resource_names,
    )
    from ner.features.targets import (
        CountsBatch,
        ExpectedCounts,
        Label,
        LabelBatch,
        LayerBatch,
        LayerTags,
        TagBatch,
        Tags,
        Target,
        TargetBatch,
        sent,
    )
    from ner.features.vectors import Vectors, VectorsOnce, read_vectors
    from ner.features.vocabulary import PADDING, UNKNOWN, TableSize, Vocabulary, fold, shortened
    from ner.features.word_lists import WordList, entries_of, read_word_lists
    from ner.features.words import Words, WordTable, unk_rates

__all__ = [
    "FILES", "PADDING", "UNKNOWN", "Batch", "Context", "CountsBatch", "DocumentSpans", "Example",
    "ExpectedCounts", "FeatureIds", "FeatureTable", "Indexer", "Key", "Label", "LabelBatch",
    "LayerBatch", "LayerTags", "Profiler", "StoredData", "TableSize", "TagBatch", "Tags", "Target",
    "TargetBatch", "TextProfile", "TrainingData", "Vectors", "VectorsOnce", "Vocabulary", "Watch",
    "WordList", "WordTable", "Words", "build_indexer", "collate", "collate_rows",
    "default_settings", "document_settings", "entries_of", "feature_sizes", "fold", "grown_indexer",
    "key_word", "pack_batches", "plan_batches", "read_indexer", "read_vectors", "read_word_lists",
    "resource_names", "select", "sent", "shortened", "unk_rates",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "batch": ["Batch", "Example", "collate", "collate_rows"],
        "feature": ["Context", "DocumentSpans", "StoredData", "TrainingData"],
        "indexer": ["FeatureIds", "FeatureTable", "Indexer", "Key", "key_word"],
        "parts": ["select"],
        "plans": ["pack_batches", "plan_batches"],
        "profile": ["Profiler", "TextProfile", "Watch"],
        "registry": [
            "FILES", "build_indexer", "default_settings", "document_settings", "feature_sizes",
            "grown_indexer", "read_indexer", "resource_names",
        ],
        "targets": [
            "CountsBatch", "ExpectedCounts", "Label", "LabelBatch", "LayerBatch", "LayerTags",
            "TagBatch", "Tags", "Target", "TargetBatch", "sent",
        ],
        "vectors": ["Vectors", "VectorsOnce", "read_vectors"],
        "vocabulary": ["PADDING", "UNKNOWN", "TableSize", "Vocabulary", "fold", "shortened"],
        "word_lists": ["WordList", "entries_of", "read_word_lists"],
        "words": ["Words", "WordTable", "unk_rates"],
    },
)  # fmt: skip
