"""A server as a process of its own, and a client that speaks HTTP, or anything, to it."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest

from tests.cli.command import LIMIT, command, environment

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def problem(self, status: int) -> str:
        """The message of problem details with that status."""
        assert self.status == status, self
        assert self.headers["content-type"] == "application/problem+json"
        found = self.json()
        assert found["status"] == status
        assert "\n" not in found["detail"]
        return str(found["detail"])


@dataclass(frozen=True)
class Served:
    """A server that runs."""

    process: "subprocess.Popen[bytes]"
    port: int
    errors: IO[bytes]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """Send a request over a connection of its own; a body that is no bytes goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            return asked(connection, method, path, body, headers)
        finally:
            connection.close()

    def tag(self, headers: Mapping[str, str] = {}, **body: Any) -> Any:
        """What ``/v1/tag`` answers."""
        answer = self.ask("POST", "/v1/tag", body, headers)
        assert answer.status == 200, answer
        return answer.json()

    def log(self) -> str:
        """All that it has said so far."""
        return said(self.errors)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(LIMIT)


def asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] = {},
) -> Answer:
    """The same as `Served.ask` over a connection that stays open."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    given = {**(JSON if body is not None else {}), **headers}
    connection.request(method, path, body, given)
    answer = connection.getresponse()
    kept = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(answer.status, kept, answer.read())


def need_extra() -> None:
    """Skip a test where the packages of the extra are not installed."""
    for package in ("fastapi", "uvicorn", "httptools", "prometheus_client"):
        if find_spec(package) is None:
            pytest.skip(f"{package}, of the extra serve, is not installed")


@contextmanager
def served(*arguments: object, cwd: Path, code: str = "") -> Iterator[Served]:
    """Run ``ner serve`` at a free port, from when it serves to the end of the block.

    With `code`, run that with the arguments in place of the command.
    """
    need_extra()
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            _command(code, arguments),
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=errors,
            # Tests in the background of a shell were started with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        try:
            yield Served(process, _port(process, errors), errors)
        finally:
            process.kill()
            process.wait()


def _command(code: str, arguments: Sequence[object]) -> list[str]:
    if code:
        return [sys.executable, "-c", code, *map(str, arguments)]
    return command("serve", "--port", 0, *arguments)


def _port(process: "subprocess.Popen[bytes]", errors: IO[bytes]) -> int:
    """The port that a server says it serves at, once it does."""
    while True:
        if found := re.search(r"http://[\d.]+:(\d+): .*serve", said(errors)):
            return int(found[1])
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)  # between two looks; its end would be an error
            pytest.fail(said(errors))


def said(errors: IO[bytes]) -> str:
    """What was written into a file so far; the one who writes keeps its place in it."""
    return os.pread(errors.fileno(), 1 << 20, 0).decode()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    pause = threading.Event()
    for _ in range(20 * LIMIT):
        if holds():
            return
        pause.wait(0.05)  # between two looks
    pytest.fail("it never came true")
