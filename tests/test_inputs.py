"""Texts as programs and tables have them; the messages are tested with `Tagger`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.inputs import check_pair, check_texts, text_of


@given(st.text())
def test_a_text_is_itself(text: str) -> None:
    assert text_of(text) is text


@given(st.none() | st.just(float("nan")))
def test_a_missing_text_is_empty(missing: object) -> None:
    assert text_of(missing) == ""


@given(
    st.integers() | st.booleans() | st.floats(allow_nan=False) | st.binary() | st.complex_numbers()
)
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^text 7 is an? .*; a text is a str"):
        text_of(value, " 7")


def test_what_is_iterated_and_paired() -> None:
    several: list[object] = [[], (), iter("ab"), {"a"}, {"a": 1}.values()]
    for texts in several:
        check_texts(texts)
    for pair in (("a", 1), ["a", None]):
        check_pair(pair, 0)
    with pytest.raises(TypeError, match="item 3 is a str"):
        check_pair("ab", 3)
