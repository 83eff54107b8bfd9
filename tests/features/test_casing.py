"""Casing: every word has one, whatever it is written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features.casing import CASINGS, casing


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("paris", "lower"),
        ("don't", "lower"),
        ("straße", "lower"),
        ("привет", "lower"),
        ("PARIS", "upper"),
        ("U.S.", "upper"),
        ("ÉTATS-UNIS", "upper"),
        ("ОАО", "upper"),
        ("Paris", "title"),
        ("Élysée", "title"),
        ("Москва", "title"),
        ("A", "title"),
        ("I", "title"),
        ("McDonald", "mixed"),
        ("iPhone", "mixed"),
        ("New-York", "mixed"),
        ("'Allo", "mixed"),
        ("1996", "digits"),
        ("١٢", "digits"),
        ("²", "digits"),
        ("3.5", "has digit"),
        ("B2B", "has digit"),
        ("-1", "has digit"),
        ("北京", "other"),
        ("東", "other"),
        ("العربية", "other"),
        ("...", "other"),
        ("ǅ", "other"),  # one letter in title case, neither upper nor lower
        ("\u200b", "other"),
        ("\u00a0", "other"),
        ("\ud800", "other"),  # a lone surrogate
        ("😀", "other"),
        ("", "other"),
    ],
)
def test_casing(word: str, expected: str) -> None:
    assert CASINGS[casing(word)] == expected


@given(st.text())
def test_every_word_has_a_casing_that_is_not_padding(word: str) -> None:
    assert 1 <= casing(word) < len(CASINGS)
