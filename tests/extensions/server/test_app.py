"""The routes of a server, asked over its socket."""

import io
import json
import zipfile
from typing import Any

import pytest

from ner.render import FORMATS, renderer
from ner.tagger import Tagger
from ner.text import Origin
from tests.extensions.server.client import Served

TEXT = "Anna visited New York. Carl Maria left Rome!"
WIDE = "😀 Anna visited 𝒳 Rome. 😀"


@pytest.fixture(scope="module")
def tagger(model: Any) -> Tagger:
    return Tagger.load(model)


def entities(tagger: Tagger, text: str) -> list[dict[str, Any]]:
    return [entity.to_dict() for entity in tagger.tag(text)]


# --- tagging ------------------------------------------------------------------------------------


def test_entities_are_those_of_the_tagger(server: Served, tagger: Tagger) -> None:
    assert len(entities(tagger, TEXT)) >= 4
    assert server.tag(text=TEXT) == {
        "model": "tiny",
        "documents": [{"entities": entities(tagger, TEXT)}],
    }
    texts = [TEXT, "", "Dora loved Paris?", WIDE]
    found = server.tag(texts=texts)["documents"]
    assert [document["entities"] for document in found] == [entities(tagger, t) for t in texts]
    assert server.tag(texts=[]) == {"model": "tiny", "documents": []}


def test_offsets_count_utf16_units_for_javascript(server: Served, tagger: Tagger) -> None:
    units = WIDE.encode("utf-16-le")
    [found] = server.tag(text=WIDE, offsets="utf16", nbest=1, sentences=True)["documents"]
    ranked = [e for s in found["nbest"] for one in s["alternatives"] for e in one["entities"]]
    for entity in [*found["entities"], *ranked]:
        piece = units[2 * entity["start"] : 2 * entity["end"]]
        assert piece.decode("utf-16-le") == entity["text"]
    assert [e["text"] for e in found["entities"]] == [e.text for e in tagger.tag(WIDE)]
    assert found["sentences"][-1]["end"] == len(units) // 2
    assert found["nbest"][-1]["end"] == len(units) // 2


def test_tokens_are_taken_as_they_are(server: Served) -> None:
    found = server.tag(tokens=[["Anna", "visited", "New", "York"], []])["documents"]
    assert found[0]["text"] == "Anna visited New York"
    known = [(e["token_start"], e["token_end"], e["label"]) for e in found[0]["entities"]]
    assert known == [(0, 1, "PER"), (2, 4, "LOC")]
    assert found[1] == {"entities": [], "text": ""}


def test_options_are_those_of_the_library(server: Served, model: Any, tagger: Tagger) -> None:
    [found] = server.tag(text=TEXT, nbest=2, sentences=True)["documents"]
    assert found["nbest"] == [ranked.to_dict() for ranked in tagger.tag_nbest(TEXT, 2)]
    assert found["sentences"] == [{"start": 0, "end": 22}, {"start": 23, "end": 44}]
    changed = Tagger.load(model, settings={"predict.min_score": 0.9, "predict.o_bias": 1.5})
    assert server.tag(text=TEXT, min_score=0.9, o_bias=1.5)["documents"] == [
        {"entities": entities(changed, TEXT)}
    ]
    assert server.tag(text=TEXT, o_bias=100)["documents"] == [{"entities": []}]
    forced = server.tag(text=TEXT, force={"ORG": ["new york"], "X": ["left"]})["documents"]
    kinds = {e["text"]: (e["label"], e["score"]) for e in forced[0]["entities"]}
    assert kinds["New York"] == ("ORG", 1.0)
    assert kinds["left"] == ("X", 1.0)


def test_lines_are_answered_in_their_order(server: Served, tagger: Tagger) -> None:
    texts = [f"Anna visited Rome {number}." for number in range(100)]
    lines = [json.dumps({"text": text}) for text in texts]
    lines[3], lines[5] = "{broken", json.dumps({"text": "a", "model": "other"})
    body = "\n".join([*lines, "", "  "]).encode()
    answer = server.ask("POST", "/v1/tag/stream", body, {"Content-Type": "application/jsonl"})
    assert answer.status == 200
    found = [json.loads(line) for line in answer.body.splitlines()]
    assert len(found) == 100
    assert (found[3]["status"], found[5]["status"]) == (400, 404)
    for number, text in enumerate(texts):
        if number not in (3, 5):
            assert found[number]["documents"][0]["entities"] == entities(tagger, text)


