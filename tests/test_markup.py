"""HTML of text with marked ranges."""

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ner.markup import Piece, cut, escaped, marked_paragraph

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


class Mark(NamedTuple):
    start: int
    end: int


Leaf = tuple[str, tuple[Mark, ...]]


@st.composite
def marked_texts(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    """A text and ranges in it, which overlap as they like."""
    text = draw(st.text(min_size=1, max_size=9))
    ends = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    drawn = draw(st.lists(ends, max_size=5))
    return text, [Mark(min(pair), max(pair)) for pair in drawn if pair[0] != pair[1]]


def leaves(pieces: Iterable[Piece[Mark]], within: tuple[Mark, ...] = ()) -> Iterator[Leaf]:
    for content, mark in pieces:
        around = (*within, mark) if mark else within
        if isinstance(content, str):
            yield content, around
        else:
            yield from leaves(content, around)


@given(marked_texts())
def test_pieces_of_overlapping_ranges_leave_nothing_out(drawn: tuple[str, list[Mark]]) -> None:
    text, marks = drawn
    position = 0
    for content, around in leaves(cut(text, marks)):
        for place in range(position, position + len(content)):
            assert sorted(around) == sorted(m for m in marks if m.start <= place < m.end)
        position += len(content)
    assert position == len(text)


def test_what_lies_in_another_is_in_its_piece() -> None:
    outer, inner, crossing = Mark(0, 6), Mark(3, 6), Mark(4, 8)
    assert [*cut("FC Ulm x", [inner, outer])] == [
        ("", None),
        ((("FC ", None), ("Ulm", inner), ("", None)), outer),
        (" x", None),
    ]
    assert [around for _, around in leaves(cut("abcdefgh", [outer, crossing]))] == [
        (), (outer,), (outer, crossing), (outer,), (), (crossing,), (),
    ]  # fmt: skip


def test_marks_stand_in_one_another() -> None:
    page = marked_paragraph([([("FC ", "", ""), ("<Ulm>", "LOC", "inner")], "ORG", "outer")])
    assert page.index(">FC <mark") < page.index("&lt;Ulm&gt;") < page.index(">LOC</small></mark>")
    assert page.endswith(">ORG</small></mark></p>")
