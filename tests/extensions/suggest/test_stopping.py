"""The hint when to stop."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.bundle import load_bundle
from ner.corpus import Corpus
from ner.extensions.suggest.stopping import (
    EXPONENT,
    MOST,
    STEP,
    Point,
    expected_f1,
    exponent_of,
    hint,
    hint_of,
)
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
    steep = [Point(100, 0.2), Point(24, 0.9)]
    assert hint_of(bundle, tiny_corpus.train, 24, steep).gain < known.gain


def test_the_point_of_a_model_is_on_its_card(tiny_run: Path) -> None:
    bundle = load_bundle(tiny_run)
    assert Point.of(bundle) == (24, bundle.about["scores"]["valid"]["f1"])
    bare = {k: v for k, v in bundle.about.items() if k != "scores"}
    assert Point.of(replace(bundle, about=bare)) is None


def curve(exponent: float, *sizes: int) -> list[Point]:
    return [Point(size, 1 - 0.9 * size**-exponent) for size in sizes]


def test_without_two_points_the_exponent_is_the_usual_one() -> None:
    assert exponent_of([]) == exponent_of(curve(0.5, 100)) == EXPONENT


@given(st.floats(0, 0.5))
def test_the_exponent_lies_between_the_usual_one_and_that_of_the_curve(exponent: float) -> None:
    low, high = sorted([exponent, EXPONENT])
    near = exponent_of(curve(exponent, 100, 200))
    far = exponent_of(curve(exponent, 100, 200, 400, 800, 100_000))
    assert low - 1e-9 <= near <= high + 1e-9
    assert abs(far - exponent) <= abs(near - exponent) + 1e-9
    assert far == pytest.approx(exponent, abs=0.02)


def test_no_exponent_runs_away() -> None:
    assert exponent_of([Point(1, 0.0), Point(10**6, 1.0)]) <= MOST
    assert exponent_of([Point(1, 0.9), Point(10**6, 0.0)]) == 0.0


@given(st.lists(st.builds(Point, st.integers(1, 10**6), st.floats(0, 1)), max_size=6))
def test_any_curve_has_an_exponent(points: list[Point]) -> None:
    assert 0 <= exponent_of(points) <= MOST
