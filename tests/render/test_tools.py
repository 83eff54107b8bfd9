"""Outputs for annotation tools and libraries: what each of them takes, on any text."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from ner.errors import MissingExtra, UsageError
from ner.render import output, renderer, renderer_class
from ner.text import Document, Entity, Origin, Sentence, Span
from tests.render.documents import documents, golden_documents, ranges, writable

KEPT = Origin(3, {"text": "other", "id": 7})


def record(format: str, document: Document, origin: Origin = KEPT) -> dict[str, Any]:
    line = renderer(format).document(document, origin)
    assert line.splitlines() == [line[:-1]]
    read: dict[str, Any] = json.loads(line)
    return read


@given(documents())
def test_doccano(document: Document) -> None:
    read = record("doccano", document)
    assert read["text"] == writable(document.text)
    assert [tuple(label) for label in read["label"]] == ranges(document)
    assert (read["input_text"], read["id"]) == ("other", 7)


@given(documents())
def test_label_studio(document: Document) -> None:
    chosen = renderer("label-studio")
    task = chosen.document(document, KEPT)
    [first, second] = json.loads(chosen.begin() + chosen.separator.join([task] * 2) + chosen.end())
    assert first == second
    assert first["data"] == {"text": writable(document.text), "input_text": "other", "id": 7}
    [prediction] = first["predictions"]
    values = [result["value"] for result in prediction["result"]]
    assert [(v["start"], v["end"], v["labels"][0]) for v in values] == ranges(document)
    assert all(v["text"] == first["data"]["text"][v["start"] : v["end"]] for v in values)
    scores = [entity.score for entity in document.entities]
    assert [result["score"] for result in prediction["result"]] == scores
    assert prediction.get("score") == min(scores, default=None)
    assert len({result["id"] for result in prediction["result"]}) == len(scores)


@given(documents())
def test_prodigy(document: Document) -> None:
    read = record("prodigy", document)
    assert read["text"] == writable(document.text)
    assert [(s["start"], s["end"], s["label"]) for s in read["spans"]] == ranges(document)
    assert read["meta"] == {"text": "other", "id": 7}


@pytest.mark.parametrize("document", golden_documents())
def test_prodigy_has_tokens(document: Document) -> None:
    read = record("prodigy", document, Origin())
    assert "meta" not in read
    for number, token in enumerate(read["tokens"]):
        assert token["id"] == number
        assert token["text"] == document.text[token["start"] : token["end"]]
        assert token["ws"] == document.text[token["end"] :].startswith(" ")
    for span in read["spans"]:
        assert read["tokens"][span["token_start"]]["start"] == span["start"]
        assert read["tokens"][span["token_end"]]["end"] == span["end"]


def written(format: str, path: Path, documents: Sequence[Document]) -> None:
    chosen = renderer(format)
    with output(format, path) as write:
        write(chosen.begin())
        for document in documents:
            write(chosen.document(document))
        write(chosen.end())


def test_brat_counts_from_the_start_of_the_file(tmp_path: Path) -> None:
    documents = [*golden_documents(), Document("a\nbc\n\nd", (Entity(0, 7, "LOC", "a\nbc\n\nd"),))]
    written("brat", tmp_path / "x.ann", documents)
    text = (tmp_path / "x.txt").read_bytes().decode()
    assert text == "".join(f"{document.text}\n" for document in documents)
    lines = (tmp_path / "x.ann").read_bytes().decode().splitlines()
    expected = [entity for document in documents for entity in document.entities]
    for number, (line, entity) in enumerate(zip(lines, expected, strict=True), 1):
        name, place, quoted = line.split("\t")
        label, _, fragments = place.partition(" ")
        parts = [tuple(map(int, fragment.split())) for fragment in fragments.split(";")]
        assert (name, label) == (f"T{number}", entity.label)
        assert "".join(text[start:end] for start, end in parts) == entity.text.replace("\n", "")
        assert len(quoted) == len(entity.text)
    assert lines[-1].endswith("\ta bc  d")
    assert lines[-1].count(";") == 2


def test_brat_leaves_nothing_that_is_not_whole(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="Expecting value"),
        output("brat", tmp_path / "x.ann") as write,
    ):
        write(renderer("brat").document(Document("a", ())) + "no JSON")
    assert list(tmp_path.iterdir()) == []
    assert renderer_class("brat").outputs(Path("x.ann")) == (Path("x.txt"), Path("x.ann"))


@pytest.mark.parametrize(
    ("format", "label"), [("brat", "job title"), ("conllu", "a|b"), ("conllu", "job title")]
)
def test_types_that_would_be_read_as_something_else(format: str, label: str) -> None:
    with pytest.raises(UsageError, match=r"cannot hold the type .*; choose --format jsonl"):
        renderer(format, ["PER", label])


def test_conllu_has_ten_columns_and_spaces_can_be_undone() -> None:
    for document in golden_documents():
        blocks = renderer("conllu").document(document).removeprefix("# newdoc\n").split("\n\n")
        for block, sentence in zip(blocks, document.sentences, strict=False):
            comment, *lines = block.split("\n")
            rows = [line.split("\t") for line in lines]
            assert {len(row) for row in rows} == {10}
            assert [row[0] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
            assert tuple(row[1] for row in rows) == sentence.tokens
            text = "".join(row[1] + " " * ("SpaceAfter=No" not in row[9]) for row in rows)
            assert comment == f"# text = {text.rstrip(' ')}"
    plain = Document("", (), (Sentence(("#", "b"), (Span(0, 1, "X"),)),))
    assert "1\t#\t_\t_\t_\t_\t_\t_\t_\tNER=B-X\n" in renderer("conllu").document(plain)


def test_spacy_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingExtra, match="pip install 'spacy>=3'"):
        written("spacy", tmp_path / "x.spacy", [])
    assert list(tmp_path.iterdir()) == []


def test_spacy_reads_the_same(tmp_path: Path) -> None:
    tokens = pytest.importorskip("spacy.tokens")
    vocabulary = pytest.importorskip("spacy.vocab").Vocab()
    odd = Document(" a  b\n c", (Entity(4, 5, "LOC", "b"),), (Sentence(("a", "b", "c")),))
    documents = [*golden_documents(), odd]
    written("spacy", tmp_path / "x.spacy", documents)
    docs = list(tokens.DocBin().from_disk(tmp_path / "x.spacy").get_docs(vocabulary))
    for doc, document in zip(docs, documents, strict=True):
        assert doc.text == document.text
        found = [(span.start_char, span.end_char, span.label_) for span in doc.ents]
        assert found == ranges(document)
