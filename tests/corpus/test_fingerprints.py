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
    assert len(TrainingFingerprints.of(sentences * 2).to_text()) < 6 * 1000


@pytest.mark.parametrize("numbers", [[2, 1], [1, 1]])
def test_numbers_that_do_not_rise_are_refused(numbers: list[int]) -> None:
    text = base64.b64encode(np.array(numbers, "<u4").tobytes()).decode()
    with pytest.raises(ValueError, match="do not rise"):
        TrainingFingerprints.from_text(text)


@pytest.mark.parametrize("text", ["AAA", "AAAA", "äöü!", "AAAAAA==\n"])
def test_what_is_no_base64_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no numbers in base64"):
        TrainingFingerprints.from_text(text)


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
