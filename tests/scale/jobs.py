"""What the workers of the tests do; light to import, since each of them imports it."""

import functools
import os
import pickle
import signal
import time
from collections.abc import Callable
from typing import Any

from ner.errors import CorpusError


def make_doubling() -> Callable[[int], int]:
    """Twice the number."""
    return lambda number: 2 * number


def make_uneven() -> Callable[[int], int]:
    """The number itself; each fourth takes longer, so that others are done before it."""

    def outcome(number: int) -> int:
        time.sleep(0.02 * (number % 4 == 0))
        return number

    return outcome


def make_refusing() -> Callable[[int], int]:
    """The number, but for 3, which is a mistake of the user, and 5, a mistake of ours."""

    def outcome(number: int) -> int:
        if number == 3:
            raise CorpusError("in.txt:3: is no good")
        known = {other: other for other in range(9) if other != 5}
        return known[number]

    return outcome


def make_nothing() -> Callable[[int], int]:
    """A worker that cannot begin."""
    raise CorpusError("model: is damaged")


def make_dying() -> Callable[[int], bytes]:
    """Much output, but for number 3, at which the process is killed."""

    def outcome(number: int) -> bytes:
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return bytes(1_000_000)

    return outcome


def make_computing() -> Callable[[object], str | None]:
    """How many threads a library would take, as far as it is told."""
    return lambda _: os.environ.get("OMP_NUM_THREADS")


def make_telling() -> Callable[[object], int]:
    """Which process it is."""
    return lambda _: os.getpid()


def make_waiting() -> Callable[[str], str]:
    """A worker that answers a path as soon as there is such a file, and "" at once."""

    def outcome(path: str) -> str:
        while path and not os.path.exists(path):
            time.sleep(0.01)  # between two looks, not in the hope that something has happened
        return path

    return outcome


def apply(given: tuple[bytes, Any]) -> Any:
    """The result for an item of what a pickled function makes, once in each process."""
    make, item = given
    return _made(make)(item)


@functools.cache
def _made(make: bytes) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = pickle.loads(make)()
    return made
