"""CSV and Parquet as numbered lines of JSON."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.tables import csv_lines, table_lines
from ner.errors import CorpusError


def rows(content: str | bytes) -> list[tuple[int, Any]]:
    data = content if isinstance(content, bytes) else content.encode()
    lines = list(csv_lines(io.BytesIO(data), "in.csv", "utf-8"))
    assert [number for number, _ in lines] == list(range(2, 2 + len(lines)))
    return [(number, json.loads(line)) for number, line in lines if line]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_have_the_numbers_of_their_lines(separator: str) -> None:
    text = 'id,text\n1,"Anna,\n""left"""\n\n2,Rome\n'.replace(",", separator)
    assert rows(f"\ufeff{text}") == [
        (2, {"id": "1", "text": f'Anna{separator}\n"left"'}),
        (5, {"id": "2", "text": "Rome"}),
    ]
    assert rows(text.replace("\n", "\r\n")) == rows(text)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"))


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_what_csv_writes_is_read(table: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([("id", "text"), *table])
    expected = [{"id": one, "text": other} for one, other in table]
    assert [row for _, row in rows(file.getvalue())] == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "in.csv:3: has 3 cells where the header has 2; put cells that"),
        ("a,b\n1\n", "in.csv:2: has 1 cells where the header has 2"),
        ("a,a\n1,2\n", "in.csv:1: has the column 'a' twice; rename one of them"),
        ('a,b\n"1"x,2\n', "in.csv:2: cannot be read as CSV ("),
        ('a,b\n1,2\n"1,2\n', "in.csv:3: cannot be read as CSV ("),
        ("a,b\n1\rx,2\n", "in.csv:2: cannot be read as CSV ("),
    ],
)
def test_rows_that_do_not_fit(content: str, said: str) -> None:
    with pytest.raises(CorpusError) as caught:
        rows(content)
    assert str(caught.value).startswith(said)


def test_a_table_of_nothing() -> None:
    assert rows("") == rows("a,b\n") == []


def test_parquet() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    file = io.BytesIO()
    write_table(pyarrow.table({"text": ["Zoë\n😀", None], "n": [1, 2]}), file)
    file.seek(0)
    found = [(n, json.loads(line)) for n, line in table_lines(file, "in.parquet", "utf-8")]
    assert found == [(1, {"text": "Zoë\n😀", "n": 1}), (2, {"text": None, "n": 2})]
    with pytest.raises(CorpusError, match=r"^in\.parquet: cannot be read as Parquet \(Arrow\w+: "):
        list(table_lines(io.BytesIO(b"PAR1 no"), "in.parquet", "utf-8"))
