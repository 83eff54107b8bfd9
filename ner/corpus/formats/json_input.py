"""The values of JSON files, with their lines: JSON Lines as a stream, one JSON value as a whole."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats.base import Line, Peekable
from ner.errors import CorpusError
from ner.tags import parse_tag

_SHOWN = 20
_BEGINS = re.compile(r'\s*(\{\s*["}]|\[\s*([\[{"\]]|-?[0-9]|true|false|null))')
_BLANK = re.compile(r"[ \t\r\n]*")
Values = Iterator[tuple[int, Any]]


def in_braces(line: str) -> bool:
    """Recognise a line that looks like a JSON object."""
    line = line.strip(" \t\r")
    return line.startswith("{") and line.endswith("}")


def is_jsonl(name: str) -> bool:
    """Recognise JSON Lines by the name of a file."""
    return _unpacked(name).endswith(".jsonl")


def _unpacked(name: str) -> str:
    return name.lower().removesuffix(".gz").removesuffix(".xz")


def looks_like_json(lines: Peekable[Line], name: str) -> bool:
    """Recognise JSON by the name of a file or its first lines, which no column file has."""
    if _unpacked(name).endswith((".json", ".jsonl", ".json1", ".ndjson")):
        return True
    shown = [line for _, line in lines.peek(_SHOWN) if line.strip(" \t\r")]
    if not shown or in_braces(shown[0]):
        return bool(shown)
    return bool(_BEGINS.match("\n".join(shown))) and not any(map(_is_tag, shown[0].split()[1:]))


def _is_tag(text: str) -> bool:
    try:
        parse_tag(text)
    except CorpusError:
        return False
    return True


def json_values(
    lines: Peekable[Line],
    name: str,
    diagnostics: Diagnostics,
    is_record: Callable[[Any], bool],
) -> Values:
    """The values of a file and the line of each: one a line, or the items of one list or object.

    A value for which `is_record` holds is never taken apart. What is not JSON is reported with
    ``name:line`` as a `CorpusError`.
    """
    if _is_whole(lines, name):
        yield from _whole(lines, name, diagnostics, is_record)
        return
    for number, line in lines:
        if not line.strip(" \t\r"):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            message = f"is not JSON ({error}); each line is one object with text and entities"
            diagnostics.error(f"{name}:{number}", message)
        else:
            yield number, value


def _is_whole(lines: Peekable[Line], name: str) -> bool:
    """Tell one value over several lines, or in a single one, from JSON Lines."""
    shown = [line for _, line in lines.peek(_SHOWN) if line.strip(" \t\r")]
    if not shown:
        return False
    try:
        json.loads(shown[0])
    except (ValueError, RecursionError):
        return not is_jsonl(name) and not in_braces(shown[0])
    return len(shown) == 1


def _whole(
    lines: Peekable[Line], name: str, diagnostics: Diagnostics, is_record: Callable[[Any], bool]
) -> Values:
    numbered = list(lines)
    first, text = numbered[0][0], "\n".join(line for _, line in numbered)
    try:
        yield from _Decoder(text, first, is_record).values()
    except json.JSONDecodeError as error:
        where = f"{name}:{first + error.lineno - 1}"
        diagnostics.error(where, f"is not JSON ({error.msg} at column {error.colno}); correct it")
    except (ValueError, RecursionError) as error:
        diagnostics.error(f"{name}:{first}", f"is not JSON ({error}); correct it")


class _Decoder:
    """The values of one JSON text, a list item by item."""

    def __init__(self, text: str, first: int, is_record: Callable[[Any], bool]) -> None:
        self._text, self._is_record = text, is_record
        self._decode = json.JSONDecoder().raw_decode
        self._line, self._counted = first, 0

    def values(self) -> Values:
        """The items of a list, or the records of an object. Raises `ValueError`."""
        start = self._skip(0)
        if self._text.startswith("[", start) and not self._is_one(start):
            yield from self._items(self._skip(start + 1))
            return
        value, end = self._decode(self._text, start)
        self._expect_end(end)
        line = self._line_of(start)
        yield from ((line, item) for item in _unwrapped(value, self._is_record))

    def _is_one(self, start: int) -> bool:
        """Tell if a list is itself a record: a text with its entities, or a sentence of tokens."""
        inside = self._skip(start + 1)
        if self._text.startswith("]", inside):
            return True
        value, _ = self._decode(self._text, inside)
        return isinstance(value, str) or self._is_record([value])

    def _items(self, position: int) -> Values:
        while True:
            value, end = self._decode(self._text, position)
            yield self._line_of(position), value
            position = self._skip(end)
            if self._text.startswith("]", position):
                self._expect_end(position + 1)
                return
            if not self._text.startswith(",", position):
                raise json.JSONDecodeError("Expecting ',' delimiter", self._text, position)
            position = self._skip(position + 1)

    def _skip(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        assert match is not None, "the pattern matches the empty string"
        return match.end()

    def _expect_end(self, position: int) -> None:
        if self._skip(position) < len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, self._skip(position))

    def _line_of(self, position: int) -> int:
        self._line += self._text.count("\n", self._counted, position)
        self._counted = position
        return self._line


def _unwrapped(value: Any, is_record: Callable[[Any], bool]) -> list[Any]:
    """The records of a value: itself, its items, or the list in an object that has some."""
    if is_record(value):
        return [value]
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for inner in value.values():
            if isinstance(inner, list) and any(map(is_record, inner[:_SHOWN])):
                return inner
    return [value]
