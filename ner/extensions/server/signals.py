"""Signals that a server answers to while it runs."""

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

HANG_UP: int | None = getattr(signal, "SIGHUP", None)
"""SIGHUP, which Windows does not have."""


@contextmanager
def answered(answers: Mapping[int, Callable[[], object]]) -> Iterator[None]:
    """Call functions at signals from the running event loop; handlers of before come back."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in answers}
    for number, answer in answers.items():
        try:
            loop.add_signal_handler(number, answer)
        except NotImplementedError:  # by loops of Windows
            signal.signal(number, partial(_hand_over, loop, answer))
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _hand_over(loop: asyncio.AbstractEventLoop, answer: Callable[[], object], *_: Any) -> None:
    loop.call_soon_threadsafe(answer)
