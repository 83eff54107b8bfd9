"""The gate in front of the routes: who may come in, what every answer carries, what is counted.

Whatever goes wrong behind it is answered with problem details. The log has the kind and the place
of an error and never its message, which might quote a text.
"""

import hmac
import logging
import time
import traceback
from collections.abc import Iterable, Sequence

from ner.errors import NerError, UsageError
from ner.extensions.server.metrics import Metrics
from ner.extensions.server.packages import (
    ASGIApp,
    ClientDisconnect,
    HTTPException,
    Message,
    Receive,
    Response,
    Scope,
    Send,
)
from ner.extensions.server.problems import MEDIA_TYPE, Problem, problem_of
from ner.frozen import frozen

_log = logging.getLogger("ner")

RELOAD = "/v1/models/reload"
FAILED = Problem(500, "the server failed at this request; its log says where")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@frozen(kw_only=True)
class Access:
    """The clients that may use the server: those with the token, or everybody who reaches it.

    Without a token, a server on loopback answers only to the names of this machine: else a page
    from elsewhere, under a name of its own that leads here, could send requests and read answers.
    """

    token: bytes = b""
    hosts: Sequence[str] = ()  # that a request may name; none: any

    @classmethod
    def of(cls, host: str, token: bytes) -> "Access":
        """The access to a server that is bound to a host."""
        local = host in (*_LOOPBACK, "::1") and not token
        return cls(token=token, hosts=_LOOPBACK if local else ())

    def check(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raise `Problem` for a request that may not come in."""
        given = dict(headers)
        name = given.get(b"host", b"").decode("latin-1").rsplit(":", maxsplit=1)
        if self.hosts and not {name[0], ":".join(name)} & {*self.hosts}:
            raise Problem(
                421, "this server is for 127.0.0.1 alone; for other names start it with a token"
            )
        if not path.startswith("/v1/") and path not in ("/metrics", "/openapi.json"):
            return
        if self.token and not _is_bearer(given.get(b"authorization", b""), self.token):
            remedy = "send the header Authorization: Bearer TOKEN"
            raise Problem(401, f"the token is missing or wrong; {remedy}", _CHALLENGE)
        if path == RELOAD and not self.token:
            raise Problem(403, "this takes a token; start with --token-file, or send SIGHUP")


_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def _is_bearer(given: bytes, token: bytes) -> bool:
    scheme, _, value = given.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(value.strip(), token)


class Guard:
    """The middleware around all routes."""

    def __init__(
        self, app: ASGIApp, access: Access, metrics: Metrics, routes: Sequence[str]
    ) -> None:
        """`routes` are the paths to be counted by name; that of a prefix ends with a slash."""
        self._app, self._access, self._metrics, self._routes = app, access, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in and answer it, or say why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        begun = time.perf_counter()
        try:
            self._access.check(scope["path"], scope["headers"])
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            answer.status = answer.status or 499  # nobody is left to be answered
        except Exception as error:
            await answer.problem(problem_behind(error), scope, receive)
        finally:
            taken = time.perf_counter() - begun
            self._metrics.request(self._route(scope["path"]), answer.status, taken)

    def _route(self, path: str) -> str:
        if path in self._routes:
            return path
        prefixes = (r for r in self._routes if r[-1] == "/" and len(r) > 1)
        return next((prefix for prefix in prefixes if path.startswith(prefix)), "other")


class _Answer:
    """The way out: adds headers that every answer has, and notes its status."""

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name for name, _ in message["headers"]}
            message["headers"] += [pair for pair in _ENCODED if pair[0] not in given]
        await self._send(message)

    async def problem(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        """Answer with problem details, unless an answer has begun: then it breaks off."""
        if not self.status:
            await problem_response(problem)(scope, receive, self)


_ENCODED = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]


def problem_response(problem: Problem) -> Response:
    """The response with problem details."""
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)


def problem_behind(error: Exception) -> Problem:
    """The problem behind whatever was raised; the log says of a bug where it is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), error.headers or {})
    if isinstance(error, NerError):
        if not isinstance(error, UsageError):
            _log.error("a request failed: %s", type(error).__name__)
        return problem_of(error)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f"{last[0].filename}:{last[0].lineno}" if last else "an unknown place"
    _log.error("a request failed: %s at %s", type(error).__name__, place)
    return FAILED
