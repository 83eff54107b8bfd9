"""The protocol of a format: recognise a file by its content, read it and write it.

A format of records, values out of JSON or a table, only turns one value into one record, and a
sentence into one value. All else that a format needs is `ner.corpus.records`.
"""

import abc
import functools
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar, Generic, NamedTuple, TextIO, TypeVar

from ner.corpus.partial import count_lost_labels, known_tags
from ner.corpus.records import (
    InvalidRecord,
    Offsets,
    ParseContext,
    ParseResult,
    Record,
    TaggedRecord,
)
from ner.corpus.tagged_records import parse_tagged_records
from ner.corpus.text_records import parse_text_records
from ner.errors import CorpusError
from ner.text import Sentence, Span, layers_of
from ner.tokenize import detect_style

Item = TypeVar("Item")
Line = tuple[int, str]
SHOWN = 20
"""Values that are looked at to recognise their format."""
_TOKENS_SHOWN = 1000
"""Sentences that are looked at to tell how tokens are joined."""


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
class Input(ParseContext):
    """An open labelled file: its first bytes, its lines and, if it has any, its values.

    `values` are those of JSON or of the rows of a table, each with its line or row; None where the
    file is neither. `path` is None for a stream.
    """

    path: Path | None
    stream: IO[bytes]
    start: bytes
    lines: Peekable[Line]
    values: Peekable[tuple[int, Any]] | None = None


class PlacedText(NamedTuple):
    """A text, the ranges of its tokens, and its entities with character offsets."""

    text: str
    tokens: list[Offsets]
    entities: list[Span]


class Output:
    """A sentence as formats write it: as a text with entities, or as tokens with tags.

    `gap` stands between tokens without offsets; `unknown` is the tag of tokens whose label is.
    `layers` names the tag layers of all sentences.
    """

    def __init__(
        self, sentence: Sentence, gap: str, unknown: str, layers: Sequence[str] = ()
    ) -> None:
        self.sentence, self._gap, self._unknown = sentence, gap, unknown
        self._layers = layers
        self.tokens, self.spans, self.document = sentence.tokens, sentence.spans, sentence.document
        self.place, self.labels = sentence.place, sentence.labels

    def by_layer(self) -> "list[Output]":
        """The sentence once for each tag layer, with its entities; itself if there are none."""
        parts = [self.sentence.of_layer(name) for name in self._layers]
        return [Output(part, self._gap, self._unknown) for part in parts] or [self]

    def tags(self, scheme: str = "iob2") -> list[str]:
        """The tag of each token in a scheme."""
        return [tag or self._unknown for tag in known_tags(self.sentence, scheme)]

    def lost_labels(self, scheme: str) -> int:
        """Count the tokens of which tags of a scheme say less than is known."""
        return count_lost_labels(self.sentence, scheme) if self.sentence.partial else 0

    def placed(self) -> PlacedText:
        """The text of the sentence. Raises `CorpusError` for an empty token."""
        ranges = self._offsets()
        parts: list[str] = []
        position = 0
        for token, (start, end) in zip(self.tokens, ranges, strict=True):
            parts += (" " * (start - position), token)
            position = end
        entities = [
            Span(ranges[s.start][0], ranges[s.end - 1][1], s.label, s.layer) for s in self.spans
        ]
        return PlacedText("".join(parts), ranges, entities)

    def joined(self) -> list[bool]:
        """Tell of each token if it has no gap after it in the text; without offsets all have."""
        offsets = self.sentence.offsets
        if not offsets:
            return [False] * len(self.tokens)
        return [*(one[1] == other[0] for one, other in itertools.pairwise(offsets)), False]

    def _offsets(self) -> list[Offsets]:
        if self.sentence.offsets is not None:
            first = self.sentence.offsets[0][0]
            return [(start - first, end - first) for start, end in self.sentence.offsets]
        ranges: list[Offsets] = []
        start = 0
        for token in self.tokens:
            if not token:
                raise CorpusError(f"{self.place}: an empty token cannot be written; remove it")
            ranges.append((start, start + len(token)))
            start += len(token) + len(self._gap)
        return ranges


def outputs(
    sentences: Sequence[Sentence], unknown: str, layers: Sequence[str] = ()
) -> list[Output]:
    """Sentences ready to be written: tokens that are characters are joined, others have gaps."""
    layers = layers or layers_of(sentences)
    shown = sentences[:_TOKENS_SHOWN]
    style = detect_style(token for sentence in shown for token in sentence.tokens)
    gap = "" if style == "characters" else " "
    return [Output(sentence, gap, unknown, layers) for sentence in sentences]


def by_document(sentences: Iterable[Output]) -> Iterable[list[Output]]:
    """Group sentences that follow one another by document."""
    for _, group in itertools.groupby(sentences, key=lambda sentence: sentence.document):
        yield list(group)


