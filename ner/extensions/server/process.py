"""One process that serves: uvicorn around the application, and what signals do to it.

SIGTERM and Ctrl-C close the socket, let what is in flight be answered, and end the process; SIGHUP
has it read its models again.
"""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ner.extensions.server.app import make_app
from ner.extensions.server.guard import Access
from ner.extensions.server.models import Models
from ner.extensions.server.packages import Server, ServerConfig
from ner.extensions.server.problems import Problem
from ner.extensions.server.protocol import server_config
from ner.extensions.server.service import Service
from ner.extensions.server.serving import EXCHANGED, READY, Serving, url
from ner.extensions.server.signals import HANG_UP, answered

_log = logging.getLogger("ner")

_ALLOCATIONS = 5_000  # before unused cycles are looked for: those of a connection are large


def serve_in_process(
    serving: Serving, listener: socket.socket, parent: socket.socket | None = None
) -> None:
    """Serve at a socket until a signal comes, or the `parent` at the other end of its own is gone.

    Raises `NerError` for a model that cannot be loaded.
    """
    tell = parent.sendall if parent else lambda message: None
    service = Service(
        Models(serving.models, serving.settings), serving.limits, lambda: tell(EXCHANGED)
    )
    access = Access.of(serving.host, serving.token)
    config = server_config(
        make_app(service, access, serving.origins),
        serving.limits,
        timeout_keep_alive=int(serving.limits.seconds),
        timeout_graceful_shutdown=int(serving.limits.seconds) + 1,
    )
    gc.freeze()  # models need not be looked through for cycles
    gc.set_threshold(_ALLOCATIONS)
    _Server(config, service, parent).run([listener])
    service.batcher.close()


class _Server(Server):
    """uvicorn's server, which answers to signals as this one does."""

    def __init__(
        self, config: ServerConfig, service: Service, parent: socket.socket | None
    ) -> None:
        super().__init__(config)
        self._service, self._parent = service, parent
        self._reload: asyncio.Task[None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Answer to signals while the server runs; those of before come back."""
        answers: dict[int, Callable[[], object]] = {signal.SIGTERM: self._end}
        # Ctrl-C reaches every process: of several, the one that watches over the others decides.
        answers[signal.SIGINT] = (lambda: None) if self._parent else self._interrupt
        if HANG_UP:
            answers[HANG_UP] = self._exchange
        with answered(answers):
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_noted)
        await super().startup(sockets)
        if self._parent:
            loop.add_reader(self._parent, self._end)  # its end is all that comes
            self._parent.sendall(READY)
        elif sockets:
            names = ", ".join(model.name for model in self._service.models)
            _log.info("%s: serves %s", url(sockets[0]), names)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let what is in flight be answered."""
        self._service.draining = True
        await super().shutdown(sockets)

    def _end(self) -> None:
        if self._parent:
            asyncio.get_running_loop().remove_reader(self._parent)
        self.should_exit = True

    def _interrupt(self) -> None:
        """End; asked twice, without waiting for what is in flight."""
        self.force_exit = self.should_exit
        self._end()

    def _exchange(self) -> None:
        if self._reload is None or self._reload.done():
            self._reload = asyncio.create_task(self._exchanged())

    async def _exchanged(self) -> None:
        with suppress(Problem):  # it has been logged
            await self._service.reload()


def _noted(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an error of the event loop by its kind alone: its message may quote a request."""
    error = context.get("exception")
    if not isinstance(error, ConnectionError | None):
        _log.error("a connection failed: %s", type(error).__name__)
