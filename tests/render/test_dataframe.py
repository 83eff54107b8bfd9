"""A table of entities for pandas."""

import sys

import pytest

from ner.errors import MissingExtra
from ner.render import to_dataframe
from ner.text import Document, Entity

DOCUMENTS = [
    Document("Anna left Rome", (Entity(0, 4, "PER", "Anna", 0.5), Entity(10, 14, "LOC", "Rome"))),
    Document("", ()),
    Document("in Paris", (Entity(3, 8, "LOC", "Paris", 0.25),)),
]
TYPES = {"document": "int64", "start": "int64", "end": "int64", "score": "float64"}


def test_an_entity_is_a_row() -> None:
    pytest.importorskip("pandas")
    table = to_dataframe(iter(DOCUMENTS))
    assert table.to_dict("records") == [
        {"document": number, **entity}
        for number, document in enumerate(DOCUMENTS)
        for entity in document.to_dict()["entities"]
    ]
    assert [*table.columns] == ["document", "start", "end", "label", "text", "score"]
    assert {name: str(table.dtypes[name]) for name in TYPES} == TYPES


def test_layers_are_a_column_where_there_are_any() -> None:
    pytest.importorskip("pandas")
    inner = Document("FC Ulm", (Entity(3, 6, "LOC", "Ulm", 0.5, "inner"),))
    assert [*to_dataframe([*DOCUMENTS, inner])["layer"]] == ["", "", "", "inner"]


def test_a_table_without_rows_has_its_columns() -> None:
    pytest.importorskip("pandas")
    table, full = to_dataframe([DOCUMENTS[1]]), to_dataframe(DOCUMENTS)
    assert len(table) == 0
    assert (table.dtypes == full.dtypes).all()


def test_without_pandas_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match="pip install pandas"):
        to_dataframe(DOCUMENTS)
