"""One setting: its type, default, meaning and check; and values that fit it."""

import dataclasses
import json
import math
import re
import typing
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from ner.errors import ConfigError

Check = tuple[Callable[[Any], bool], str]
Field = dataclasses.Field[Any]
Auto = Literal["auto"]
Number = TypeVar("Number", int, float)
Column = int | str
"""A column of a file: its number, negative from the last, or its name in a header line."""

TEXTS = tuple[str, ...]
_WHOLE = re.compile(r"\s*[-+]?\d*\s*")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_PLAIN = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: 'texts, as ["one", "two"]',
}


def tag_columns(column: Column) -> dict[str, Column]:
    """The column of each tag layer by the layer's name, as of ``outer=2,inner=3`` or ``2,3``.

    Without a comma there is one column, which has no name: {}. Raises `ConfigError`.
    """
    parts = column.split(",") if isinstance(column, str) else []
    columns: dict[str, Column] = {}
    for part in parts if len(parts) > 1 else []:
        name, equals, place = (text.strip() for text in part.rpartition("="))
        name = name if equals else place
        if not (name and place and name.isprintable()) or name in columns:
            raise ConfigError(
                f"tag columns {column!r:.80}: {part!r:.40} will not do; write numbers or names of "
                "columns, each once, as 2,3, or with names of their layers, as outer=2,inner=3"
            )
        columns[name] = int(place) if re.fullmatch(r"[-+]?\d{1,9}", place, re.ASCII) else place
    if len({*columns.values()}) < len(columns):
        raise ConfigError(f"tag columns {column!r:.80} name a column twice; name each once")
    return columns


def one_of(*choices: str) -> Check:
    """Check that the value is among `choices`."""
    return (lambda value: value in choices), f"one of {', '.join(choices)}"


def at_least(low: float) -> Check:
    """Check that the value is `low` or more."""
    return (lambda value: value >= low), f"{low} or more"


def within(low: float, high: float) -> Check:
    """Check that ``low <= value < high``."""
    return (lambda value: low <= value < high), f"at least {low} and below {high}"


def up_to(low: float, high: float) -> Check:
    """Check that ``low <= value <= high``."""
    return (lambda value: low <= value <= high), f"at least {low} and at most {high}"


def setting(
    default: Any, meaning: str, check: Check | None = None, option: tuple[str, str] | None = None
) -> Any:
    """A field with its meaning (shown by ``ner train --list-settings``) and its check.

    `option` is the option of the command line that stands for it, and what the option takes.
    """
    described = {"meaning": meaning, "check": check, "option": option}
    return dataclasses.field(default=default, metadata=described)


def chosen(value: Number | Auto) -> Number:
    """The number that was chosen for a setting, once nothing is left to ``auto`` any more."""
    assert not isinstance(value, str), "resolved"
    return value


def takes_auto(item: Field) -> bool:
    """Tell if a setting is a number that may be left to ``auto``."""
    return Auto in typing.get_args(item.type)


def described(item: Field) -> str:
    """The meaning of a setting and what fits it."""
    check: Check | None = item.metadata["check"]
    fits = f" ({check[1]}{', or auto' * takes_auto(item)})" if check else ""
    return f"{item.metadata['meaning']}{fits}"


def fit(key: str, item: Field, value: Any) -> Any:
    """The value as the type of the setting, checked. Raises `ConfigError`."""
    auto = takes_auto(item)
    if auto and value == "auto":
        return value
    if type(value) is int and value.bit_length() > 63:
        raise ConfigError(f"setting {key} is a whole number of more than 64 bits; make it smaller")
    wanted: Any = typing.get_args(item.type)[0] if auto else item.type
    if wanted is float and type(value) is int:
        value = float(value)
    if wanted == TEXTS:
        value, wanted = _texts(value), tuple
    if wanted == Column:
        wanted = str if isinstance(value, str) and not _WHOLE.fullmatch(value) else int
    _check_characters(key, value)
    if type(value) is not wanted or (wanted is float and not math.isfinite(value)):
        raise ConfigError(
            f"setting {key} takes {_PLAIN[wanted]}{' or auto' * auto}, not {_shown(value)}; "
            f"its default is {json.dumps(item.default)}"
        )
    check: Check | None = item.metadata["check"]
    if check and not check[0](value):
        remedy = "; or write auto" * auto
        raise ConfigError(f"setting {key} is {value!r}, but must be {check[1]}{remedy}")
    return value


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # digits beyond what Python writes
        return "this"
    return text if len(text) <= 200 else f"{text[:200]}…"


def _check_characters(key: str, value: Any) -> None:
    """Refuse NUL, and text that no file can hold: the name of a file, mostly, that is no UTF-8."""
    for text in value if isinstance(value, tuple | list) else [value]:
        if isinstance(text, str) and _UNWRITABLE.search(text):
            reason = "holds NUL" if "\0" in text else "is no Unicode"
            raise ConfigError(f"setting {key} has {_shown(text)}, which {reason}; correct the name")


def _texts(value: Any) -> Any:
    """Several texts as a tuple; one text alone counts as several, unless it is empty."""
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list | tuple):
        texts = all(isinstance(part, str) for part in value)
        return tuple(value) if texts else list(value)  # a list is refused by its type
    return value
