"""brat: a text (``.txt``) and its entities (``.ann``) side by side, a document a pair.

::

    T1	PER 0 9	Anna Berg
    T2	PER 0 4;14 16	Anna Bo

Fragments with nothing but blanks between them are one entity. A *discontinuous* entity, whose
fragments lie apart, has no tags that could say it: it is left out, and counted. So are texts
without an ``.ann``; relations, events and attributes are not read.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from ner.corpus.formats.base import (
    FolderFormat,
    FolderWriter,
    Input,
    Output,
    by_document,
    parse_records,
)
from ner.corpus.records import CharacterSpan, InvalidRecord, ParseResult, TextRecord
from ner.errors import CorpusError, UsageError, shorten
from ner.files import open_binary
from ner.interchange import brat_line

_ENTITY = re.compile(r"T\S*\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)(?:\t(.*))?")
_LEFT_OUT = "discontinuous entities left out"
_SUFFIXES = (".ann", ".txt")
_BETWEEN = "\n\n"  # blank lines end sentences


class Brat(FolderFormat, FolderWriter):
    """Pairs of ``.txt`` and ``.ann``."""

    name = "brat"
    extension = ""
    makers = "brat, and corpora in its standoff format"
    by_offsets = True
    loses = ("tokens",)

    def holds(self, path: Path) -> bool:
        """Tell if a path is one of a pair, or a folder with pairs."""
        if path.is_dir():
            return any(found.with_suffix(".txt").is_file() for found in path.glob("*.ann"))
        return path.suffix in _SUFFIXES and all(path.with_suffix(s).is_file() for s in _SUFFIXES)

    def read(self, given: Input) -> ParseResult:
        """Read one pair or all of a folder, each a document."""
        if given.path is None:
            raise UsageError(f"{given.source}: brat has two files; give the path of one of them")
        makers = ((1, partial(_document, path, given)) for path in _annotations(given))
        return parse_records(given, makers)

    def write(self, sentences: Sequence[Output], folder: Path) -> None:
        """Write a pair for each document, a sentence a paragraph."""
        for number, document in enumerate(by_document(sentences), 1):
            text, lines = "", list[str]()
            for sentence in document:
                own, _, entities = sentence.placed()
                for entity in entities:
                    _check(entity.label, sentence.place)
                    lines.append(brat_line(len(lines) + 1, entity, own, len(text)))
                text += own + _BETWEEN
            stem = folder / f"{number:05}"
            stem.with_suffix(".txt").write_bytes(text.encode())
            stem.with_suffix(".ann").write_bytes("".join(lines).encode())


def _annotations(given: Input) -> Iterator[Path]:
    """The ``.ann`` files at a path; texts without one are noted."""
    assert given.path is not None, "checked before"
    if not given.path.is_dir():
        yield given.path.with_suffix(".ann")
        return
    for text in sorted(given.path.glob("*.txt")):
        if text.with_suffix(".ann").is_file():
            yield text.with_suffix(".ann")
        else:
            given.diagnostics.count("texts without an .ann file left out", str(text))


def _document(path: Path, given: Input) -> TextRecord:
    """The text beside an ``.ann`` file, with its entities. Raises `InvalidRecord`."""
    text_path = path.with_suffix(".txt")
    text = _decoded(text_path, given.config.encoding)
    entities = []
    for number, line in enumerate(_decoded(path, given.config.encoding).split("\n"), 1):
        if line.startswith("T"):
            place = f"{path}:{number}"
            entity = _entity(line.rstrip("\r"), text, place)
            if entity:
                entities.append(entity)
            else:
                given.diagnostics.count(_LEFT_OUT, place)
    return TextRecord(1, text, entities, source=str(text_path))


def _decoded(path: Path, encoding: str) -> str:
    """The text of a file as it is, line ends included. Raises `NerError`."""
    with open_binary(path) as stream:
        data = stream.read()
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise CorpusError(
            f"{path}: is not {encoding} ({error}); name its encoding with --encoding"
        ) from None


def _entity(line: str, text: str, place: str) -> CharacterSpan | None:
    """The entity on a line; None if it is discontinuous. Raises `InvalidRecord`."""
    match = _ENTITY.fullmatch(line)
    if not match:
        raise InvalidRecord(
            f"{shorten(line)} is no entity of brat (T1<TAB>TYPE 0 4<TAB>text)", place
        )
    label, ranges, quoted = match.groups()
    ends = [[int(end) for end in fragment.split(" ")] for fragment in ranges.split(";")]
    gaps = [text[one[1] : other[0]] for one, other in itertools.pairwise(ends)]
    if any(gap.strip() for gap in gaps):
        return None
    start, end = ends[0][0], ends[-1][1]
    blank = quoted is None or quoted.split() == text[start:end].split()
    return CharacterSpan(start, end, label, None if blank else quoted, place)


def _check(label: str, place: str) -> None:
    """Refuse a type with a blank. Raises `CorpusError`."""
    if re.search(r"\s", label):
        raise CorpusError(f"{place}: brat cannot hold the type {shorten(label)}: a blank")
