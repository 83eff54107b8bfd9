"""Records: the values of a file as texts with entities, or as tokens with tags.

A record is not checked beyond its types: `ner.corpus.text_records` and `ner.corpus.tagged_records`
turn records into sentences.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.text import Sentence

Offsets = tuple[int, int]


class CharacterSpan(NamedTuple):
    """An entity by the offsets of its record, the text that it quotes, its own place, its layer."""

    start: int
    end: int
    label: str
    text: str | None = None
    place: str = ""
    layer: str = ""


class TextRecord(NamedTuple):
    """A text with entities, in the unit and order of its file.

    `tokens` are ranges in code points; `document` is shared by the records of a document. `source`
    is the file of this record where it has one for itself: lines are then counted in the text.
    A record that brings tokens is one sentence, unless it `has_sentences`.
    """

    line: int
    text: str
    entities: Sequence[CharacterSpan] = ()
    tokens: Sequence[Offsets] | None = None
    document: int | None = None
    source: str = ""
    has_sentences: bool = False


class TaggedRecord(NamedTuple):
    """The tokens of a sentence, their tags, and the line of each.

    `offsets` are ranges in a text, where the file tells them; `document` is shared by the sentences
    of a document (None: all of the file are one).
    """

    tokens: Sequence[str]
    tags: Sequence[str]
    lines: Sequence[int]
    document: int | None = None
    offsets: tuple[Offsets, ...] | None = None

    def of(self, places: Sequence[int]) -> "TaggedRecord":
        """The record of some of its tokens."""
        tokens, lines = [self.tokens[i] for i in places], [self.lines[i] for i in places]
        offsets = self.offsets and tuple(self.offsets[i] for i in places)
        return TaggedRecord(
            tokens, tuple(self.tags[i] for i in places), lines, self.document, offsets
        )


Record = TextRecord | TaggedRecord


@dataclass
class ParseContext:
    """A labelled file that is being read: its name for messages, the settings, and diagnostics."""

    source: str
    config: DataConfig
    diagnostics: Diagnostics

    def error(self, line: int, message: str) -> None:
        """Report a line that is unreadable; raises `CorpusError` unless errors are collected."""
        self.diagnostics.error(f"{self.source}:{line}", message)


class ParseResult(NamedTuple):
    """The sentences of a file, the scheme of its tags ("" where no tag shows one), and notes."""

    sentences: tuple[Sentence, ...]
    scheme: str
    notes: tuple[str, ...] = ()


# --- fields of records --------------------------------------------------------------------------


class InvalidRecord(Exception):
    """A record that cannot be used; the message says why.

    `place` is its own place (``file:line``), where that differs from that of the record.
    """

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


def parse_json(line: str, fields: str) -> Any:
    """The value on a line, which should be an object with some `fields`. Raises `InvalidRecord`."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(
            f"is not JSON ({error}); each line is one object with {fields}"
        ) from None


_KINDS = {str: "text", list: "a list", dict: "an object", int: "a whole number"}


def kind_of(value: Any) -> str:
    """A description of the type of a value, for a message."""
    return "null" if value is None else _KINDS.get(type(value), f"{value!r:.60}")


def field_of(value: dict[str, Any], name: str, kind: type) -> Any:
    """A field of the right type (a boolean is not a number). Raises `InvalidRecord`."""
    if name not in value:
        raise InvalidRecord(f"lacks the field {name!r}, which is {_KINDS[kind]}")
    if type(value[name]) is not kind:
        raise InvalidRecord(f"{name!r} is {kind_of(value[name])}, not {_KINDS[kind]}")
    return value[name]


def is_list_of(value: Any, *kinds: type) -> bool:
    """Recognise a list whose items have one of the types; an empty one is."""
    return type(value) is list and all(type(item) in kinds for item in value)


def offset_entity(
    item: Any, labels: str = "", start: str = "start", end: str = "end"
) -> CharacterSpan:
    """An entity that is an object with two offsets and a label. Raises `InvalidRecord`.

    `labels` are names of numbered types, those of ``--labels``.
    """
    if type(item) is not dict:
        raise InvalidRecord(
            f"an entity is {kind_of(item)}, not an object with {start}, {end} and label"
        )
    quoted = item.get("text")
    return CharacterSpan(
        field_of(item, start, int),
        field_of(item, end, int),
        _type_of(item["label"], labels) if "label" in item else field_of(item, "label", str),
        quoted if isinstance(quoted, str) else None,
    )


def triple_entity(item: Any, labels: str = "") -> CharacterSpan:
    """An entity that is ``[start, end, label]``, as `offset_entity`. Raises `InvalidRecord`."""
    kinds = [*map(type, item)] if isinstance(item, list | tuple) else []
    if kinds not in ([int, int, str], [int, int, int]):
        raise InvalidRecord(f"the entity {item!r:.60} is no [start, end, label]")
    return CharacterSpan(item[0], item[1], _type_of(item[2], labels))


def _type_of(label: Any, labels: str) -> str:
    """A type, by name or by number. Raises `InvalidRecord`."""
    if type(label) is int:
        return named_label(label, labels, "PER,LOC")
    return str(field_of({"label": label}, "label", str))


def named_label(number: Any, labels: str, example: str = "O,B-PER,I-PER") -> str:
    """The name of a numbered label, from those of ``--labels``. Raises `InvalidRecord`."""
    names = labels.split(",") if labels else []
    if type(number) is not int:
        raise InvalidRecord(f"the tag {number!r:.60} is neither a name nor a number")
    if not names:
        raise InvalidRecord(
            f"the labels are numbers; give their names in order, from 0 on: --labels {example},…"
        )
    if not 0 <= number < len(names):
        raise InvalidRecord(
            f"the label {number} has no name among the {len(names)} of --labels; name all of them"
        )
    return names[number].strip()
