"""Strings are found where they stand as whole words, with the ranges that decisions have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import token_ranges
from ner.errors import UsageError
from ner.extensions.review.search import Index, Place
from ner.text import Sentence


def places(wanted: str, *sentences: Sentence, case: bool = True) -> list[Place]:
    return list(Index(sentences).places(wanted, case=case))


ANNA = Sentence(("Anna", "'s", "Annabel", "met", "anna", "."))


def test_whole_words_are_found() -> None:
    assert places("Anna", ANNA, ANNA) == [Place(0, 0, 4), Place(1, 0, 4)]
    assert places("anna", ANNA, case=False) == [Place(0, 0, 4), Place(0, 20, 24)]
    assert places("Ann", ANNA) == []


def test_several_words_are_found_as_they_are_written() -> None:
    assert places("Anna's  Annabel", ANNA) == [Place(0, 0, 15)]
    assert places("anna.", ANNA) == [Place(0, 20, 26)]


def test_texts_are_as_their_offsets_tell() -> None:
    sentence = Sentence(("New", "York", "-", "based"), offsets=((0, 3), (5, 9), (9, 10), (10, 15)))
    assert places("York-based", sentence) == [Place(0, 4, 16)]
    assert places("New York", sentence) == [Place(0, 0, 8)]


def test_scripts_without_blanks_are_found_without() -> None:
    sentence = Sentence(tuple("我住在北京"))
    assert places("北京", sentence) == [Place(0, 6, 9)]


def test_what_is_looked_for_is_no_pattern() -> None:
    assert places(".", ANNA) == [Place(0, 25, 26)]
    assert places("A+(", Sentence(("A+(", "A"))) == [Place(0, 0, 3)]


@pytest.mark.parametrize("wanted", ["", "  \n"])
def test_nothing_is_not_looked_for(wanted: str) -> None:
    with pytest.raises(UsageError, match="nothing is looked for"):
        places(wanted, ANNA)


WORDS = st.lists(st.text("abé😀", min_size=1, max_size=3), min_size=1, max_size=6)


@given(WORDS, st.data())
def test_all_that_stands_there_is_found(tokens: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first + 1, len(tokens)))
    ranges = token_ranges(tokens)
    found = places(" ".join(tokens[first:last]), Sentence(tuple(tokens)))
    assert all("".join(tokens)[0] for _ in found)
    starts = {start for _, start, _ in found}
    overlapping = any(start < ranges[last - 1][1] for start in starts)
    assert ranges[first][0] in starts or overlapping
