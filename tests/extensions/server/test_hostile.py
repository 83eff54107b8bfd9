"""Good requests among hostile ones: each good one is answered right, and nothing grows."""

import json
import select
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from ner.tagger import Tagger
from tests.cli.command import LIMIT
from tests.extensions.server.attacks import ATTACKS, HEAD, mixed, resident
from tests.extensions.server.client import Served, served

pytestmark = pytest.mark.slow(reason="some thousand requests")

REQUESTS = 1000  # of which one in ten is hostile


def test_good_requests_are_answered_among_hostile_ones(model: Path) -> None:
    tagger = Tagger.load(model)
    with served("--model", model, "--timeout", 5, cwd=model.parent) as found:
        mixed(found, tagger, REQUESTS, seed=1)
        before = resident(found.process.pid)
        mixed(found, tagger, REQUESTS, seed=2)
        assert resident(found.process.pid) <= 1.1 * before
        assert found.stop() == 0
        log = found.log()
    assert "Traceback" not in log
    assert "Anna" not in log
    assert len(log.splitlines()) == 1  # that it serves


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_ends_the_service(server: Served, attack: str) -> None:
    kept: list[socket.socket] = []
    ATTACKS[attack](server, kept)
    assert server.tag(text="Anna visited Rome.")["documents"][0]["entities"]
    for connection in kept:
        connection.close()
    assert "Traceback" not in server.log()


def test_a_body_of_a_gigabyte_is_not_read(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
        answer = connection.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 413


def test_those_who_send_too_slowly_are_thrown_out(model: Path) -> None:
    begun = [b"", b"GET / HT", HEAD + b"Content-Length: 9\r\n\r\n{"]
    with served("--model", model, "--timeout", 1, cwd=model.parent) as found, ExitStack() as stack:
        slow = [stack.enter_context(found.connect()) for _ in begun]
        for connection, sent in zip(slow, begun, strict=True):
            connection.sendall(sent)
        for connection, sent in zip(slow, begun, strict=True):
            answer = stack.enter_context(connection.makefile("rb")).read()  # to its end
            assert answer.startswith(b"HTTP/1.1 408 ") if HEAD in sent else answer == b""


def test_who_does_not_take_an_answer_is_thrown_out(model: Path) -> None:
    arguments = ("--model", model, "--timeout", 5)
    with served(*arguments, cwd=model.parent) as found, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", found.port))
        body = json.dumps({"text": "a b " * 50_000}).encode()
        head = HEAD.replace(b"/v1/tag ", b"/v1/export/prodigy ")
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        gone = select.poll()
        gone.register(connection, 0)  # for its end alone: nothing is read
        assert gone.poll(1000 * LIMIT)
        assert found.tag(text="Anna")["documents"]
