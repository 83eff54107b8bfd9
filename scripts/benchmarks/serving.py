"""How a process that is measured takes orders: a JSON object a line in, a JSON value a line out.

The processes that are compared all live at once, each asked in turn for a slice of
work, so that whatever else the machine does falls on all of them alike. Only
the standard library: a peer's environment holds nothing of ours.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Command = Callable[..., Any]


def orders() -> Iterator[dict[str, Any]]:
    """The orders that come in, until there are no more."""
    for line in sys.stdin:
        yield json.loads(line)


def answering() -> Callable[[Any], None]:
    """A function that answers; anything else that is printed goes to stderr from now on."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(value: Any) -> None:
        print(json.dumps(value), file=channel, flush=True)

    return answer


def serve(commands: Mapping[str, Command], answer: Callable[[Any], None]) -> None:
    """Do as told: ``{"do": "tag", …}`` calls ``commands["tag"]`` with all that comes with it."""
    for order in orders():
        answer(commands[order.pop("do")](**order))


def seconds(work: Callable[[], Any]) -> float:
    """Wall time of a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def read_columns(path: str) -> list[list[list[str]]]:
    """Sentences of ``[token, tag]`` from a file with a token and its tag on each line."""
    with open(path, encoding="utf-8") as file:
        blocks = file.read().strip().split("\n\n")
    return [[line.split(" ") for line in block.split("\n")] for block in blocks]


def read_lines(path: str) -> list[str]:
    """The lines of a text that have something in them."""
    with open(path, encoding="utf-8") as file:
        return [line for line in file.read().split("\n") if line.strip()]
