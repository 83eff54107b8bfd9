"""Tokens of raw text: golden cases, and promises on any Unicode text."""

import re
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given

from ner.errors import UsageError
from ner.tokenize import STYLES, tokenize
from tests.tokenize.texts import TEXTS, golden, unescape


@pytest.mark.parametrize(
    ("style", "text", "tokens"),
    [
        (style, text, [unescape(token) for token in lines[0].split(" ")])
        for style in STYLES
        for text, lines in golden(style)
    ],
)
def test_golden_tokens(style: str, text: str, tokens: list[str]) -> None:
    assert [text[start:end] for start, end in tokenize(text, style)] == tokens


@pytest.mark.parametrize("style", STYLES)
@given(TEXTS)
@example("")
@example(" \n\u3000")
@example("don't I'll '' 's n't")
def test_every_character_but_whitespace_is_in_exactly_one_token(style: str, text: str) -> None:
    ranges = tokenize(text, style)
    covered = [position for start, end in ranges for position in range(start, end)]
    assert covered == [i for i, char in enumerate(text) if not char.isspace()]
    assert all(start < end for start, end in ranges)


@given(TEXTS)
def test_whitespace_around_a_text_moves_its_tokens_only(text: str) -> None:
    for style in STYLES:
        moved = tokenize(f"  {text} ", style)
        assert [(start - 2, end - 2) for start, end in moved] == tokenize(text, style)


def test_every_character_alone_is_a_token_unless_it_is_whitespace() -> None:
    for code in [*range(0x10000), *range(0x10000, sys.maxunicode, 97)]:
        char = chr(code)
        assert tokenize(char, "words") == ([] if char.isspace() else [(0, 1)]), hex(code)


def test_marks_stay_with_the_character_before_them() -> None:
    for base in ["中", "タ", "ก", "ក", "a", "1", "!", "-", "😀", "。"]:
        assert tokenize(f"x {base}\u0301\ufe0f", "words")[1:] == [(2, 5)]


@pytest.mark.parametrize("char", "ກកကཀ㐀豈ﾜ𠀀ゔヶㄅꀀ々〇")
def test_scripts_without_spaces_give_a_token_per_character(char: str) -> None:
    assert unicodedata.category(char)[0] in "LN"
    assert tokenize(char * 3, "words-en") == [(0, 1), (1, 2), (2, 3)]


def test_unknown_style_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown tokenizer 'auto'; choose one of words, words-en"):
        tokenize("text", "auto")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("conll2003", "words-en"),
        ("conll2002-es", "words-en"),
        ("conll2002-nl", "words-en"),
        ("wnut17", "words-en"),
        ("bc5cdr", "pieces"),
    ],
)
def test_tokens_of_real_corpora_survive(
    name: str, style: str, real_data: Callable[[str], Path]
) -> None:
    """Tokens joined by spaces are found again: all but a few odd ones."""
    lines = (real_data(name) / "valid.txt").read_text("utf-8").split("\n")
    given_tokens = [re.split("[ \t]", line)[0] for line in lines]
    text = " ".join(given_tokens)
    found = set(tokenize(text, style))
    position = kept = total = 0
    for token in given_tokens:
        total += bool(token)
        kept += (position, position + len(token)) in found
        position += len(token) + 1
    assert kept > 0.98 * total
