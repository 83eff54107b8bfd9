"""Limits on all that a client may ask for, so that no request costs the others their service."""

from collections.abc import Iterator
from contextlib import contextmanager

from ner.extensions.server.problems import Problem, busy
from ner.frozen import frozen


@frozen(kw_only=True)
class Limits:
    """The most of each thing: of one request, and of all together in one process."""

    characters: int = 500_000  # of the texts of a request; n best analyses count n times
    texts: int = 10_000  # of a request
    forced: int = 10_000  # entries of a request's word lists
    waiting: int = 256  # requests that are tagged or wait for it
    held: int = 64 << 20  # bytes of bodies that are in memory at once
    seconds: float = 30.0  # for a head, for a body, for tagging, and for taking an answer
    connections: int = 1024
    head: int = 16 << 10  # bytes before a body
    ahead: int = 32  # lines of a stream that are read before the first of them is answered

    @property
    def body(self) -> int:
        """Bytes of a body, or of a line of a stream: each character may be six (an escape)."""
        return 6 * self.characters + (64 << 10)


class Budget:
    """The bytes of all bodies together that are held at once."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def part(self) -> Iterator["Part"]:
        """A part that grows with a body and is given back after the block."""
        part = Part(self)
        try:
            yield part
        finally:
            self.take(-part.size)

    def take(self, size: int) -> None:
        """Take so many bytes. Raises `Problem` when there are not as many left."""
        if size > self._left:
            raise busy("too many texts are held at once")
        self._left -= size


class Part:
    """The part of a budget that one request has."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.size = budget, 0

    def grow(self, size: int) -> None:
        """Take so many bytes more. Raises `Problem` when there are not as many left."""
        self._budget.take(size)
        self.size += size


def check_size(size: int, limits: Limits) -> None:
    """Raise `Problem` for a body that is too large."""
    if size > limits.body:
        raise Problem(
            413,
            f"the body is larger than {limits.body:,} bytes; send the texts in several requests, "
            "or as a stream",
            {"Connection": "close"},
        )
