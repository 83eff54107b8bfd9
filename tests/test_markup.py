"""HTML of text with marked ranges."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from ner.markup import escaped, marked_paragraph

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))


@given(texts)
def test_what_is_escaped_comes_back(text: str) -> None:
    assert html.unescape(escaped(text)) == text
    assert not re.search("[<>\"']", escaped(text))


def test_what_html_cannot_carry_is_replaced() -> None:
    assert escaped("a\0b\ud800c\rd") == "a\ufffdb\ufffdc&#13;d"


@given(st.lists(st.tuples(texts, st.sampled_from(["", "PER", "<b>"]), texts)))
def test_a_paragraph_marks_what_has_a_label(pieces: list[tuple[str, str, str]]) -> None:
    page = marked_paragraph(pieces)
    marks = sum(bool(label) for _, label, _ in pieces)
    assert page.count("<mark ") == page.count("</mark>") == page.count("<small ") == marks
    assert len(re.findall("<[a-z/]", page)) == 2 + 4 * marks
