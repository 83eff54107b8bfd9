"""Folding and numbering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features import PADDING, UNKNOWN, Vocabulary
from ner.features.vocabulary import FIRST, fold


@pytest.mark.parametrize(
    ("word", "case", "digits", "expected"),
    [
        ("Paris-2024", False, False, "Paris-2024"),
        ("Paris-2024", True, False, "paris-2024"),
        ("Paris-2024", False, True, "Paris-0000"),
        ("Paris-2024", True, True, "paris-0000"),
        ("ÉCOLE", True, True, "école"),
        ("١٢٣", True, True, "000"),  # Arabic-Indic digits are digits too
        ("x²", True, True, "x²"),  # a superscript is none
        ("北京", True, True, "北京"),
        ("", True, True, ""),
    ],
)
def test_fold(word: str, case: bool, digits: bool, expected: str) -> None:
    assert fold(word, case=case, digits=digits) == expected


@given(st.text())
def test_folding_digits_keeps_the_length_and_folding_twice_changes_nothing(word: str) -> None:
    assert len(fold(word, case=False, digits=True)) == len(word)
    once = fold(word, case=False, digits=True)
    assert fold(once, case=False, digits=True) == once


def test_entries_are_numbered_after_padding_and_unknown() -> None:
    vocabulary = Vocabulary(["a", "b"])
    assert (PADDING, UNKNOWN, FIRST) == (0, 1, 2)
    assert [vocabulary[entry] for entry in ("a", "b", "c", "")] == [2, 3, UNKNOWN, UNKNOWN]
    assert len(vocabulary) == 4
    assert list(vocabulary) == ["a", "b"]
    assert "a" in vocabulary
    assert "c" not in vocabulary


def test_an_empty_vocabulary_knows_padding_and_unknown() -> None:
    vocabulary = Vocabulary.count([])
    assert len(vocabulary) == 2
    assert vocabulary["anything"] == UNKNOWN


def test_equal_entries_are_refused() -> None:
    with pytest.raises(AssertionError, match="must differ"):
        Vocabulary(["a", "b", "a"])


def test_count_keeps_the_frequent_ones_in_order() -> None:
    words = ["b", "a", "c", "b", "a", "d", "b"]
    assert list(Vocabulary.count(words)) == ["b", "a", "c", "d"]
    assert list(Vocabulary.count(words, min_count=2)) == ["b", "a"]
    assert list(Vocabulary.count(words, min_count=4)) == []


@given(
    st.lists(st.text("abcé中", min_size=1, max_size=2)).flatmap(
        lambda words: st.tuples(st.just(words), st.permutations(words))
    ),
    st.integers(1, 3),
)
def test_count_depends_on_counts_alone(two: tuple[list[str], list[str]], least: int) -> None:
    words, shuffled = two
    counted = Vocabulary.count(words, least)
    assert list(counted) == list(Vocabulary.count(shuffled, least))
    assert set(counted) == {word for word in words if words.count(word) >= least}
    counts = [words.count(word) for word in counted]
    assert counts == sorted(counts, reverse=True)


@given(st.lists(st.text(max_size=2)), st.lists(st.text(max_size=2)), st.integers(1, 3))
def test_a_grown_vocabulary_keeps_its_numbers_and_knows_where_they_come_from(
    old: list[str], new: list[str], least: int
) -> None:
    before = Vocabulary.count(old)
    after = before.grown(new, least)
    assert {*after} == {*old} | {word for word in new if new.count(word) >= least}
    assert [after[word] for word in before] == [before[word] for word in before]
    origins = after.origins(before)
    assert origins[: len(before)] == tuple(range(len(before)))
    assert {*origins[len(before) :]} <= {UNKNOWN}
    assert Vocabulary(()).grown(new, least).numbers(new) == Vocabulary.count(new, least).numbers(
        new
    )
