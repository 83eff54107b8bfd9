"""Characters as numbers, and what the unknown ones cost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.charlm.alphabet import UNKNOWN, Alphabet


def test_unknown_characters_share_their_probability() -> None:
    """Of 1,112,064 characters that Unicode can have, all but those known."""
    alphabet = Alphabet(["\n", "a"])
    assert 2**alphabet.unknown_bits == pytest.approx(0x110000 - 0x800 - 2)


@pytest.mark.parametrize(
    "characters", [["a"], ["\n", "a", "a"], ["\n", "ab"], ["\n", ""], ["\n", "\ud800"]]
)
def test_what_is_no_alphabet_is_refused(characters: list[str]) -> None:
    with pytest.raises(ValueError, match="an alphabet"):
        Alphabet(characters)


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_has_numbers(text: str) -> None:
    alphabet = Alphabet(["\n", "a", "é", "𝒳"])
    numbers = alphabet.encode(text)
    known = {c: i for i, c in enumerate(alphabet.characters, 1)}
    assert numbers.tolist() == [known.get(c, UNKNOWN) for c in text]
    assert numbers.dtype == np.int64


def test_unknown_characters_are_counted_the_most_frequent_first() -> None:
    counts = {"z": 2, "a": 9, "y": 5, "b": 2, "\n": 1}
    assert list(Alphabet(["\n", "a"]).unknown_counts(counts).items()) == [
        ("y", 5), ("b", 2), ("z", 2)
    ]  # fmt: skip
