"""Connections: how many there may be, and those of clients that have said all."""

import socket
from pathlib import Path

import pytest

from tests.extensions.server.attacks import posted
from tests.extensions.server.client import Served, served, until

FEW = """
import logging, sys
from pathlib import Path
from ner.extensions.server.limits import Limits
from ner.extensions.server.serving import Serving, model_paths
from ner.extensions.server.supervisor import serve
logging.basicConfig(level="INFO", format="%(message)s")
serve(Serving(models=model_paths(sys.argv[1:]), settings={}, port=0, limits=Limits(connections=2)))
"""


def everything(connection: socket.socket) -> bytes:
    """All that comes to the end."""
    with connection.makefile("rb") as reader:
        return reader.read()


def test_a_client_that_sends_no_more_is_answered(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(posted(b'{"text": "Anna left."}') * 2)
        connection.shutdown(socket.SHUT_WR)
        answers = everything(connection)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert answers.count(b'"text":"Anna"') == 2


def test_one_that_has_not_said_all_is_not_waited_for(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(posted(b'{"text": "Anna left."}')[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert everything(connection) == b""


@pytest.mark.slow(reason="starts a server")
def test_one_connection_too_many_is_refused(model: Path) -> None:
    with served(model, cwd=model.parent, code=FEW) as found:
        kept = [found.connect() for _ in range(2)]
        for connection in kept:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")
        refused = found.ask("GET", "/health")
        assert refused.problem(503) == "2 connections are open; try again in a moment"
        assert refused.headers["retry-after"] == "1"
        kept.pop().close()
        until(lambda: found.ask("GET", "/health").status == 200)


def test_what_is_not_http_is_said(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(b"HELO there\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    with server.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 17_000)
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
