"""Texts as programs and tables have them: `str`, missing values, and what is mistaken for texts."""

import sys
from collections.abc import Iterable, Mapping
from numbers import Real

MaybeText = str | float | None
"""A text; None and NaN, as tables have them, are missing ones."""

_REMEDIES: dict[type[object], str] = {
    bytes: "; decode it first",
    list: "; for several: tagger.pipe(texts)",
    tuple: "; for pairs: tagger.pipe(pairs, as_tuples=True)",
}


def text_of(value: object, number: str = "") -> str:
    """A text itself, empty if it is missing; `number` tells it from others in a message.

    Raises `TypeError` for anything else.
    """
    if isinstance(value, str):
        return value
    if is_missing(value):
        return ""
    raise TypeError(
        f"text{number} is {_kind(value)}; a text is a str, or None or NaN where it is missing"
        + _REMEDIES.get(type(value), "")
    )


def check_texts(texts: object) -> None:
    """Raise `TypeError` for what is no series of texts, or would be silently taken for another."""
    if isinstance(texts, str):
        raise TypeError("one text is given, not several; use tagger(text), or tagger.pipe([text])")
    if hasattr(texts, "columns"):
        raise TypeError('a table is given, not texts; name its column: table["text"]')
    if not isinstance(texts, Iterable) or isinstance(texts, bytes | bytearray | Mapping):
        raise TypeError(f"texts are a list or another iterable of str, not {_kind(texts)}")


def check_pair(item: object, number: int) -> None:
    """Raise `TypeError` for an item that is not a text and what belongs to it."""
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise TypeError(
            f"with as_tuples each item is a pair of a text and what belongs to it; "
            f"item {number} is {_kind(item)}"
        )


def is_missing(value: object) -> bool:
    """Tell if a value is one of those with which tables mark that there is none."""
    if value is None or isinstance(value, Real):  # NumPy's numbers, too
        return value is None or bool(value != value)
    pandas = sys.modules.get("pandas")  # where one of its values comes from, it is loaded
    return pandas is not None and (value is pandas.NA or value is pandas.NaT)


def _kind(value: object) -> str:
    """The type of a value, with its article."""
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"
