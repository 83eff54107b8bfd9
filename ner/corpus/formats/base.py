"""The protocol of a format: recognise a file by its content, read it and write it.

A format of records, values out of JSON or a table, only turns one value into one record.
"""

import abc
import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Generic, TextIO, TypeVar

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats.writing import gap_of
from ner.corpus.json_values import InvalidRecord
from ner.corpus.parsed import ParseResult
from ner.corpus.tagged_records import TaggedRecord, parse_tagged_records
from ner.corpus.text_records import TextRecord, parse_text_records
from ner.text import Sentence

Item = TypeVar("Item")
Record = TextRecord | TaggedRecord
Line = tuple[int, str]
SHOWN = 20
"""Values that are looked at to recognise their format."""


class Peekable(Generic[Item]):
    """An iterator whose first items can be looked at before they are taken."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)

    def peek(self, count: int) -> list[Item]:
        """The next items, at most `count`; they stay."""
        head = list(itertools.islice(self._items, count))
        self._items = itertools.chain(head, self._items)
        return head

    def __iter__(self) -> Iterator[Item]:
        return self._items


@dataclass
class Input:
    """An open labelled file: its first bytes, its lines and, if it has any, its values.

    `values` are those of JSON or of the rows of a table, each with its line or row; None where the
    file is neither. `path` is None for a stream.
    """

    source: str
    path: Path | None
    stream: IO[bytes]
    start: bytes
    config: DataConfig
    diagnostics: Diagnostics
    lines: Peekable[Line]
    values: Peekable[tuple[int, Any]] | None = None


class Skipped(Exception):
    """A record that is left out on purpose; the message is the kind of note."""


class Format(abc.ABC):
    """One format; `makers` says who writes it and `loses` what it cannot hold when written.

    `by_offsets` is set where entities are offsets in a text, which know nothing of unknown tags.
    """

    name: ClassVar[str]
    makers: ClassVar[str]
    title: ClassVar[str] = ""
    loses: ClassVar[tuple[str, ...]] = ()
    by_offsets: ClassVar[bool] = False

    @abc.abstractmethod
    def recognises(self, given: Input) -> bool:
        """Tell if a file is of this format; nothing of it may be taken."""

    @abc.abstractmethod
    def read(self, given: Input) -> ParseResult:
        """Read the sentences. Raises `CorpusError`, mostly through ``given.diagnostics``."""


class TextWriter(abc.ABC):
    """A format that is written as text."""

    @abc.abstractmethod
    def write(self, sentences: Sequence[Sentence], stream: TextIO, unknown: str) -> None:
        """Write sentences; `unknown` is the tag of tokens whose label is unknown."""


class BinaryWriter(abc.ABC):
    """A format that is written as bytes."""

    @abc.abstractmethod
    def write(self, sentences: Sequence[Sentence], stream: IO[bytes], unknown: str) -> None:
        """Write sentences; `unknown` is the tag of tokens whose label is unknown."""


class RecordFormat(Format, TextWriter):
    """A format whose records are values; written as JSON Lines."""

    keys: ClassVar[str]
    """The keys that make it, for messages."""

    @abc.abstractmethod
    def fits(self, value: Any) -> bool:
        """Tell if a value looks like a record of this format."""

    @abc.abstractmethod
    def record(self, value: Any, line: int, config: DataConfig) -> Record:
        """Turn a value into a record. Raises `InvalidRecord`, and `Skipped` to leave it out."""

    def parts(self, value: Any) -> Iterable[Any]:
        """The values of which each is a record, where one holds several."""
        return (value,)

    @abc.abstractmethod
    def value(self, sentence: Sentence, gap: str, unknown: str) -> Any:
        """Turn a sentence into a value; `gap` stands between tokens without offsets."""

    def recognises(self, given: Input) -> bool:
        """Tell if one of the first values fits."""
        shown = given.values.peek(SHOWN) if given.values else []
        return any(self.fits(value) for _, value in shown)

    def read(self, given: Input) -> ParseResult:
        """Read the values of a file, those that cannot be used reported each by itself."""
        makers = (
            (line, functools.partial(self.record, part, line, given.config))
            for line, value in given.values or ()
            for part in self.parts(value)
        )
        return parse_records(given, makers)

    def write(self, sentences: Sequence[Sentence], stream: TextIO, unknown: str) -> None:
        """Write a value for each sentence, one a line."""
        gap = gap_of(sentences)
        for sentence in sentences:
            json.dump(self.value(sentence, gap, unknown), stream, ensure_ascii=False)
            stream.write("\n")


def parse_records(given: Input, makers: Iterable[tuple[int, Callable[[], Record]]]) -> ParseResult:
    """Turn the records of a file, each made by a function, into sentences.

    The first decides if all of them are texts or tokens with tags.
    """
    records = Peekable(_made(given, makers))
    first = records.peek(1)
    parse: Any = parse_tagged_records if _is_tagged(first) else parse_text_records
    kind = TaggedRecord if _is_tagged(first) else TextRecord
    alike = (record for record in records if _is_alike(record, kind, given))
    result: ParseResult = parse(alike, given.config, given.source, given.diagnostics)
    return result


def _is_tagged(first: list[Record]) -> bool:
    return bool(first) and isinstance(first[0], TaggedRecord)


def _is_alike(record: Record, kind: type[Record], given: Input) -> bool:
    if isinstance(record, kind):
        return True
    line = record.lines[0] if isinstance(record, TaggedRecord) else record.line
    message = "tokens with tags and texts with offsets in one file; split it"
    given.diagnostics.error(f"{given.source}:{line}", message)
    return False


def _made(given: Input, makers: Iterable[tuple[int, Callable[[], Record]]]) -> Iterator[Record]:
    """The records that can be made; the others are reported, or noted if left out on purpose."""
    for line, make in makers:
        try:
            yield make()
        except Skipped as kind:
            given.diagnostics.count(str(kind), f"{given.source}:{line}")
        except InvalidRecord as error:
            given.diagnostics.error(error.place or f"{given.source}:{line}", str(error))
