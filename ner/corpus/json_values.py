"""Values out of JSON: checked fields, and descriptions of what stands there instead."""

import json
from typing import Any


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
