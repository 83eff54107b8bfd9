"""Tables of a page."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from ner.render import html_table

ROWS = [["name", "F1"], ["<b>&", "1"], ["x", "2"]]


def test_cells_are_escaped_and_the_first_row_is_the_head() -> None:
    assert html_table(ROWS, {0}) == (
        '<div class="wide"><table>\n'
        '<tr><th class="text">name</th><th>F1</th></tr>\n'
        '<tr><td class="text">&lt;b&gt;&amp;</td><td>1</td></tr>\n'
        '<tr><td class="text">x</td><td>2</td></tr>\n'
        "</table></div>"
    )


def test_cells_have_the_class_of_their_place() -> None:
    table = html_table(ROWS, {0}, lambda row, column: "bad" * (row == 2))
    assert table.splitlines()[3] == '<tr><td class="text bad">x</td><td class="bad">2</td></tr>'
    assert "bad" not in table.splitlines()[2]


CELL = st.text(st.characters(exclude_categories=["C"]), max_size=9)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=4))
def test_every_text_is_in_its_cell(rows: list[list[str]]) -> None:
    root = ET.fromstring(html_table(rows, ()))
    assert [[cell.text or "" for cell in row] for row in root.iter("tr")] == rows
