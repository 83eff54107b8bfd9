"""The process of a review: files, journal and model put together, served until a signal comes."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from ner.extensions.review.app import Service, make_app
from ner.extensions.review.review import Review
from ner.extensions.review.shown import Project
from ner.extensions.server.limits import Limits
from ner.extensions.server.packages import Server, ServerConfig
from ner.extensions.server.protocol import server_config
from ner.extensions.server.serving import url

_log = logging.getLogger("ner")
LIMITS = Limits(connections=64, waiting=64)


def serve(project: Project, review: Review, write: Callable[[], int], found: socket.socket) -> None:
    """Serve a review at a socket until SIGTERM or Ctrl-C comes."""
    app = make_app(Service(project, review, LIMITS, write))
    config = server_config(app, LIMITS, timeout_graceful_shutdown=1)
    with closing(found):
        _Server(config, project).run([found])


class _Server(Server):
    """uvicorn's server, which ends at signals and leaves them as they were."""

    def __init__(self, config: ServerConfig, project: Project) -> None:
        super().__init__(config)
        self._out = project.out

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if sockets:
            place = url(sockets[0])
            _log.info("%s: serves the review; Ctrl-C ends it, and writes %s", place, self._out)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at a signal while the server runs."""
        loop = asyncio.get_running_loop()
        known = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.getsignal(number) for number in known}
        before = {n: handler for n, handler in before.items() if handler != signal.SIG_IGN}
        for number in before:
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def _end(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
