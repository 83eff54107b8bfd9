"""What the model sees of a word."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features import UNKNOWN, Indexer
from ner.features.indexer import CASINGS, MOST_CHARACTERS, FormTable, casing

SENTENCES = [["The", "the", "cat"], ["The", "Cat", "in", "1996"], ["1997", "rats"]]


def build(**changes: object) -> Indexer:
    return Indexer.build(SENTENCES, dataclasses.replace(ModelConfig(), **changes))


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


def test_words_are_numbered_by_their_folded_form() -> None:
    indexer = build()
    assert list(indexer.words) == ["the", "0000", "cat", "in", "rats"]
    same = [indexer.form(word).word for word in ("the", "THE", "The")]
    assert same == [2, 2, 2]
    assert indexer.form("1234").word == indexer.form("1996").word == 3
    assert indexer.form("dog").word == UNKNOWN


def test_folding_follows_the_configuration() -> None:
    indexer = build(fold_case=False, fold_digits=False)
    assert list(indexer.words) == [
        *["The", "1996", "1997", "Cat", "cat", "in", "rats", "the"],
    ]
    assert indexer.form("THE").word == UNKNOWN
    assert (indexer.fold_case, indexer.fold_digits) == (False, False)


def test_rare_words_are_unknown_but_their_characters_are_not() -> None:
    indexer = build(min_count=2)
    assert list(indexer.words) == ["the", "0000", "cat"]
    form = indexer.form("rats")
    assert form.word == UNKNOWN
    assert UNKNOWN not in form.characters


def test_characters_keep_their_case_and_unseen_ones_are_unknown() -> None:
    indexer = build()
    upper, lower, unseen = indexer.form("Cc€").characters
    assert len({upper, lower, unseen}) == 3
    assert unseen == UNKNOWN


def test_spare_words_come_after_the_trained_ones_and_once() -> None:
    trained = build().words
    indexer = Indexer.build(SENTENCES, ModelConfig()).with_spare(["dog", "the", "zebra"])
    assert list(indexer.words) == [*trained, "dog", "zebra"]
    assert indexer.form("Dog").word == len(trained)


def test_a_word_too_rare_to_be_trained_may_be_spare() -> None:
    indexer = Indexer.build(SENTENCES, ModelConfig(min_count=2)).with_spare(["rats"])
    assert list(indexer.words)[-1] == "rats"


def test_no_sentences_give_an_indexer_that_knows_nothing() -> None:
    indexer = Indexer.build([], ModelConfig())
    assert indexer.form("a") == (UNKNOWN, CASINGS.index("lower"), (UNKNOWN,))


def test_long_words_keep_both_ends() -> None:
    indexer = Indexer.build([["abcdefghij"]], ModelConfig())
    longest = "ab" * (MOST_CHARACTERS // 2)
    assert len(indexer.form(longest).characters) == MOST_CHARACTERS
    shown = indexer.form("abc" + "x" * 10_000 + "hij").characters
    assert len(shown) == MOST_CHARACTERS
    assert shown[:3] == indexer.form("abc").characters
    assert shown[-3:] == indexer.form("hij").characters
    halves = indexer.form("a" * 500 + "b" * 500).characters
    assert halves == indexer.form("a" * 20 + "b" * 20).characters


@given(st.text(max_size=3 * MOST_CHARACTERS))
def test_any_word_has_a_form(word: str) -> None:
    form = build().form(word)
    assert 1 <= form.word < len(build().words)
    assert len(form.characters) == min(len(word), MOST_CHARACTERS)
    assert all(1 <= c < len(build().characters) for c in form.characters)


def test_a_table_numbers_each_distinct_word_once() -> None:
    indexer = build()
    table = FormTable(indexer)
    first = table.rows(["the", "cat", "the", "The"])
    assert first.tolist() == [0, 1, 0, 2]
    assert first.dtype == np.int64
    assert table.rows(["cat", "dog"]).tolist() == [1, 3]
    assert table.rows([]).tolist() == []
    assert table.forms(np.array([3, 0])) == [indexer.form("dog"), indexer.form("the")]