class Skipped(Exception):
    """A record that is left out on purpose; the message is the kind of note."""


class Format(abc.ABC):
    """One format; `makers` says who writes it and `loses` what it cannot hold when written.

    `by_offsets` is set where entities are offsets in a text, which know nothing of unknown tags.
    Files of splits are written with an `extension`. If it `holds_layers`, entities may overlap.
    """

    name: ClassVar[str]
    makers: ClassVar[str]
    title: ClassVar[str] = ""
    loses: ClassVar[tuple[str, ...]] = ()
    by_offsets: ClassVar[bool] = False
    holds_layers: ClassVar[bool] = False
    extension: ClassVar[str] = ".jsonl"

    @abc.abstractmethod
    def recognises(self, given: Input) -> bool:
        """Tell if a file is of this format; nothing of it may be taken."""

    @abc.abstractmethod
    def read(self, given: Input) -> ParseResult:
        """Read the sentences. Raises `CorpusError`, mostly through ``given.diagnostics``."""


class TextWriter(abc.ABC):
    """A format that is written as text."""

    @abc.abstractmethod
    def write(self, sentences: Sequence[Output], stream: TextIO) -> None:
        """Write sentences. Raises `CorpusError` for what the format cannot hold."""


class BinaryWriter(abc.ABC):
    """A format that is written as bytes."""

    @abc.abstractmethod
    def write(self, sentences: Sequence[Output], stream: IO[bytes]) -> None:
        """Write sentences. Raises `CorpusError` for what the format cannot hold."""


class FolderFormat(Format):
    """A format of several files: read by the path of a folder, or of one of them."""

    @abc.abstractmethod
    def holds(self, path: Path) -> bool:
        """Tell if a path is one labelled text of this format."""

    def recognises(self, given: Input) -> bool:
        """Tell by the path."""
        return given.path is not None and self.holds(given.path)


class FolderWriter(abc.ABC):
    """A format that is written as a folder of files."""

    @abc.abstractmethod
    def write(self, sentences: Sequence[Output], folder: Path) -> None:
        """Write sentences. Raises `CorpusError` for what the format cannot hold."""


class RecordFormat(Format, TextWriter):
    """A format whose records are values; written as JSON Lines, or `as_list`."""

    keys: ClassVar[str]
    """The keys that make it, for messages."""
    as_list: ClassVar[bool] = False

    @abc.abstractmethod
    def fits(self, value: Any) -> bool:
        """Tell if a value looks like a record of this format."""

    @abc.abstractmethod
    def record(self, value: Any, line: int, given: Input) -> Record:
        """Turn a value into a record. Raises `InvalidRecord`, and `Skipped` to leave it out."""

    def parts(self, value: Any) -> Iterable[Any]:
        """The values of which each is a record, where one holds several."""
        return (value,)

    @abc.abstractmethod
    def value(self, sentence: Output) -> Any:
        """Turn a sentence into a value."""

    def recognises(self, given: Input) -> bool:
        """Tell if one of the first values fits."""
        shown = given.values.peek(SHOWN) if given.values else []
        return any(self.fits(value) for _, value in shown)

    def read(self, given: Input) -> ParseResult:
        """Read the values of a file, those that cannot be used reported each by itself."""
        makers = (
            (line, functools.partial(self.record, part, line, given))
            for line, value in given.values or ()
            for part in self.parts(value)
        )
        return parse_records(given, makers)

    def write(self, sentences: Sequence[Output], stream: TextIO) -> None:
        """Write a value for each sentence, one a line."""
        stream.write("[\n" * self.as_list)
        for number, sentence in enumerate(sentences):
            stream.write(",\n" if number and self.as_list else "")
            json.dump(self.value(sentence), stream, ensure_ascii=False)
            stream.write("\n" * (not self.as_list))
        stream.write("\n]\n" * self.as_list)


def parse_records(given: Input, makers: Iterable[tuple[int, Callable[[], Record]]]) -> ParseResult:
    """Turn the records of a file, each made by a function, into sentences.

    The first decides if all of them are texts or tokens with tags.
    """
    records = Peekable(_made(given, makers))
    first = records.peek(1)
    is_tagged = bool(first) and isinstance(first[0], TaggedRecord)
    parse: Any = parse_tagged_records if is_tagged else parse_text_records
    alike = (record for record in records if _is_alike(record, given, is_tagged=is_tagged))
    result: ParseResult = parse(alike, given)
    return result


def _is_alike(record: Record, given: Input, *, is_tagged: bool) -> bool:
    if isinstance(record, TaggedRecord) == is_tagged:
        return True
    line = record.lines[0] if isinstance(record, TaggedRecord) else record.line
    message = "tokens with tags and texts with offsets in one file; split it"
    given.error(line, message)
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
