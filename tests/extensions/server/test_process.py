"""Signals, models exchanged and several processes, as their clients meet them."""

import http.client
import json
import os
import shutil
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from ner.tagger import Tagger
from tests.cli.command import LIMIT, run
from tests.extensions.server.client import Served, asked, served, until
from tests.extensions.server.conftest import TOKEN

pytestmark = pytest.mark.slow(reason="each test starts a server, or several")

BEARER = {"Authorization": f"Bearer {TOKEN}"}
HEAD = b"POST /v1/tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def said(found: Served, text: str) -> None:
    """Wait until a server has said something."""
    until(lambda: text in found.log())


def body_of(text: str) -> bytes:
    return json.dumps({"text": text}).encode()


def begun(found: Served, body: bytes, count: int) -> socket.socket:
    """A connection over which all of a request has come but its last `count` bytes."""
    connection = found.connect()
    connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[:-count])
    return connection


def rest(connection: socket.socket) -> bytes:
    """All that still comes."""
    with connection.makefile("rb") as reader:
        return reader.read()


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_finishes_what_is_in_flight(model: Path, workers: int) -> None:
    with served("--model", model, "--workers", workers, cwd=model.parent) as found:
        body = body_of("Anna visited Rome.")
        connection = begun(found, body, 3)
        found.ask("GET", "/health")  # so that the request above has been taken
        found.process.send_signal(signal.SIGTERM)
        until(lambda: refused(found))
        connection.sendall(body[-3:])
        answer = rest(connection)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"text":"Rome"' in answer
        assert found.process.wait(LIMIT) == 0
        assert "Traceback" not in found.log()


def refused(found: Served) -> bool:
    """True once new connections are not taken any more."""
    try:
        found.connect().close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_it_too_and_twice_at_once(model: Path, workers: int) -> None:
    arguments = ("--model", model, "--workers", workers)
    with served(*arguments, cwd=model.parent) as found:
        assert found.stop(signal.SIGINT) == 0
        assert "Traceback" not in found.log()
    with (
        served(*arguments, cwd=model.parent) as found,
        begun(found, body_of("Anna visited Rome."), 3) as connection,
    ):
        found.ask("GET", "/health")
        found.process.send_signal(signal.SIGINT)
        until(lambda: refused(found))
        assert found.stop(signal.SIGINT) == 0
        assert b"200 OK" not in rest(connection)
        assert "Traceback" not in found.log()


@pytest.fixture
def changing(model: Path, tmp_path: Path, tiny_folder: Path) -> tuple[Path, Path]:
    """The folder of a model, and one of another model that could stand there."""
    from tests.cli.command import BRIEF

    shutil.copytree(model, tmp_path / "m")
    other = tmp_path / "other"
    run("train", "--data", tiny_folder, *BRIEF, "--out", other, "--seed", 7).good()
    return tmp_path / "m", other


def put(model: Path, other: Path) -> None:
    """Put another model in the place of one."""
    model.rename(model.with_name("before"))
    shutil.copytree(other, model)


@pytest.mark.parametrize(("workers", "by"), [(1, "signal"), (1, "request"), (2, "request")])
def test_a_model_is_exchanged_without_losing_a_request(
    changing: tuple[Path, Path], token_file: Path, workers: int, by: str
) -> None:
    model, other = changing
    arguments = ("--model", model, "--workers", workers, "--token-file", token_file)
    with served(*arguments, cwd=model.parent) as found:
        before = found.tag(BEARER, text="Anna visited Rome.")
        answers: list[list[Any]] = [[] for _ in range(4)]
        stop = threading.Event()
        threads = [
            threading.Thread(target=keep_asking, args=(found, kept, stop)) for kept in answers
        ]
        for thread in threads:
            thread.start()
        until(lambda: all(len(kept) > 10 for kept in answers))
        put(model, other)
        if by == "signal":
            found.process.send_signal(signal.SIGHUP)
        else:
            reloaded = found.ask("POST", "/v1/models/reload", b"", BEARER)
            assert reloaded.status == 200
        until(lambda: found.log().count("models read again: m") == workers)
        seen = [len(kept) for kept in answers]
        until(lambda: all(len(kept) > n + 10 for kept, n in zip(answers, seen, strict=True)))
        stop.set()
        for thread in threads:
            thread.join()
        for kept, n in zip(answers, seen, strict=True):
            assert all(status == 200 for status, _ in kept)
            assert kept[0][1] == before
            assert all(answer != before for _, answer in kept[n + 1 :])
        assert found.stop() == 0
        assert "Traceback" not in found.log()


