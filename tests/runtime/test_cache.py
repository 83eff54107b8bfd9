"""The cache of words: each is computed once, and memory is bounded whatever is read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner.features import Key
from ner.runtime import cache
from ner.runtime.cache import WordCache


class Computed:
    """Rows that tell their word, and a list of all words that were asked for."""

    def __init__(self, limit: int) -> None:
        self.asked: list[Key] = []
        self.cache = WordCache(self._write, 2, limit, np.dtype(np.float32))

    def _write(self, keys: Sequence[Key], rows: NDArray[Any]) -> None:
        assert len(keys) == len(rows)
        self.asked += keys
        for row, key in zip(rows, keys, strict=True):
            row[:] = number(key)

    def rows(self, words: Sequence[str]) -> list[int]:
        """The rows of words, each of which holds what was computed for its word."""
        found = self.cache.rows(words)
        for row, word in zip(found, words, strict=True):
            assert self.cache.table[row].tolist() == [number(word)] * 2
        return found


def number(key: Key) -> float:
    """What stands for a word: its length and its first letter."""
    assert isinstance(key, str)
    return 1000.0 * len(key) + ord(key[0])


batches = st.lists(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=5))


@given(batches)
def test_rows_are_those_of_their_words_whatever_goes(texts: list[list[str]]) -> None:
    computed = Computed(limit=10)
    for words in texts:
        computed.rows(words)
        assert len(computed.cache) <= 10
        assert set(words) <= set(computed.cache)


@given(batches)
def test_where_all_have_room_each_is_computed_once(texts: list[list[str]]) -> None:
    computed = Computed(limit=32)
    for words in texts:
        computed.rows(words)
    assert computed.asked == list(dict.fromkeys(word for words in texts for word in words))
    assert list(computed.cache) == computed.asked


def test_a_word_that_occurs_twice_has_one_row() -> None:
    first, other, again = Computed(limit=8).rows(["a", "b", "a"])
    assert first == again != other


def test_the_older_half_stays() -> None:
    computed = Computed(limit=8)
    computed.rows(list("abcdef"))
    computed.rows(list("uvw"))
    assert list(computed.cache) == list("abcuvw")
    computed.rows(list("abc"))
    assert computed.asked == list("abcdefuvw")


def test_a_word_of_the_half_that_goes_is_computed_again() -> None:
    computed = Computed(limit=8)
    computed.rows(list("abcdef"))
    computed.rows(list("fuvw"))
    assert computed.asked == list("abcdeffuvw")


def test_long_words_take_the_room_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_CHARACTERS", 10)
    computed = Computed(limit=8)
    computed.rows(["a", "b", "x" * 12])
    assert len(computed.cache) == 3  # they were asked for together
    computed.rows(["c"])
    assert list(computed.cache) == ["a", "c"]


def test_where_even_the_older_half_is_too_long_all_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_CHARACTERS", 10)
    computed = Computed(limit=8)
    computed.rows(["x" * 12, "y"])
    computed.rows(["c"])
    assert list(computed.cache) == ["c"]


def test_many_new_words_are_computed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "FILL_WORDS", 3)
    sizes: list[int] = []

    def write(keys: Sequence[Key], rows: NDArray[Any]) -> None:
        sizes.append(len(keys))
        rows[:] = len(sizes)

    words = WordCache(write, 1, 20, np.dtype(np.float16))
    assert words.rows(list("abcdefgh")) == list(range(8))
    assert sizes == [3, 3, 2]
    assert words.table[:8, 0].tolist() == [1, 1, 1, 2, 2, 2, 3, 3]
    assert words.table.dtype == np.float16


def test_what_fails_is_not_remembered() -> None:
    class Broken(Exception):
        pass

    def fail(keys: Sequence[Key], rows: NDArray[Any]) -> None:
        raise Broken

    words = WordCache(fail, 1, 4, np.dtype(np.float32))
    for _ in range(2):
        with pytest.raises(Broken):
            words.rows(["a"])
    assert len(words) == 0
