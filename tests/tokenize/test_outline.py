"""The outline of a text: as long as it, and what stands for which kind of character."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.tokenize.outline import is_unspaced, outline

KINDS = {
    "ASCII is itself": ("Az09 .,;-'\t\n", "Az09 .,;-'\t\n"),
    "large letters": ("ÀÉŁЖΩ", "ÀÀÀÀÀ"),
    "title case of two letters in one": ("ǅ", "À"),
    "small letters": ("àéłжω", "ààààà"),
    "letters without case": ("אبक", "ààà"),
    "scripts without spaces": ("ไทย漢字かなハﾝ", "ØØØØØØØØØ"),
    "digits": ("٣०９", "000"),
    "numbers that are no digits": ("½Ⅷ", "àà"),
    "apostrophes": ("’ʼ׳״", "''''"),
    "hyphens": ("‐‑−", "---"),
    "dashes stay": ("–—…·", "–—…·"),
    "separators of Arabic numbers": ("٫٬", ".,"),
    "spaces": ("\u00a0\u2003\u3000\u2028", "    "),
    "combining marks": ("\u0301\u0ec8\u05b0", "¨¨¨"),
    "skin tones and half-width marks": ("\U0001f3fdﾞ", "¨¨"),
    "format characters": ("\u200d\u00ad\ufeff", "¬¬¬"),
    "a space of no width parts": ("\u200b", "¶"),
    "symbols": ("😀©♥", "¤¤¤"),
    "all else": ("«€\ue000\ud800", "¶¶¶¶"),
}


@pytest.mark.parametrize(("text", "kinds"), KINDS.values(), ids=KINDS)
def test_what_stands_for_what(text: str, kinds: str) -> None:
    assert outline(text) == kinds


@given(st.text(st.characters(exclude_categories=[])))
def test_an_outline_is_as_long_as_its_text(text: str) -> None:
    assert len(outline(text)) == len(text)


@given(st.text(st.characters(exclude_categories=[])), st.text())
def test_each_character_by_itself(one: str, other: str) -> None:
    assert outline(one + other) == outline(one) + outline(other)


@given(st.text(st.characters(exclude_categories=[])))
def test_blanks_are_where_the_text_has_them(text: str) -> None:
    assert [c.isspace() for c in outline(text)] == [c.isspace() for c in text]


@pytest.mark.parametrize(
    ("first", "last"), [(0x4E00, 0x9FFF), (0x3041, 0x30FF), (0x0E01, 0x0E3A), (0x20000, 0x2A6DF)]
)
def test_whole_blocks_are_without_spaces(first: int, last: int) -> None:
    assert all(is_unspaced(chr(code)) for code in range(first, last + 1))


def test_scripts_with_spaces() -> None:
    """Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Georgian, Hangul."""
    assert not any(map(is_unspaced, "aΩжאبकა한"))


def test_letters_have_one_of_three_kinds() -> None:
    """A seventh of Unicode. By use, U+02BC is an apostrophe, and half-width signs marks."""
    letters = filter(str.isalpha, map(chr, range(128, sys.maxunicode + 1, 7)))
    assert {outline(letter) for letter in letters} <= {"À", "à", "Ø", "¨", "'"}
