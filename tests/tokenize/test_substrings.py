"""Cuts of substrings: those of the reference, in bounded memory."""

import sys
from unittest.mock import patch

import pytest
from hypothesis import given

from ner.errors import UsageError
from ner.tokenize import STYLES, sentences_of
from ner.tokenize import substrings as module
from ner.tokenize.substrings import BLANK, MARKED, Part, Stop, cuts
from tests.tokenize import oracle
from tests.tokenize.texts import WRITING


@pytest.mark.parametrize(
    ("substring", "cut"),
    [
        ("Rome", None),
        ("x-ray", None),
        ("Rome,", Part(("Rome", ","), (1, 0))),
        ('("Rome', Part(("(", '"', "Rome"), (1, 0, 0))),
        ("don't", Part(("do", "n't"), (1, 0))),
        ("", BLANK),
        ("»", MARKED),
        ("short-", MARKED),
        ("pluimvee-,", MARKED),
        ("12.", MARKED),
        ("end.Next", MARKED),
        ("中国", MARKED),
        ("a" * 100, MARKED),
    ],
)
def test_a_substring_is_cut_alike_wherever_it_stands_or_marked(substring: str, cut: object) -> None:
    assert cuts("words-en")[substring] == cut


@pytest.mark.parametrize(
    ("substring", "ahead", "tokens", "ends"),
    [
        ("Rome.", "The", ("Rome", "."), True),
        ("Rome.", "the", ("Rome", "."), False),
        ("Mr.", "Berg", ("Mr.",), False),
        ("U.S.", "The", ("U.S.",), True),
        ("U.S.", "Army", ("U.S.",), False),
        ("left.”", "He", ("left", ".", "”"), True),
        ("2030.", "Oktober", ("2030", "."), True),
        ("left?", "he", ("left", "?"), False),
        ("Yahoo!", "Inc", ("Yahoo", "!"), False),
        ("Rome.", None, ("Rome", "."), True),
    ],
)
def test_a_stop_depends_on_the_next_word(
    substring: str, ahead: str | None, tokens: tuple[str, ...], ends: bool
) -> None:
    stop = cuts("words-en")[substring]
    assert isinstance(stop, Stop)
    part, found = stop.resolve(ahead)
    assert (part.tokens, found) == (tokens, ends)


@pytest.mark.parametrize("style", STYLES)
@given(WRITING)
def test_a_table_that_is_full_begins_anew(style: str, text: str) -> None:
    table = cuts(style)
    with patch.object(module, "MOST", 3):
        assert sentences_of(text, style) == oracle.sentences_of(text, style)
        table["new"]
    assert len(table) <= max(3, len(text))
    table.clear()


def test_a_table_holds_a_bounded_number_of_short_substrings() -> None:
    table = cuts("words")
    table.clear()
    with patch.object(module, "MOST", 100):
        for number in range(1000):
            sentences_of(f"x{number} y{number}, {'z' * number}", "words")
    assert len(table) <= 100
    assert max(map(len, table)) <= 40
    table.clear()


def test_every_whitespace_parts_substrings() -> None:
    spaces = [chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()]
    for space in spaces:
        [sentence] = sentences_of(f"a{space}b", "words")
        assert sentence.tokens == ("a", "b"), hex(ord(space))


def test_there_is_no_table_for_an_unknown_style() -> None:
    with pytest.raises(UsageError, match="unknown tokenizer"):
        cuts("auto")
