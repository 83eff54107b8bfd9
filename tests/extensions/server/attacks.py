"""Hostile requests, and good ones among them."""

import http.client
import os
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ner.tagger import Tagger
from tests.cli.command import LIMIT
from tests.extensions.server.client import Served, asked

HEAD = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def sent(data: bytes, *, reads: bool = True) -> Callable[[Served, list[socket.socket]], None]:
    """An attack that sends something, and goes away."""

    def attack(found: Served, kept: list[socket.socket]) -> None:
        with found.connect() as connection, suppress(OSError):  # it was thrown out
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while reads and connection.recv(1 << 16):
                pass

    return attack


def held(data: bytes) -> Callable[[Served, list[socket.socket]], None]:
    """An attack that begins something, and keeps its connection without going on."""

    def attack(found: Served, kept: list[socket.socket]) -> None:
        connection = found.connect()
        connection.sendall(data)
        kept.append(connection)

    return attack


def posted(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


ATTACKS = {
    "broken JSON": sent(posted(b'{"text": "Anna')),
    "no JSON": sent(posted(b"\x00\xff\xfe" * 100)),
    "a gigabyte is announced": sent(HEAD + b"Content-Length: 1073741824\r\n\r\n" + b"a" * 100_000),
    "a gigabyte comes in chunks": sent(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"a" * 65536 + b"\r\n" * 40
    ),
    "chunks of no size": sent(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n"),
    "negative length": sent(HEAD + b"Content-Length: -5\r\n\r\n{}"),
    "two lengths": sent(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "slow head": held(b"POST /v1/tag HTTP/1.1\r\nHost: loc"),
    "slow body": held(HEAD + b"Content-Length: 100\r\n\r\n{"),
    "nothing": held(b""),
    "half closed": sent(HEAD + b"Content-Length: 100\r\n\r\n{"),
    "goes away": sent(posted(b'{"text": "Anna visited Rome."}'), reads=False),
    "surrogates": sent(posted(rb'{"text": "\ud83d \udc00"}')),
    "deep": sent(posted(b"[" * 50_000)),
    "deeper": sent(posted(b'{"force": ' * 3_000)),
    "huge number": sent(posted(b'{"text": "a", "nbest": ' + b"9" * 5_000 + b"}")),
    "wrong types": sent(posted(b'{"text": {"a": [1]}, "nbest": "x", "force": 3}')),
    "long head": sent(b"GET / HTTP/1.1\r\nX: " + b"a" * 300_000),
    "many headers": sent(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 60_000),
    "long path": sent(b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n"),
    "not HTTP": sent(b"\x16\x03\x01\x02\x00" * 40),
    "upgrade": sent(b"GET /v1/tag HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    "smuggled": sent(HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX"),
    "many in a row": sent(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 500),
    "odd bytes in the path": sent(b"GET /%00%ff/\xff HTTP/1.1\r\n\r\n"),
    "a stream of rubbish": sent(
        HEAD.replace(b"/tag ", b"/tag/stream ").replace(b"/json", b"/jsonl")
        + b"Content-Length: 20000\r\n\r\n"
        + b"{]\n[\n\xff" * 3334
    ),
}


def resident(pid: int) -> int:
    """Bytes of a process that are in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def mixed(found: Served, tagger: Tagger, count: int, seed: int) -> None:
    """Send so many requests, one in ten hostile, and check the answers of the good ones."""
    rng = random.Random(seed)
    names, places = ("Anna", "Berta", "Carl Maria", "Dora"), ("Rome", "Paris", "New York")
    kept: list[socket.socket] = []
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=LIMIT)
    attacks = list(ATTACKS)
    for number in range(count):
        if number % 10 == 0:
            ATTACKS[rng.choice(attacks)](found, kept)
            if len(kept) > 50:
                kept.pop(0).close()
            continue
        text = f"{rng.choice(names)} visited {rng.choice(places)} {rng.randrange(90)}."
        answer = asked(connection, "POST", "/v1/tag", {"text": text})
        assert answer.status == 200
        entities = [entity.to_dict() for entity in tagger.tag(text)]
        assert answer.json() == {"model": "tiny", "documents": [{"entities": entities}]}
    for held_open in kept:
        held_open.close()
    connection.close()
