"""The gate in front of the routes, with applications that fail."""

import asyncio
import json
import logging
from typing import Any

import pytest

from tests.extensions.server.client import need_extra

SCOPE = {"type": "http", "method": "POST", "path": "/v1/tag", "headers": [], "query_string": b""}


def through_the_guard(app: Any) -> list[dict[str, Any]]:
    """The messages of the answer to a request, when an application is behind the guard."""
    need_extra()
    from ner.extensions.server.guard import Access, Guard
    from ner.extensions.server.metrics import Metrics

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    guard = Guard(app, Access(), Metrics(), ["/v1/tag"])
    asyncio.run(guard(dict(SCOPE), receive, send))
    return sent


def test_a_bug_is_logged_by_its_kind_and_place_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: Any) -> None:
        raise KeyError("the secret of a text")

    with caplog.at_level(logging.INFO, "ner"):
        start, body = through_the_guard(broken)
    assert start["status"] == 500
    assert (b"content-type", b"application/problem+json") in start["headers"]
    assert json.loads(body["body"])["detail"].startswith("the server failed at this request")
    assert "a request failed: KeyError at " in caplog.text
    assert "test_guard.py:" in caplog.text
    assert "secret" not in caplog.text + str(body)


def test_an_answer_that_has_begun_breaks_off() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError

    assert [message["status"] for message in through_the_guard(broken)] == [200]
