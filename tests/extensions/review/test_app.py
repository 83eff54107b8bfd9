"""The interface of the page: what it shows, what it saves, whom it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import QueueItem, load_journal
from ner.extensions.review.review import Review
from ner.extensions.review.shown import Project
from ner.text import Span
from tests.extensions.review.client import HOST, Client, change
from tests.extensions.review.conftest import Make


@pytest.fixture
def project(corpus: Path, tmp_path: Path) -> Project:
    return Project(files=[corpus], out=tmp_path / "out.jsonl", format="jsonl", guidelines="PER: x")


@pytest.fixture
def client(project: Project, review: Review) -> Client:
    return Client(project, review, writes=3)


def test_the_page_comes_with_a_strict_policy(client: Client) -> None:
    for path in ("/", "/review.js", "/review.css", "/marks.js", "/design.css"):
        answer = client.get(path)
        assert answer.status == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
    assert b".t0 " in client.get("/design.css").body


def test_the_project_is_told(client: Client, project: Project) -> None:
    found = client.get("/api/project").json()
    assert found["files"] == ["a.conll"]
    assert (found["count"], found["documents"], found["statuses"]) == (3, 1, "ooo")
    assert [one["label"] for one in found["types"]] == ["LOC", "ORG", "PER"]
    assert found["command"] == f"ner train --data {project.out}"
    assert found["orders"] == ["file"]
    assert found["guidelines"] == "PER: x"
    assert "brat" in found["formats"]
    assert found["ready"] is None


def test_sentences_are_shown_with_all_that_is_known(client: Client, corpus: Path) -> None:
    [found] = client.post("sentences", {"ids": [0]}).json()["sentences"]
    assert found == {
        "id": 0, "version": 0, "place": f"{corpus}:1", "document": 0,
        "tokens": ["Anna", "visited", "New", "York", "."], "joined": [3],
        "entities": [{"start": 0, "end": 4, "label": "PER"},
                     {"start": 13, "end": 21, "label": "LOC"}],
        "proposals": [], "doubts": [], "unknown": [], "accepted": False, "note": "",
        "status": "o", "reasons": [],
    }  # fmt: skip


def test_a_decision_is_saved_before_it_is_answered(client: Client, journal: Path) -> None:
    answer = client.post("decide", {"changes": [change(1, 0, (0, 4, "PER"), note="é")]}).json()
    assert answer["changed"] == {"1": "a"}
    assert answer["sentences"][0]["version"] == 1
    assert (answer["can_undo"], answer["can_redo"]) == (True, False)
    decision = load_journal(journal)[1].decisions[1]
    assert (decision.entities, decision.note) == ((Span(0, 4, "PER"),), "é")


def test_a_stale_decision_comes_back_with_the_sentence_as_it_is(client: Client) -> None:
    client.post("decide", {"changes": [change(1, 0, (0, 4, "PER"))]})
    answer = client.post("decide", {"changes": [change(1, 0)]})
    assert answer.problem(409) == (
        "a sentence has changed since it was seen; here it is as it is now"
    )
    [found] = answer.json()["sentences"]
    assert found["version"] == 1
    assert found["entities"] == [{"start": 0, "end": 4, "label": "PER"}]


def test_strokes_are_taken_back_and_made_again(client: Client) -> None:
    client.post("decide", {"changes": [change(0, 0), change(2, 0)]})
    assert client.post("undo", {}).json()["changed"] == {"0": "o", "2": "o"}
    assert client.post("redo", {}).json()["changed"] == {"0": "a", "2": "a"}
    assert client.post("redo", {}).json()["changed"] == {}


def test_all_places_are_found_and_labelled(client: Client) -> None:
    found = client.post("search", {"text": "New York"}).json()
    assert found["total"] == 2
    assert found["places"] == [
        {"id": 0, "start": 13, "end": 21, "labels": ["LOC"]},
        {"id": 1, "start": 10, "end": 18, "labels": []},
    ]
    body = {"text": "New York", "label": "LOC"}
    assert client.post("label", body).json()["changed"] == {"1": "c"}
    assert client.post("search", {"text": "york"}).json()["total"] == 0
    found = client.post("search", {"text": "york", "case": False}).json()
    assert [place["labels"] for place in found["places"]] == [["…"], ["…"]]
    answer = client.post("label", {"text": "New York", "label": "CITY", "replace": True}).json()
    assert answer["changed"] == {"0": "c", "1": "c"}
    assert answer["types"][-1] == {"layer": "", "label": "CITY"}


def test_a_queue_tells_why(make: Make, project: Project) -> None:
    review = make()
    sentence = review.sentences[2]
    item = QueueItem(
        sentence.source, sentence.line, sentence.tokens, "type", 0.93, "a place elsewhere",
        Span(0, 1, "ORG"), Span(0, 1, "LOC"),
    )  # fmt: skip
    queued = Project(
        files=project.files, out=project.out, format="jsonl", order="queue", queue={2: [item]}
    )
    client = Client(queued, review)
    assert client.get("/api/order?by=queue").json() == {"ids": [2]}
    [found] = client.post("sentences", {"ids": [2]}).json()["sentences"]
    assert found["reasons"] == [
        {
            "kind": "type", "score": 0.93, "reason": "a place elsewhere",
            "labelled": {"start": 0, "end": 4, "label": "ORG"},
            "proposed": {"start": 0, "end": 4, "label": "LOC"},
        }
    ]  # fmt: skip


def test_files_are_written_and_given(client: Client) -> None:
    assert client.post("write", {}).json()["sentences"] == 3
    answer = client.get("/api/export?format=iob2")
    answer.problem(404)
    answer = client.get("/api/export?format=jsonl")
    assert answer.headers["content-disposition"] == 'attachment; filename="corrected.jsonl"'
    assert len(answer.body.splitlines()) == 3
    assert client.get("/api/export?format=brat").body[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("decide", b"{", 422, "the body: Invalid JSON"),
        ("decide", {}, 422, "changes: Field required"),
        ("decide", {"changes": [], "more": 1}, 422, "more: Extra inputs"),
        ("decide", {"changes": [change(9, 0)]}, 422, "there is no sentence 9"),
        ("decide", {"changes": [change(-1, 0)]}, 422, "changes.0.id: Input should be greater"),
        ("decide", {"changes": [change(0, 0)] * 2}, 422, "is decided twice"),
        ("decide", {"changes": [change(0, 0, (0, 9**20, "X"))]}, 422, ""),
        ("decide", {"changes": [change(0, 0, (4, 6, "PER"))]}, 422, "does not begin and end"),
        ("decide", {"changes": [change(0, 0, (0, 4, "a b"))]}, 422, "is no name of a type"),
        ("decide", {"changes": [change(0, 0, (0, 4, "x" * 1001))]}, 422, "at most 1000"),
        ("decide", {"changes": [change(0, 0)] * 1001}, 422, "at most 1000"),
        ("sentences", {"ids": [3]}, 404, "there is no sentence 3; there are 3"),
        ("sentences", {"ids": list(range(1001))}, 422, "at most 1000"),
        ("search", {"text": " "}, 422, "nothing is looked for"),
        ("search", {"text": "x" * 1001}, 422, "at most 1000"),
        ("label", {"text": "Anna", "label": "a,b"}, 422, "is no name of a type"),
        ("undo", {"twice": True}, 422, "Extra inputs"),
        ("nothing", {}, 404, "Not Found"),
        ("undo", b"[" * 100_000, 422, ""),
    ],
)
def test_what_is_wrong_is_refused_in_one_line(
    client: Client, journal: Path, path: str, body: Any, status: int, message: str
) -> None:
    before = journal.read_bytes()
    assert message in client.post(path, body).problem(status)
    assert journal.read_bytes() == before


def test_bodies_are_bounded(client: Client) -> None:
    assert "the body is larger than" in client.post("search", b" " * 4_000_000).problem(413)


@pytest.mark.parametrize("order", ["doubt", "nothing", ""])
def test_orders_that_are_not_there_are_refused(client: Client, order: str) -> None:
    assert "there are file" in client.get(f"/api/order?by={order}").problem(422)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-review": ""}, 403),
        ({"x-review": "0123456789abcdef"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"https://{HOST}"}, 403),
        ({"host": "evil.example:8001"}, 421),
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "gzip"}, 415),
    ],
)
def test_pages_from_elsewhere_change_nothing(
    client: Client, journal: Path, headers: dict[str, str], status: int
) -> None:
    before = journal.read_bytes()
    client.post("decide", {"changes": [change(0, 0)]}, headers).problem(status)
    assert journal.read_bytes() == before


def test_pages_of_this_machine_are_let_in(client: Client) -> None:
    answer = client.post("undo", {}, {"origin": f"http://{HOST}"})
    assert answer.status == 200
    client.get("/api/project", {"host": "evil.example"}).problem(421)
    assert client.get("/api/project", {"host": "localhost:8001"}).status == 200


def test_labels_are_data_and_never_markup(client: Client) -> None:
    label = "<script>alert(1)</script>"
    answer = client.post("decide", {"changes": [change(0, 0, (0, 4, label))]})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.body)["sentences"][0]["entities"][0]["label"] == label
