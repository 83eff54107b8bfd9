"""Measure what `ner serve` bears, against a FastAPI handler that calls ``tagger.tag`` for each.

    python scripts/load_server.py --model DIR [--data demo] [--seconds 10] [--connections 64]

Both serve the same sentences of 25 tokens over the same connections, each of which asks again as
soon as it is answered; one after the other, several times in turn, so that whatever else the
machine does falls on both. The client is one process on the same machine and takes its share of it.
Prints requests per second and the time for an answer, as Markdown.
"""

import argparse
import itertools
import json
import os
import re
import selectors
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from ner import load_corpus

TOKENS = 25
WARM_UP = 0.5  # share of the time that does not count: words are computed when they first occur
BARE = """
import sys
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from ner import Tagger

app, tagger = FastAPI(), Tagger.load(sys.argv[1])

class Text(BaseModel):
    text: str

@app.post("/v1/tag")
def tag(given: Text) -> list[dict]:
    return [entity.to_dict() for entity in tagger.tag(given.text)]

uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
"""


class Load(NamedTuple):
    """What a server bore: requests per second, milliseconds for an answer, and of the processor.

    The last hardly depends on what else the machine does.
    """

    rate: float
    p50: float
    p99: float
    processor: float


class Connection:
    """A connection that asks again as soon as it is answered."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self.ask()

    def ask(self) -> None:
        """Send the next request."""
        self._got = b""
        self.begun = time.perf_counter()
        self.socket.sendall(next(self._requests))

    def answered(self) -> bool:
        """Take what came; True once it is a whole answer. Anything but a good one is an error."""
        self._got += self.socket.recv(1 << 16)
        head, _, body = self._got.partition(b"\r\n\r\n")
        assert self._got.startswith(b"HTTP/1.1 200 "), self._got[:200]
        length = re.search(rb"content-length: (\d+)", head)
        return length is not None and len(body) >= int(length[1])


def sentences(data: str) -> list[str]:
    """Texts of 25 tokens, out of a corpus."""
    tokens = [t for s in load_corpus(data).splits()["test"] for t in s.tokens]
    return [" ".join(tokens[i : i + TOKENS]) for i in range(0, len(tokens) - TOKENS, TOKENS)]


def request(text: str) -> bytes:
    """A request for the entities of a text."""
    body = json.dumps({"text": text}).encode()
    head = "POST /v1/tag HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def processor_time(pid: int) -> float:
    """Milliseconds that a process and its children have had a processor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    own = 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(processor_time(int(child)) for child in children)


def load(pid: int, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Ask a server over so many connections for some time."""
    endless = itertools.cycle(requests)
    chosen = selectors.DefaultSelector()
    for one in [Connection(port, endless) for _ in range(connections)]:
        chosen.register(one.socket, selectors.EVENT_READ, one)
    begun = time.perf_counter()
    counts_from, until = begun + WARM_UP * seconds, begun + seconds
    took, asked, used = [], 0, processor_time(pid)
    while time.perf_counter() < until:
        for key, _ in chosen.select(1):
            connection: Connection = key.data
            if connection.answered():
                asked += 1
                if connection.begun >= counts_from:
                    took.append(1000 * (time.perf_counter() - connection.begun))
                connection.ask()
    for key in list(chosen.get_map().values()):
        key.data.socket.close()
    cuts = statistics.quantiles(took, n=100)
    rate = len(took) / (until - counts_from)
    return Load(rate, statistics.median(took), cuts[98], (processor_time(pid) - used) / asked)


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[int]:
    """The number of a server, from when it takes connections to the end of the block."""
    with TemporaryFile() as errors:
        process = subprocess.Popen(command, stderr=errors)
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert process.poll() is None, "it has ended"
                    time.sleep(0.1)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument("--data", default="demo", help="corpus of the sentences")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    requests = [request(text) for text in sentences(given.data)]
    found: dict[str, list[Load]] = {}
    for _ in range(given.turns):
        for name, command in commands(str(Path(given.model).resolve())).items():
            port = free_port()
            with running([*command, str(port)], port) as pid:
                measured = load(pid, port, requests, given.connections, given.seconds)
            found.setdefault(name, []).append(measured)
            print(name, *(f"{value:.2f}" for value in measured), file=sys.stderr)
    print_table(found)


def commands(model: str) -> dict[str, list[str]]:
    """How each server is started; a port follows."""
    ours = [sys.executable, "-m", "ner", "serve", "--model", model]
    return {
        "bare handler": [sys.executable, "-c", BARE, model],
        "`ner serve`": [*ours, "--port"],
        "`ner serve --workers 2`": [*ours, "--workers", "2", "--port"],
    }


def print_table(found: dict[str, list[Load]]) -> None:
    """Print medians over the turns, and how many times as much as the first."""
    print("| server | requests/s | times | p50 ms | p99 ms | processor, ms a request |")
    print("|---|---:|---:|---:|---:|---:|")
    first = statistics.median(one.rate for one in next(iter(found.values())))
    for name, several in found.items():
        rate, *times = (statistics.median(column) for column in zip(*several, strict=True))
        shown = " | ".join(f"{value:.1f}" for value in times[:2])
        print(f"| {name} | {rate:,.0f} | {rate / first:.1f} | {shown} | {times[2]:.2f} |")


if __name__ == "__main__":
    main()
