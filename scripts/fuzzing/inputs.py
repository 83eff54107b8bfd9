"""What bytes are turned into before a target gets them."""

from collections.abc import Sequence
from typing import TypeVar

Option = TypeVar("Option")


class Broken(AssertionError):
    """A property that does not hold; the message says which, and with what."""


def hold(true: object, what: str) -> None:
    """Raise `Broken` unless a property is true."""
    if not true:
        raise Broken(what)


class Choices:
    """Bytes that a fuzzer makes up: the first few choose options, the rest is the input."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def number(self) -> int:
        """The next byte; 0 when there are no more."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def pick(self, options: Sequence[Option]) -> Option:
        """One of several options; a zero picks the first."""
        return options[self.number() % len(options)]

    def rest(self) -> bytes:
        """What no choice has taken."""
        return self._data[self._at :]

    def text(self) -> str:
        """The rest as any Unicode text, lone surrogates included, from UTF-8 or from UTF-16."""
        if self.pick((False, True)):
            even = self.rest()[: len(self.rest()) & ~1]
            return even.decode("utf-16-le", "surrogatepass")
        return self.rest().decode("utf-8", "surrogateescape")
