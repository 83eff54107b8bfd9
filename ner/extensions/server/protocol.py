"""HTTP on a connection: uvicorn's parser within limits on heads, time and connections."""

import asyncio
import logging
import socket
import struct
from typing import Any, cast

from ner.extensions.server.limits import Limits
from ner.extensions.server.packages import ASGIApp, HttpToolsProtocol, ServerConfig
from ner.extensions.server.problems import MEDIA_TYPE, Problem, busy

_PIPELINED = 16  # requests of a connection that wait for the answers before theirs


def server_config(app: ASGIApp, limits: Limits, **timeouts: Any) -> ServerConfig:
    """The configuration of uvicorn for an application within limits; nothing of a text is logged.

    `timeouts` are uvicorn's own, in seconds, as ``timeout_graceful_shutdown``.
    """
    return ServerConfig(
        app,
        http=protocol_within(limits),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL + 1,  # it quotes requests
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **timeouts,
    )


def protocol_within(limits: Limits) -> type[HttpToolsProtocol]:
    """The protocol of a server with these limits, for uvicorn's ``http``."""

    class Bounded(_BoundedProtocol):
        """The protocol within the limits of its server."""

        bounds = limits

    return Bounded


class _BoundedProtocol(HttpToolsProtocol):
    """A connection that is closed when a head is too long, or a head or an answer takes too long.

    Time for a body is the matter of who reads it.
    """

    bounds: Limits
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, or refuse one too many."""
        super().connection_made(cast("asyncio.Transport", _Joined(transport, self.loop)))
        if len(self.connections) > self.bounds.connections:
            self._refuse(busy(f"{self.bounds.connections} connections are open"))
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._head_is_there()
        self._writes()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless a head gets too long."""
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            self._expect_head()
        super().data_received(data)
        # Once more: what followed the head, a body, has been counted with it.
        if self._head_bytes > self.bounds.head and not self.transport.is_closing():
            self._refuse(Problem(431, f"the head is longer than {self.bounds.head:,} bytes"))

    def on_headers_complete(self) -> None:
        """Begin with the request, unless too many wait for the answers before theirs."""
        if len(self.pipeline) >= _PIPELINED:
            raise ConnectionError  # within the parser, which then takes no more of them
        self._head_is_there()
        self._head_bytes = -1  # until its message is complete
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for the next request."""
        self._head_bytes = 0
        super().on_message_complete()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that sends no more, if its last request is there; True keeps it open."""
        if self.cycle is None or self.cycle.more_body or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Give the client some time to take what was sent."""
        super().pause_writing()
        self._writes()
        self._stalled = self.loop.call_later(self.bounds.seconds, self._cut)

    def resume_writing(self) -> None:
        """Go on with sending."""
        self._writes()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(Problem(400, "this is not an HTTP request; send HTTP/1.1"))

    def _expect_head(self) -> None:
        """Give a head some time from its first byte, or from the connection's beginning."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.bounds.seconds, self.transport.close)

    def _head_is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _writes(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _cut(self) -> None:
        """End the connection, and let the system forget what it was to send."""
        linger = struct.pack("ii", 1, 0)  # for no time
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        self.transport.abort()

    def _refuse(self, problem: Problem) -> None:
        """Answer without the application, and close."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an answer is under way
            return
        body = problem.body()
        given = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **problem.headers}
        lines = [f"HTTP/1.1 {problem.status} {problem.to_dict()['title']}"]
        lines += [f"{name}: {value}" for name, value in {**given, "Connection": "close"}.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


class _Joined:
    """A transport that sends together what is written in one turn of the loop: head and body."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep what is to be sent to the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what is left, and close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._parts and not self._transport.is_closing():
            self._transport.write(b"".join(self._parts))
        self._parts.clear()
