"""Reviews as a test has them: in this process, asked without a socket, or as a process."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ner.extensions.review.app import Service, make_app
from ner.extensions.review.review import Review
from ner.extensions.review.serving import LIMITS
from ner.extensions.review.shown import Project
from ner.extensions.server.packages import ASGIApp, Message
from tests.extensions.server.client import Answer, Served, need_extra, served

HOST = "127.0.0.1:8001"
PROGRAM = "import sys; from ner.cli import main; main(['review', '--port', '0', *sys.argv[1:]])"


class Client:
    """A page that speaks to the application of a review."""

    def __init__(self, project: Project, review: Review, writes: int = 0) -> None:
        need_extra()
        self.id = project.id
        self._app: ASGIApp = make_app(Service(project, review, LIMITS, lambda: writes))

    def get(self, path: str, headers: Mapping[str, str] = {}) -> Answer:
        return self.ask("GET", path, b"", headers)

    def post(self, path: str, body: Any, headers: Mapping[str, str] = {}) -> Answer:
        """Send JSON as the page does."""
        given = {"content-type": "application/json", "x-review": self.id, **headers}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", f"/api/{path}", content, given)

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        path, _, query = path.partition("?")
        given = {"host": HOST, **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 5),
            "server": ("127.0.0.1", 8001),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        async def answered() -> None:
            await self._app(scope, receive, send)

        asyncio.run(answered())
        start = next(message for message in sent if message["type"] == "http.response.start")
        kept = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], kept, b"".join(m.get("body", b"") for m in sent))


@contextmanager
def reviewed(*arguments: object, cwd: Path) -> Iterator[Served]:
    """Run ``ner review`` at a free port, from when it serves to the end of the block."""
    with served(*arguments, cwd=cwd, code=PROGRAM) as running:
        yield running


def ask(found: Served, path: str, body: Any = None) -> Any:
    """The answer of a process that reviews: to a change, or to a question without a body."""
    if body is None:
        answer = found.ask("GET", f"/api/{path}")
    else:
        name = found.ask("GET", "/api/project").json()["id"]
        answer = found.ask("POST", f"/api/{path}", body, {"X-Review": name})
    assert answer.status == 200, answer
    return answer.json()


def change(number: int, version: int, *entities: tuple[int, int, str], **rest: Any) -> Any:
    """A decision as the page sends it."""
    told = [{"start": start, "end": end, "label": label} for start, end, label in entities]
    return {"id": number, "version": version, "entities": told, "accepted": True, **rest}
