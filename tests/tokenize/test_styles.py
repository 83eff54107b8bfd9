"""The style that cut a corpus."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ner.tokenize import detect_style


@pytest.mark.parametrize(
    ("tokens", "style"),
    [
        ([], "words"),
        (["John", "'s", "dog"], "words-en"),
        (["ca", "n’t"], "words-en"),
        (["De", "foto's"] * 1000 + ["'s", "avonds"], "words"),
        (["a", "b", "c", "."], "words"),
        (["高", "勇", "，", "1", "9", "6", "6"], "characters"),
        (["高勇", "，", "1966", "年"], "words"),
        (["高", "勇", "，"] * 40 + ["1966"], "characters"),
        (["the", "character", "中", "and", "A"], "words"),
        (["heparin", "-", "induced"] * 50, "pieces"),
        (["heparin", "-", "induced"] * 50 + ["drug-induced"], "words"),
        (["Merkel", "-", "Germany", "'s", "chancellor", "-", "left"], "words-en"),
        (["Ankara'da", "3.5", "U.S.", "-", "ev"] * 1000, "words"),
    ],
)
def test_style_is_read_off_the_tokens(tokens: list[str], style: str) -> None:
    assert detect_style(iter(tokens)) == style


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("conll2003", "words-en"),
        ("conll2002-es", "words"),
        ("conll2002-nl", "words"),
        ("wnut17", "words-en"),
        ("bc5cdr", "pieces"),
        ("resume-zh", "characters"),
    ],
)
def test_style_of_real_corpora(name: str, style: str, real_data: Callable[[str], Path]) -> None:
    lines = (real_data(name) / "train.txt").read_text("utf-8").split("\n")
    assert detect_style(re.split("[ \t]", line)[0] for line in lines if line.strip()) == style
