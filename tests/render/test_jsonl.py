import json
from dataclasses import replace

from hypothesis import given

from ner.render import renderer
from ner.text import Alternative, Document, Entity, NBest
from tests.render.documents import documents, ranges, writable


@given(documents())
def test_jsonl_parses_back(document: Document) -> None:
    line = renderer("jsonl").document(document)
    assert line.splitlines() == [line[:-1]]
    read = json.loads(line)
    assert read["text"] == writable(document.text)
    for found, entity in zip(read["entities"], document.entities, strict=True):
        assert list(found) == ["start", "end", "label", "score", "text"]
        assert read["text"][found["start"] : found["end"]] == found["text"]
        assert found["score"] == entity.score
    assert [(e["start"], e["end"], e["label"]) for e in read["entities"]] == ranges(document)


def test_jsonl_has_the_alternatives_that_a_document_has() -> None:
    anna, ann = Entity(1, 5, "PER", "Anna", 0.75), Entity(1, 4, "LOC", "Ann", 0.25)
    several = NBest(
        1, 5, (Alternative(0.5, (anna,)), Alternative(0.25, (ann,)), Alternative(0.125, ()))
    )
    document = Document(" Anna", (anna,), nbest=(several,))
    line = renderer("jsonl").document(document)
    read = json.loads(line)
    assert list(read) == ["text", "entities", "nbest"]
    [sentence] = read["nbest"]
    assert (sentence["start"], sentence["end"]) == (1, 5)
    assert [one["probability"] for one in sentence["alternatives"]] == [0.5, 0.25, 0.125]
    entities = [one["entities"] for one in sentence["alternatives"]]
    assert entities[0] == read["entities"]
    assert entities[1:] == [
        [{"start": 1, "end": 4, "label": "LOC", "score": 0.25, "text": "Ann"}],
        [],
    ]
    assert "nbest" not in json.loads(renderer("jsonl").document(replace(document, nbest=None)))
    assert json.loads(renderer("jsonl").document(replace(document, nbest=())))["nbest"] == []
