import csv
import io
from typing import Any

import pytest
from hypothesis import given

from ner.errors import NerError
from ner.render import renderer
from ner.text import Document, Entity, Origin
from tests.render.documents import documents, writable


def read(format: str, document: Document, fields: dict[str, Any]) -> list[dict[str, str]]:
    chosen = renderer(format, fields=list(fields))
    written = chosen.begin() + chosen.document(document, Origin(7, fields)) + chosen.end()
    table = io.StringIO(written, newline="")
    return list(csv.DictReader(table, delimiter="\t" if format == "tsv" else ","))


@pytest.mark.parametrize("format", ["csv", "tsv"])
@given(documents())
def test_a_line_an_entity(format: str, document: Document) -> None:
    rows = read(format, document, {"id": 'a"\r\n,\tb', "label": 3, "gone": None, "tags": ["ü"]})
    assert len(rows) == len(document.entities)
    for row, entity in zip(rows, document.entities, strict=True):
        assert list(row.values())[:5] == ['a"\r\n,\tb', "3", "", '["ü"]', "7"]
        assert (row["start"], row["end"]) == (str(entity.start), str(entity.end))
        assert (row["label"], row["text"]) == (writable(entity.label), writable(entity.text))
        assert row["input_label"] == "3"
        assert float(row["score"]) == entity.score


def test_a_field_that_has_no_column() -> None:
    document = Document("x", (Entity(0, 1, "PER", "x"),))
    with pytest.raises(NerError, match=r"^a\.jsonl:7: has the field 'b', which the first record"):
        renderer("csv", fields=["a"]).document(document, Origin(7, {"b": 1}, source="a.jsonl"))
    assert read("csv", document, {})[0]["text"] == "x"
