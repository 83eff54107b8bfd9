"""The oracle itself: its probabilities sum to 1, and are those of the formula."""

import lzma
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.charlm.text import Alphabet
from tests.extensions.charlm.conftest import codes_of
from tests.extensions.charlm.ngram import WittenBell, bits_per_character, contexts_of, xz_bits

SIZE = 4
TEXTS = st.lists(st.integers(0, SIZE - 1), min_size=5, max_size=30).map(np.array)


def by_hand(text: list[int], context: list[int], character: int, order: int) -> Fraction:
    """Witten–Bell, straight from its formula."""
    if order == 0:
        return Fraction(1, SIZE)
    shorter = by_hand(text, context, character, order - 1)
    history = context[len(context) - order + 1 :] if order > 1 else []
    if -1 in history:
        return shorter
    places = range(len(text) - order + 1)
    after = [text[i + order - 1] for i in places if text[i : i + order - 1] == history]
    if not after:
        return shorter
    kinds = len(set(after))
    return (after.count(character) + kinds * shorter) / (len(after) + kinds)


@pytest.mark.slow
@given(text=TEXTS, other=TEXTS, order=st.integers(1, 4))
def test_probabilities_are_those_of_the_formula(
    text: np.ndarray, other: np.ndarray, order: int
) -> None:
    model = WittenBell(text, order, SIZE)
    found = model.probabilities(contexts_of(other, order), other)
    history = [-1] * (order - 1) + other.tolist()
    expected = [
        by_hand(text.tolist(), history[i : i + order - 1], c, order)
        for i, c in enumerate(other.tolist())
    ]
    assert found == pytest.approx([float(p) for p in expected])


@given(text=TEXTS, order=st.integers(1, 4), data=st.data())
def test_probabilities_sum_to_one(text: np.ndarray, order: int, data: st.DataObject) -> None:
    model = WittenBell(text, order, SIZE)
    context = data.draw(st.lists(st.integers(-1, SIZE - 1), min_size=order - 1, max_size=order - 1))
    every = np.arange(SIZE)
    before = np.array([context] * SIZE, dtype=np.int64).reshape(SIZE, order - 1)
    assert model.probabilities(before, every).sum() == pytest.approx(1.0)


def test_unknown_characters_cost_what_they_cost_a_language_model() -> None:
    alphabet = Alphabet(["\n", "a"])
    text = alphabet.encode("aaaa\nж")
    model = WittenBell(alphabet.encode("aaaa\n"), 2, len(alphabet))
    bits = -np.log2(model.probabilities(contexts_of(text, 2), text)).sum()
    expected = (bits + alphabet.unknown_bits) / 6
    assert bits_per_character(model, text, 2, alphabet) == pytest.approx(expected)


def test_xz_behind_the_rest_knows_the_rest() -> None:
    text = codes_of("".join(chr(97 + i * i % 23) for i in range(2000)))
    alone, added = xz_bits(text[:1500], text[1500:])
    assert added < alone
    assert alone == 8 * len(lzma.compress(text[1500:].astype(np.uint8).tobytes(), preset=9)) / 500
