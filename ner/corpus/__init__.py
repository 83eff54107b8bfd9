"""Corpora: labelled files read, written, found by name, checked and counted.

::

    corpus = load_corpus("conll2003")           # name, folder or file
    sentences = read_file("train.conll.gz")     # columns or JSON Lines
    write_file("train.jsonl", sentences, "jsonl")
"""

from ner.corpus.check import CheckReport, Finding, check
from ner.corpus.corpus import Corpus, checksum, cut_valid
from ner.corpus.fingerprints import TrainingFingerprints
from ner.corpus.formats import (
    read_columns,
    read_file,
    read_jsonl,
    write_file,
    write_stream,
)
from ner.corpus.loading import find, load_corpus, locate, overlaps, read_corpus
from ner.corpus.named import NAMED, NamedCorpus
from ner.corpus.stats import CorpusStats, SplitStats, count

__all__ = [
    "NAMED",
    "CheckReport",
    "Corpus",
    "CorpusStats",
    "Finding",
    "NamedCorpus",
    "SplitStats",
    "TrainingFingerprints",
    "check",
    "checksum",
    "count",
    "cut_valid",
    "find",
    "load_corpus",
    "locate",
    "overlaps",
    "read_columns",
    "read_corpus",
    "read_file",
    "read_jsonl",
    "write_file",
    "write_stream",
]
