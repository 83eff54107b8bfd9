"""All formats, by name, in the order in which a file is held against them."""

import difflib
from pathlib import Path
from typing import Any

from ner.corpus.formats.base import (
    SHOWN,
    BinaryWriter,
    FolderFormat,
    FolderWriter,
    Format,
    Input,
    RecordFormat,
    TextWriter,
)
from ner.corpus.formats.brat import Brat
from ner.corpus.formats.columns import Columns
from ner.corpus.formats.conllu import Conllu
from ner.corpus.formats.delimited import Delimited
from ner.corpus.formats.docbin import DocBinFormat
from ner.corpus.formats.doccano import Doccano
from ner.corpus.formats.hf import HuggingFace
from ner.corpus.formats.jsonl import JsonLines
from ner.corpus.formats.label_studio import LabelStudio
from ner.corpus.formats.prodigy import Prodigy
from ner.corpus.formats.spacy import SpacyJson
from ner.corpus.formats.stanza import Stanza
from ner.corpus.formats.tables import SavedDataset, Tables
from ner.errors import CorpusError, UsageError, shorten

RECORDS: tuple[RecordFormat, ...] = (
    JsonLines(), Prodigy(), Doccano(), LabelStudio(), SpacyJson(), HuggingFace(), Stanza(),
)  # fmt: skip


def format_named(name: str) -> Format:
    """Look a format up. Raises `UsageError` that lists the known ones."""
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise UsageError(f"unknown format {name!r:.60}{meant}; choose one of {', '.join(FORMATS)}")
    return FORMATS[name]


def folder_format_of(path: Path) -> Format | None:
    """The format of a folder, or of one of several files that belong together."""
    folders = (format for format in FORMATS.values() if isinstance(format, FolderFormat))
    return next((format for format in folders if format.holds(path)), None)


def writer_named(name: str) -> Format:
    """The format that writes under a name, which may be a tag scheme. Raises `UsageError`."""
    writers = (TextWriter, BinaryWriter, FolderWriter)
    written = [known for known, format in FORMATS.items() if isinstance(format, writers)]
    if name in written:
        return FORMATS[name]
    try:
        return Columns(name)
    except UsageError as error:
        why = f"{name} is only read, not written; choose" if name in FORMATS else f"{error}; or"
        raise UsageError(f"{why} a format: {', '.join(written)}") from None


def is_record(value: object) -> bool:
    """Recognise a value that is a record of some format."""
    return any(format.fits(value) for format in RECORDS)


def recognise(given: Input) -> Format:
    """The format of a file, by its content. Raises `CorpusError` for values of no known kind."""
    if given.values is not None:
        return _format_of_values(given)
    return next(format for format in FORMATS.values() if format.recognises(given))


def _format_of_values(given: Input) -> Format:
    """The format that fits most specifically: of those that fit the first values, one that lasts.

    An empty list of entities fits several; later values tell.
    """
    shown = [value for _, value in given.values.peek(SHOWN)] if given.values else []
    left = list(RECORDS)
    for value in shown:
        left = [format for format in left if format.fits(value)] or left
    if len(left) < len(RECORDS):
        return left[0]
    if not shown:
        return RECORDS[0]
    known = "; ".join(f"{format.name}: {format.keys}" for format in RECORDS)
    raise CorpusError(
        f"{given.source}: JSON of an unknown kind, {_described(shown[0])}; understood are {known}"
    )


def _described(value: Any) -> str:
    """The kind of a value, with its keys if it has any, for a message."""
    if isinstance(value, dict):
        return f"objects with the keys {shorten(', '.join(value), 100)}" if value else "{}"
    kinds: dict[type, str] = {list: "lists", str: "texts"}
    return kinds.get(type(value), "numbers or the like")


FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        *RECORDS, Tables(_format_of_values), SavedDataset(_format_of_values), DocBinFormat(),
        Brat(), Conllu(), Delimited(), Columns(),
    )
}  # fmt: skip
"""The last is what a file is that nothing else recognises."""