def test_a_line_is_answered_before_the_next_is_sent(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(
            b"POST /v1/tag/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/jsonl\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        reader = connection.makefile("rb")
        for name in ("Anna", "Berta", "Dora"):
            line = json.dumps({"text": f"{name} left."}).encode() + b"\n"
            connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))
            while not (answer := reader.readline()).startswith(b"{"):
                assert answer
            assert json.loads(answer)["documents"][0]["entities"][0]["text"] == name
        connection.sendall(b"0\r\n\r\n")
        assert b"0\r\n" in [*reader]


@pytest.mark.parametrize("format", sorted({*FORMATS} - {"spacy", "brat"}))
def test_every_format_is_that_of_the_command(server: Served, tagger: Tagger, format: str) -> None:
    answer = server.ask("POST", f"/v1/export/{format}", {"texts": [TEXT, "Rome"]})
    assert answer.status == 200
    chosen = renderer(format, tagger.labels, "Entities")
    documents = [
        chosen.document(tagger(text), Origin(i + 1)) for i, text in enumerate([TEXT, "Rome"])
    ]
    assert answer.body.decode() == chosen.begin() + chosen.separator.join(documents) + chosen.end()
    assert (
        answer.headers["content-disposition"]
        == f'attachment; filename="entities{chosen.extension}"'
    )


def test_several_files_come_packed(server: Served) -> None:
    answer = server.ask("POST", "/v1/export/brat", {"text": "Anna visited Rome."})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert sorted(archive.namelist()) == ["entities.ann", "entities.txt"]
        assert archive.read("entities.txt") == b"Anna visited Rome.\n"
    found = server.ask("POST", "/v1/export/else", {"text": "a"}).problem(404)
    assert found.startswith("no format is called 'else'; there are text, ")


# --- what is refused ----------------------------------------------------------------------------

HUGE = "9" * 400


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "the body is not JSON: EOF while parsing"),
        (b"", 400, "the body is not JSON"),
        (b"\xff", 400, "the body is not JSON"),
        (b'{"text": "\xff"}', 400, "the body is not JSON"),
        (rb'{"text": "\ud800"}', 400, "end of hex escape"),
        (rb'{"text": "\ud800\u0041"}', 400, "surrogate"),
        (b'{"text":' * 5000, 400, "recursion limit"),
        (b"[" * 100_000, 400, "recursion limit"),
        (b'{"text": NaN}', 422, "text: Input should be a valid string"),
        (b"[]", 422, "the body: Input should be"),
        ({}, 422, "give one of text, texts and tokens"),
        ({"text": "a", "texts": []}, 422, "give one of"),
        ({"text": 1}, 422, "text: Input should be a valid string"),
        ({"texts": "a"}, 422, "texts: Input should be"),
        ({"tokens": [["a", ""]]}, 422, "tokens.0.1: String should have at least 1 character"),
        ({"text": "a", "min_score": 2}, 422, "min_score: Input should be less than 1"),
        ({"text": "a", "min_score": "0.5"}, 422, "min_score: Input should be a valid number"),
        (f'{{"text": "a", "o_bias": {HUGE}}}'.encode(), 422, "o_bias: "),
        (f'{{"text": "a", "nbest": {HUGE}}}'.encode(), 422, "nbest: "),
        (b'{"text": "a", "o_bias": 1e999}', 422, "o_bias: "),
        ({"text": "a", "nbest": -1}, 422, "nbest: "),
        ({"text": "a", "nbest": True}, 422, "nbest: "),
        ({"text": "a", "words": 1}, 422, "words: Extra inputs are not permitted"),
        ({"text": "a", "model": "b"}, 404, "no model is called 'b'; there are tiny"),
        ({"text": "a", "force": {"X": ["-"]}}, 422, "has no entry"),
        ({"text": "a" * 20_001}, 413, "20,001 characters"),
        ({"text": "a" * 10_001, "nbest": 2}, 413, "n best analyses count n times"),
        ({"texts": ["a"] * 10_001}, 413, "10,001 texts are more than 10,000"),
        ({"text": "a", "force": {"X": ["a"] * 10_001}}, 413, "forced entries"),
        (b" " * 300_000, 413, "the body is larger than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_line(
    server: Served, body: Any, status: int, message: str
) -> None:
    assert message in server.ask("POST", "/v1/tag", body).problem(status)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Content-Type": "text/plain"}, 415, "the body must be application/json"),
        ({"Content-Encoding": "gzip"}, 415, "must not be packed"),
        ({"Host": "evil.example"}, 421, "this server is for 127.0.0.1 alone"),
        ({"Host": "127.0.0.1.evil.example:80"}, 421, "start it with a token"),
    ],
)
def test_heads_that_will_not_do(
    server: Served, headers: dict[str, str], status: int, message: str
) -> None:
    assert message in server.ask("POST", "/v1/tag", {"text": "a"}, headers).problem(status)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "[::1]", "[::1]:8000"])
