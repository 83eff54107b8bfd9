"""The hint when to stop."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.bundle import load_bundle
from ner.corpus import Corpus
from ner.extensions.suggest.stopping import EXPONENT, STEP, expected_f1, hint, hint_of
from ner.predict import Prediction
from ner.text import Sentence, Span

PER = Span(0, 1, "PER")


def test_the_gain_is_that_of_a_power_law() -> None:
    error = 0.4
    later = error * (1000 / (1000 + STEP)) ** EXPONENT
    assert hint(1000, 1 - error).gain == pytest.approx(error - later)


def test_it_says_when_it_is_enough() -> None:
    assert "go on" in str(hint(500, 0.6))
    assert "hardly worth it" in str(hint(50_000, 0.9))
    assert str(hint(1500, 0.8)).startswith("with 1,500 labelled sentences")


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_no_gain_is_negative_or_more_than_what_is_missing(labelled: int, f1: float) -> None:
    assert 0 <= hint(labelled, f1).gain <= 1 - f1 + 1e-12


@given(st.integers(1, 10**5), st.floats(0, 0.99))
def test_more_labels_bring_less(labelled: int, f1: float) -> None:
    assert hint(labelled + 1, f1).gain <= hint(labelled, f1).gain


def test_expected_f1_of_a_sure_model_is_1() -> None:
    assert expected_f1([Prediction((PER, Span(2, 4, "LOC")), (1.0, 1.0))], 3.0) == 1.0


def test_expected_f1_counts_what_is_not_found() -> None:
    """One found of a score of 0.5, and room for two."""
    assert expected_f1([Prediction((PER,), (0.5,)), Prediction((), ())], 2.0) == pytest.approx(
        2 * 0.5 / 3
    )


def test_nothing_found_nothing_right() -> None:
    assert expected_f1([Prediction((), ())], 1.5) == 0.0
    assert expected_f1([], 0.0) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.floats(0, 50))
def test_expected_f1_is_a_share(scores: list[float], inside: float) -> None:
    assert 0 <= expected_f1([Prediction((PER,), (score,)) for score in scores], inside) <= 1


def test_a_model_expects_more_of_text_that_it_knows(tiny_run: Path, tiny_corpus: Corpus) -> None:
    bundle = load_bundle(tiny_run)
    known = hint_of(bundle, tiny_corpus.train, 24)
    strange = hint_of(bundle, [Sentence(("Zork", "blibbed", "Quux"))], 24)
    assert known.labelled == 24
    assert strange.f1 < known.f1 < 1
    assert strange.gain > known.gain
