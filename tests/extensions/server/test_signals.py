"""Signals, and what a server does at them."""

import asyncio
import os
import signal
from typing import Any

import pytest

from ner.extensions.server.signals import answered


class LoopOfWindows(asyncio.SelectorEventLoop):
    """A loop that has no handlers of signals."""

    def add_signal_handler(self, *_: Any) -> None:  # type: ignore[override]
        raise NotImplementedError

    def remove_signal_handler(self, sig: int) -> bool:
        raise NotImplementedError


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, LoopOfWindows])
def test_signals_are_answered_in_the_loop_and_handlers_come_back(
    loop: type[asyncio.AbstractEventLoop],
) -> None:
    async def served() -> None:
        heard = asyncio.Event()
        with answered({signal.SIGTERM: heard.set}):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(heard.wait(), 10)

    before = signal.getsignal(signal.SIGTERM)
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(served())
    assert signal.getsignal(signal.SIGTERM) == before