def test_names_of_this_machine_are_served(server: Served, host: str) -> None:
    assert server.ask("GET", "/v1/models", headers={"Host": host}).status == 200


def test_other_paths_and_methods_are_problems_too(server: Served) -> None:
    assert server.ask("GET", "/nothing").problem(404) == "Not Found"
    assert server.ask("GET", "/v1/tag").problem(405) == "Method Not Allowed"
    assert server.ask("GET", "/page/../../setup.cfg").problem(404)
    reload = server.ask("POST", "/v1/models/reload").problem(403)
    assert reload == "this takes a token; start with --token-file, or send SIGHUP"


# --- what else there is -------------------------------------------------------------------------


def test_models_are_listed(server: Served, tagger: Tagger) -> None:
    found = server.ask("GET", "/v1/models").json()
    assert found["formats"] == [*FORMATS]
    [known] = found["models"]
    assert (known["name"], known["labels"]) == ("tiny", tagger.labels)
    assert not known["whole_documents"]


def test_it_says_how_it_is(server: Served) -> None:
    assert server.ask("GET", "/health").json() == {"status": "ok"}
    assert server.ask("GET", "/ready").json() == {"status": "ok"}
    server.tag(text="Anna")
    figures = server.ask("GET", "/metrics")
    assert figures.headers["content-type"].startswith("text/plain")
    lines = figures.body.decode().splitlines()
    counted = 'ner_requests_total{route="/v1/tag",status="200"}'
    [tagged] = [line for line in lines if line.startswith(counted)]
    assert float(tagged.split()[1]) >= 1
    assert any(line.startswith("ner_batch_texts_bucket") for line in lines)
    assert "Anna" not in figures.body.decode()


def test_openapi_describes_it_with_examples(server: Served) -> None:
    found = server.ask("GET", "/openapi.json").json()
    paths = found["paths"]
    assert {"/v1/tag", "/v1/tag/stream", "/v1/export/{format}", "/v1/models"} <= paths.keys()
    schema = paths["/v1/tag"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    for example in schema["examples"]:
        assert server.tag(**example)["documents"]
    assert "application/problem+json" in paths["/v1/tag"]["post"]["responses"]["422"]["content"]


@pytest.mark.parametrize("path", ["/", "/page.js", "/page.css", "/design.css"])
def test_the_page_comes_from_here_alone(server: Served, path: str) -> None:
    answer = server.ask("GET", path)
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"http:" not in answer.body
    assert b"https:" not in answer.body


def test_the_page_has_the_colours_of_files(server: Served, tagger: Tagger) -> None:
    design = server.ask("GET", "/design.css").body.decode()
    page = renderer("html", tagger.labels).begin()
    for line in ("--fill: 90%", "mark:not([class])", *(f".t{n} {{ --hue" for n in range(2))):
        [rule] = [found for found in design.splitlines() if line in found]
        assert rule in page
