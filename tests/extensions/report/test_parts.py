"""Parts of a page: tables of one run and of two, and figures as texts."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.report.figures import RunFigures
from ner.extensions.report.parts import (
    Cells,
    letter_of,
    letters,
    note,
    paragraph,
    percent,
    percent_of,
    percent_range,
    run_heading,
    run_table,
    scrolled,
)
from tests.extensions.report.by_hand import figures

ONE, TWO = figures(), figures(two=True)


def rows_of(table: str) -> list[list[str]]:
    """The cells of a table in its rows."""
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in table.split("<tr>")[1:]]


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "shown"), [(0.0, "0.00"), (1.0, "100.00"), (0.87064, "87.06"), (0.99996, "100.00")]
)
def test_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_ranges_and_parts() -> None:
    assert percent_range((0.849, 0.8893)) == "84.90–88.93"
    assert percent_of(1, 3) == "33.3 %"
    assert percent_of(0, 0) == "0.0 %"


def test_texts_are_escaped_and_plots_are_not() -> None:
    assert paragraph("a <b>") == "<p>a &lt;b&gt;</p>"
    assert note("a & b") == '<p class="note">a &amp; b</p>'
    assert scrolled("<svg/>") == '<div class="wide"><svg/></div>'


# --- one run and two ------------------------------------------------------------------------------


def test_only_two_runs_have_letters() -> None:
    assert (letters(ONE.runs), letters(TWO.runs)) == (("",), ("A", "B"))
    assert letter_of(ONE, ONE.runs[0]) == ""
    assert [letter_of(TWO, run) for run in TWO.runs] == ["A: ", "B: "]


def test_two_equal_runs_have_letters_of_their_own() -> None:
    first, again = figures().runs[0], figures().runs[0]
    assert first == again
    both = replace(TWO, runs=(first, again))
    assert [letter_of(both, run) for run in both.runs] == ["A: ", "B: "]


def test_headings_name_the_run_where_there_are_two() -> None:
    assert [*run_heading(ONE, ONE.runs[0])] == []
    assert [*run_heading(TWO, TWO.runs[1])] == ["<h3>B: runs/bold</h3>"]


HEAD = ["type", "entities", "found", "F1"]
LEFT: Cells = {"PER": ["3", "4", "50"], "LOC": ["1", "0", "0"]}
RIGHT: Cells = {"PER": ["3", "5", "60"], "ORG": ["2", "2", "70"]}


def test_the_table_of_one_run_has_every_column() -> None:
    table = run_table(ONE.runs, HEAD, [LEFT], once=["entities"], alone=["found"])
    assert rows_of(table) == [HEAD, ["PER", *LEFT["PER"]], ["LOC", *LEFT["LOC"]]]


def test_the_table_of_two_joins_rows_by_name() -> None:
    table = run_table(TWO.runs, HEAD, [LEFT, RIGHT], once=["entities"], alone=["found"])
    assert rows_of(table) == [
        ["type", "entities", "F1 A", "F1 B"],
        ["PER", "3", "50", "60"],
        ["LOC", "1", "0", "–"],
        ["ORG", "2", "–", "70"],
    ]


def test_without_exceptions_every_column_is_twice() -> None:
    table = run_table(TWO.runs, HEAD, [LEFT, RIGHT])
    assert rows_of(table)[0] == [
        "type", "entities A", "found A", "F1 A", "entities B", "found B", "F1 B"
    ]  # fmt: skip
    assert rows_of(table)[2] == ["LOC", "1", "0", "0", "–", "–", "–"]


def test_a_table_without_rows_is_its_head() -> None:
    assert rows_of(run_table(TWO.runs, ["", "F1"], [{}, {}])) == [["", "F1 A", "F1 B"]]


NAMES = st.sampled_from(["PER", "LOC", "ORG", "MISC"])
CELLS = st.dictionaries(NAMES, st.lists(st.integers(0, 99).map(str), min_size=3, max_size=3))


@given(CELLS, CELLS, st.sets(st.sampled_from(HEAD[1:])), st.sets(st.sampled_from(HEAD[1:])))
def test_any_two_runs(left: Cells, right: Cells, once: set[str], alone: set[str]) -> None:
    """Every name has one row, all rows are as long, and cells stand under their own head."""
    runs: tuple[RunFigures, ...] = TWO.runs
    head, *rows = rows_of(run_table(runs, HEAD, [left, right], once=[*once], alone=[*alone]))
    assert [row[0] for row in rows] == list(dict.fromkeys([*left, *right]))
    for row in rows:
        assert len(row) == len(head)
        for title, cell in zip(head[1:], row[1:], strict=True):
            name, _, letter = title.partition(" ")
            assert name not in alone
            own = right if letter == "B" else left
            if not letter:
                assert name in once
                own = left if row[0] in left else right
            wanted = own[row[0]][HEAD.index(name) - 1] if row[0] in own else "–"
            assert cell == wanted
