"""Sentences that a model has learnt from are known again."""

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.fingerprints import TrainingFingerprints
from ner.text import Sentence, Span

SENTENCES = st.lists(
    st.lists(st.text(st.characters(exclude_characters="\n"), min_size=1), min_size=1).map(
        lambda tokens: Sentence(tuple(tokens))
    )
)


@pytest.mark.slow
@given(SENTENCES, SENTENCES)
def test_known_are_those_that_were_seen_and_no_others(
    one: list[Sentence], other: list[Sentence]
) -> None:
    seen = TrainingFingerprints.from_text(TrainingFingerprints.of(one).to_text())
    assert seen.count(one) == len(one)
    known = {sentence.tokens for sentence in one}
    assert seen.count(other) == sum(sentence.tokens in known for sentence in other)


def test_labels_and_places_do_not_matter() -> None:
    sentence = Sentence(("Anna", "left"), (Span(0, 1, "PER"),), source="a", line=3)
    assert TrainingFingerprints.of([sentence]).count([Sentence(("Anna", "left"))]) == 1
    assert (
        TrainingFingerprints.of([sentence]).count(
            [replace(sentence, tokens=("Anna left",), spans=())]
        )
        == 0
    )


def test_it_is_small() -> None:
    sentences = [Sentence((str(number), "is", "a", "number")) for number in range(1000)]
    assert len(TrainingFingerprints.of(sentences * 2).to_text()) < 5 * 1000


def _earlier(numbers: list[int]) -> str:
    return base64.b64encode(np.array(numbers, "<u4").tobytes()).decode()


@given(st.sets(st.integers(0, 2**32 - 1)))
def test_numbers_of_earlier_bundles_are_kept(numbers: set[int]) -> None:
    seen = TrainingFingerprints.from_earlier(_earlier(sorted(numbers)))
    assert seen.numbers.tolist() == sorted(numbers)
    assert TrainingFingerprints.from_text(seen.to_text()) == seen


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([0], "AA=="),
        ([5, 133], "BYAB"),  # 5, and 128 more: the byte with the lowest bits is first
        ([2**32 - 1], "/////w8="),
    ],
)
def test_differences_are_in_base_128(numbers: list[int], text: str) -> None:
    seen = TrainingFingerprints.from_text(text)
    assert seen.numbers.tolist() == numbers
    assert TrainingFingerprints.from_earlier(_earlier(numbers)).to_text() == text


@pytest.mark.parametrize("numbers", [[2, 1], [1, 1]])
def test_numbers_that_do_not_rise_are_refused(numbers: list[int]) -> None:
    with pytest.raises(ValueError, match="do not rise"):
        TrainingFingerprints.from_earlier(_earlier(numbers))


def test_a_difference_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="do not rise"):
        TrainingFingerprints.from_text(base64.b64encode(bytes([1, 0])).decode())


@pytest.mark.parametrize("text", ["AAA", "äöü!", "AAAAAA==\n"])
def test_what_is_no_base64_is_refused(text: str) -> None:
    for read in (TrainingFingerprints.from_text, TrainingFingerprints.from_earlier):
        with pytest.raises(ValueError, match="no numbers in base64"):
            read(text)


def test_half_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="no numbers in base64"):
        TrainingFingerprints.from_earlier("AAAA")


@pytest.mark.parametrize(
    "packed",
    [
        bytes([0x80]),  # goes on, and does not
        bytes([1, 0xFF]),
        bytes([0xFF] * 5 + [1]),  # six bytes
        bytes([0x80, 0x80, 0x80, 0x80, 0x10]),  # 2³²
        bytes([0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1]),  # 2³² in two steps
    ],
)
def test_what_is_no_difference_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="no differences of numbers"):
        TrainingFingerprints.from_text(base64.b64encode(packed).decode())


@given(st.binary(max_size=30))
def test_whatever_bytes_are_numbers_or_refused(packed: bytes) -> None:
    try:
        numbers = TrainingFingerprints.from_text(base64.b64encode(packed).decode()).numbers
    except ValueError:
        return
    assert all(0 <= number < 2**32 for number in numbers.tolist())
    assert numbers.tolist() == sorted({*numbers.tolist()})


def test_joined_fingerprints_are_those_of_both() -> None:
    one, other = Sentence(("a",)), Sentence(("b", "c"))
    both = TrainingFingerprints.of([one]).joined(TrainingFingerprints.of([other, one]))
    assert both == TrainingFingerprints.of([one, other])


def test_each_sentence_is_known_or_not() -> None:
    sentences = [Sentence(("a", "b")), Sentence(("c",)), Sentence(("a", "b"), source="x")]
    seen = TrainingFingerprints.of(sentences[:1])
    assert seen.known(sentences) == [True, False, True]
    assert seen.count(sentences) == 2
    assert TrainingFingerprints().known(sentences) == [False] * 3
