"""Corpora: labelled files read, written, found by name, checked and counted.

::

    corpus = load_corpus("conll2003")           # name, folder or file
    sentences = read_file("train.conll.gz")     # columns or JSON Lines
    write_file("train.jsonl", sentences, "jsonl")
"""

from typing import TYPE_CHECKING

from ner.lazy import lazy_names

if TYPE_CHECKING:  # each module is loaded with its first name
    from ner.corpus.checks import CheckReport, check, check_content
    from ner.corpus.corpus import Corpus, checksum, cut_valid
    from ner.corpus.decisions import (
        Decision,
        check_entities,
        decided,
        in_same_tokens,
        parse_decision,
        placed_entities,
        token_ranges,
    )
    from ner.corpus.diagnostics import Diagnostics
    from ner.corpus.fingerprints import TrainingFingerprints
    from ner.corpus.formats import (
        FORMATS,
        in_braces,
        is_jsonl,
        read_columns,
        read_file,
        read_jsonl,
        write_file,
        write_splits,
        write_stream,
        writer_named,
    )
    from ner.corpus.journal import (
        Head,
        History,
        Reviewed,
        Stroke,
        do_line,
        is_journal,
        load_journal,
        read_files,
        read_journal,
        read_journals,
    )
    from ner.corpus.layers import with_layers
    from ner.corpus.lines import file_lines, text_lines
    from ner.corpus.loading import (
        Files,
        cache_folder,
        find,
        holds_splits,
        load_corpus,
        locate,
        overlaps,
        read_corpus,
        with_valid,
    )
    from ner.corpus.merged import (
        map_labels,
        merge_corpora,
        parse_label_map,
        with_unannotated,
    )
    from ner.corpus.named import NAMED, NamedCorpus
    from ner.corpus.partial import partial_labels_within, possible_tags, with_partial_labels
    from ner.corpus.patch import patch_file
    from ner.corpus.plain import (
        LAYOUTS,
        Chunk,
        Passage,
        cut_lines,
        layout_named,
        layout_of,
        number_note,
        record_fields,
    )
    from ner.corpus.plausibility import Finding
    from ner.corpus.queue import QueueItem, read_queue, write_queue
    from ner.corpus.records import InvalidRecord, field_of, kind_of, parse_json
    from ner.corpus.stats import CorpusStats, SplitStats, count, stats_rows
    from ner.corpus.tables import load_arrow

__all__ = [
    "FORMATS", "LAYOUTS", "NAMED", "CheckReport", "Chunk", "Corpus", "CorpusStats", "Decision",
    "Diagnostics", "Files", "Finding", "Head", "History", "InvalidRecord", "NamedCorpus", "Passage",
    "QueueItem", "Reviewed", "SplitStats", "Stroke", "TrainingFingerprints", "cache_folder",
    "check", "check_content", "check_entities", "checksum", "count", "cut_lines", "cut_valid",
    "decided", "do_line", "field_of", "file_lines", "find", "holds_splits", "in_braces",
    "in_same_tokens", "is_journal", "is_jsonl", "kind_of", "layout_named", "layout_of",
    "load_arrow", "load_corpus", "load_journal", "locate", "map_labels", "merge_corpora",
    "number_note", "overlaps", "parse_decision", "parse_json", "parse_label_map",
    "partial_labels_within", "patch_file", "placed_entities", "possible_tags", "read_columns",
    "read_corpus", "read_file", "read_files", "read_journal", "read_journals", "read_jsonl",
    "read_queue", "record_fields", "stats_rows", "text_lines", "token_ranges", "with_layers",
    "with_partial_labels", "with_unannotated", "with_valid", "write_file", "write_queue",
    "write_splits", "write_stream", "writer_named",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "checks": ["CheckReport", "check", "check_content"],
        "corpus": ["Corpus", "checksum", "cut_valid"],
        "decisions": [
            "Decision", "check_entities", "decided", "in_same_tokens", "parse_decision",
            "placed_entities", "token_ranges",
        ],
        "diagnostics": ["Diagnostics"],
        "fingerprints": ["TrainingFingerprints"],
        "formats": [
            "FORMATS", "in_braces", "is_jsonl", "read_columns", "read_file",
            "read_jsonl", "write_file", "write_splits", "write_stream", "writer_named",
        ],
        "journal": [
            "Head", "History", "Reviewed", "Stroke", "do_line", "is_journal", "load_journal",
            "read_files", "read_journal", "read_journals",
        ],
        "layers": ["with_layers"],
        "lines": ["file_lines", "text_lines"],
        "loading": [
            "Files", "cache_folder", "find", "holds_splits", "load_corpus", "locate",
            "overlaps", "read_corpus", "with_valid",
        ],
        "merged": ["map_labels", "merge_corpora", "parse_label_map", "with_unannotated"],
        "named": ["NAMED", "NamedCorpus"],
        "partial": ["partial_labels_within", "possible_tags", "with_partial_labels"],
        "patch": ["patch_file"],
        "plain": [
            "LAYOUTS", "Chunk", "Passage", "cut_lines", "layout_named", "layout_of",
            "number_note", "record_fields",
        ],
        "plausibility": ["Finding"],
        "queue": ["QueueItem", "read_queue", "write_queue"],
        "records": ["InvalidRecord", "field_of", "kind_of", "parse_json"],
        "stats": ["CorpusStats", "SplitStats", "count", "stats_rows"],
        "tables": ["load_arrow"],
    },
)  # fmt: skip
