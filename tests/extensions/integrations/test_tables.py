"""Columns of pandas with the entities of each text."""

from pathlib import Path
from typing import Any

import pytest

import ner
from ner.tagger import Tagger

pandas: Any = pytest.importorskip("pandas", reason="pandas is not installed")

TEXTS = ["Anna left Rome .", None, "Nothing", float("nan"), "Dora loved New York ."]


@pytest.mark.parametrize("dtype", [object, "string"])
def test_a_column_of_entities(tiny_tagger: Tagger, dtype: Any) -> None:
    column = pandas.Series(TEXTS, index=[*"vwxyz"], name="text", dtype=dtype)
    found = column.pipe(ner.tag_series, tiny_tagger)
    assert ([*found.index], found.name, found.dtype) == ([*"vwxyz"], "text", object)
    assert [*found] == [list(d.entities) for d in tiny_tagger.pipe(TEXTS)]
    assert [e.text for e in found["z"]] == ["Dora", "New York"]
    assert found["w"] == []


def test_a_column_of_a_table_becomes_another(tiny_run: Path) -> None:
    table = pandas.DataFrame({"text": ["Anna left Rome .", "Nothing"]})
    table["entities"] = table["text"].pipe(ner.tag_series, tiny_run)
    assert [len(entities) for entities in table["entities"]] == [2, 0]
    assert [e.label for e in table["entities"].explode().dropna()] == ["PER", "LOC"]


def test_the_model_that_ships_needs_no_name(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    [found] = pandas.Series(["Angela Merkel visited Paris."]).pipe(ner.tag_series)
    assert [(e.text, e.label) for e in found] == [("Angela Merkel", "PERSON"), ("Paris", "GPE")]


def test_an_empty_column(tiny_tagger: Tagger) -> None:
    assert len(pandas.Series([], dtype=object).pipe(ner.tag_series, tiny_tagger)) == 0


@pytest.mark.parametrize("texts", ["a text", ["a", "b"], pandas.DataFrame({"a": ["b"]}), None])
def test_what_is_no_column(texts: Any, tiny_tagger: Tagger) -> None:
    with pytest.raises(TypeError):
        ner.tag_series(texts, tiny_tagger)


def test_what_is_no_text(tiny_tagger: Tagger) -> None:
    with pytest.raises(TypeError, match="text 1 is an int"):
        pandas.Series(["a", 3]).pipe(ner.tag_series, tiny_tagger)
