"""Formats of labelled files: a registry, one module each, recognised by content.

A format is one class in one file: `Format`, or `RecordFormat` where a file holds values of JSON or
rows of a table. All ends in the same two ways to sentences: texts with offsets
(`ner.corpus.text_records`), or tokens with tags (`ner.corpus.tagged_records`).
"""

from typing import TYPE_CHECKING

from ner.lazy import lazy_names

if TYPE_CHECKING:  # each module is loaded with its first name
    from ner.corpus.formats.json_input import in_braces, is_jsonl
    from ner.corpus.formats.reading import (
        is_readable_folder,
        read,
        read_columns,
        read_file,
        read_jsonl,
        write_file,
        write_splits,
        write_stream,
    )
    from ner.corpus.formats.registry import FORMATS, writer_named

__all__ = [
    "FORMATS", "in_braces", "is_jsonl", "is_readable_folder", "read", "read_columns",
    "read_file", "read_jsonl", "write_file", "write_splits", "write_stream", "writer_named",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "json_input": ["in_braces", "is_jsonl"],
        "reading": [
            "is_readable_folder", "read", "read_columns", "read_file", "read_jsonl",
            "write_file", "write_splits", "write_stream",
        ],
        "registry": ["FORMATS", "writer_named"],
    },
)  # fmt: skip