def keep_asking(found: Served, answers: list[Any], stop: threading.Event) -> None:
    """Ask the same over one connection until told to stop."""
    connection = http.client.HTTPConnection("127.0.0.1", found.port, timeout=LIMIT)
    while not stop.is_set():
        body = {"text": "Anna visited Rome."}
        answer = asked(connection, "POST", "/v1/tag", body, BEARER)
        answers.append((answer.status, answer.json()))
    connection.close()


def test_a_damaged_model_does_not_take_the_place_of_a_good_one(
    changing: tuple[Path, Path], token_file: Path
) -> None:
    model, _ = changing
    with served("--model", model, "--token-file", token_file, cwd=model.parent) as found:
        (model / "model" / "weights.safetensors").write_bytes(b"nothing")
        message = found.ask("POST", "/v1/models/reload", b"", BEARER).problem(500)
        assert message.startswith("the models stay as they were: ")
        assert found.tag(BEARER, text="Anna visited Rome.")["documents"][0]["entities"]
        found.process.send_signal(signal.SIGHUP)
        until(lambda: found.log().count("the models stay as they were") == 2)
        assert found.ask("GET", "/health").status == 200


def test_the_token_opens_what_is_not_for_everybody(model: Path, token_file: Path) -> None:
    arguments = ("--model", model, "--token-file", token_file, "--cors", "https://a.example")
    with served(*arguments, cwd=model.parent) as found:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = found.ask("POST", "/v1/tag", {"text": "a"}, headers)
            assert answer.problem(401).startswith("the token is missing or wrong; send the header")
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/v1/models", "/metrics", "/openapi.json"):
            assert found.ask("GET", path).status == 401
            assert found.ask("GET", path, headers=BEARER).status == 200
        for path in ("/", "/page.js", "/health", "/ready"):
            assert found.ask("GET", path, headers={"Host": "any.example"}).status == 200
        asks = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        allowed = found.ask("OPTIONS", "/v1/tag", headers=asks).headers
        assert allowed["access-control-allow-origin"] == "https://a.example"
        other = found.ask("OPTIONS", "/v1/tag", headers={**asks, "Origin": "https://b.example"})
        assert "access-control-allow-origin" not in other.headers
        assert TOKEN not in found.log()


def test_a_process_that_ends_is_replaced_and_figures_add_up(model: Path) -> None:
    with served("--model", model, "--workers", 2, cwd=model.parent) as found:
        first = children(found.process.pid)
        assert len(first) == 2
        os.kill(first[0], signal.SIGKILL)
        said(found, "another takes its place")
        until(lambda: len(set(children(found.process.pid)) - {first[0]}) == 2)
        for _ in range(20):
            assert found.tag(text="Anna")["documents"]
        figures = found.ask("GET", "/metrics").body.decode()
        assert 'ner_requests_total{route="/v1/tag",status="200"} 20.0' in figures
        left = children(found.process.pid)
        found.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in left))


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_model_of_several_layers_is_served(layered_run: Path, tmp_path: Path) -> None:
    text, tagger = "Anna visited New York.", Tagger.load(layered_run)
    with served("--model", layered_run, cwd=tmp_path) as found:
        assert found.ask("GET", "/v1/models").json()["models"][0]["layers"] == ["outer", "inner"]
        [document] = found.tag(text=text)["documents"]
        assert document["entities"] == [entity.to_dict() for entity in tagger.tag(text)]
        assert {entity["layer"] for entity in document["entities"]} == {"outer", "inner"}
        for more, message in (({"force": {"X": ["a"]}}, "force"), ({"nbest": 2}, "alternatives")):
            refused = found.ask("POST", "/v1/tag", {"text": text, **more}).problem(422)
            assert refused.startswith(message)
            assert "the model has the layers outer, inner" in refused
        assert found.ask("POST", "/v1/export/conll", {"text": text}).status == 200
        assert found.ask("POST", "/v1/export/conllu", {"text": text}).status == 422


def test_a_model_that_cannot_be_served_is_said_once(changing: tuple[Path, Path]) -> None:
    from tests.cli.command import process
    from tests.extensions.server.client import need_extra

    need_extra()
    model, _ = changing
    (model / "model" / "weights.safetensors").write_bytes(b"nothing")
    arguments = ("serve", "--model", model, "--port", 0)
    alone = process(*arguments, cwd=model.parent)
    assert alone.code == 1
    assert "weights.safetensors" in alone.complaint()
    several = process(*arguments, "--workers", 3, cwd=model.parent)
    assert several.code == 1
    assert several.err.count("weights.safetensors") == 1
    assert "Traceback" not in several.err
