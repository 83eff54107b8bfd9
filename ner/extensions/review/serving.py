"""The process of a review: files, journal and model put together, served until a signal comes."""

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
from ner.extensions.server.signals import HANG_UP, answered

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
        known = [number for number in (signal.SIGTERM, signal.SIGINT, HANG_UP) if number]
        heard = [number for number in known if signal.getsignal(number) != signal.SIG_IGN]
        with answered(dict.fromkeys(heard, self._end)):
            yield

    def _end(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
