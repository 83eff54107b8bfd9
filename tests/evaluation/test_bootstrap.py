"""Confidence intervals: units, and quantiles against all resamples there can be."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation import (
    Units,
    bootstrap_difference,
    bootstrap_intervals,
    count,
    resampling_units,
    score,
)
from ner.evaluation.bootstrap import BLOCK, FEWEST
from ner.text import Sentence, Span

PER, LOC, LONG = Span(0, 1, "PER"), Span(1, 3, "LOC"), Span(0, 2, "PER")
SENTENCE = st.sampled_from([(), (PER,), (LOC,), (PER, LOC), (LONG,)])
Row = Sequence[Sequence[Span]]


# --- units ----------------------------------------------------------------------------------------


def in_documents(*lengths: int, source: str = "f") -> list[Sentence]:
    """So many sentences of each document."""
    return [
        Sentence(("x",), document=number, source=source)
        for number, length in enumerate(lengths)
        for _ in range(length)
    ]


def test_documents_are_units_where_there_are_enough() -> None:
    units = resampling_units(in_documents(*[2] * FEWEST))
    assert (units.name, units.count) == ("documents", FEWEST)
    assert units.numbers[:4] == (0, 0, 1, 1)
    assert str(units) == f"{FEWEST} documents"


def test_documents_of_several_files_are_apart() -> None:
    half = [1] * (FEWEST // 2)
    sentences = [*in_documents(*half), *in_documents(*half, source="g")]
    assert resampling_units(sentences).count == FEWEST


def test_blocks_stand_for_too_few_documents() -> None:
    units = resampling_units(in_documents(*[100] * (FEWEST - 1)))
    assert units.name == f"blocks of {BLOCK} sentences"
    assert units.count == 10 * (FEWEST - 1)


@pytest.mark.parametrize(
    ("sentences", "name", "number"),
    [
        (0, "sentences", 0),
        (1, "sentences", 1),
        (FEWEST, "sentences", FEWEST),
        (3 * FEWEST + 1, "blocks of 3 sentences", FEWEST + 1),
        (FEWEST * BLOCK, f"blocks of {BLOCK} sentences", FEWEST),
    ],
)
def test_blocks_are_smaller_where_there_would_be_few(
    sentences: int, name: str, number: int
) -> None:
    units = resampling_units(in_documents(sentences))
    assert (units.name, units.count, len(units.numbers)) == (name, number, sentences)


# --- intervals ------------------------------------------------------------------------------------


def rows(size: int) -> st.SearchStrategy[list[tuple[Span, ...]]]:
    return st.lists(SENTENCE, min_size=size, max_size=size)


@st.composite
def tagged(draw: st.DrawFn) -> tuple[Row, Row, Row, Units]:
    """Gold spans of 4 sentences in 1 to 4 units, and what two models find."""
    gold, one, other = (draw(rows(4)) for _ in range(3))
    cuts = draw(st.lists(st.booleans(), min_size=3, max_size=3))
    numbers = tuple(itertools.accumulate([0, *map(int, cuts)]))
    return gold, one, other, Units("pieces", numbers)


def resamples(units: Units) -> list[list[int]]:
    """The sentences of every equally likely draw of as many units as there are."""
    parts = [[n for n, u in enumerate(units.numbers) if u == unit] for unit in {*units.numbers}]
    return [
        [number for part in drawn for number in part]
        for drawn in itertools.product(parts, repeat=len(parts))
    ]


def f1(gold: Row, found: Row, drawn: Sequence[int], label: str = "") -> float:
    report = score(count([gold[n] for n in drawn], [found[n] for n in drawn]))
    if not label:
        return report.f1
    return report.per_type[label].f1 if label in report.per_type else 0.0


def is_quantile(value: float, values: Sequence[float], share: float) -> bool:
    """True for a value with about that share of others below it, and not above."""
    below = sum(each < value - 1e-9 for each in values) / len(values)
    within = sum(each <= value + 1e-9 for each in values) / len(values)
    reach = 0.02  # of 2,000 draws: more than five standard deviations
    return below <= share + reach and within >= share - reach


@pytest.mark.slow
@given(tagged())
def test_intervals_are_the_quantiles_of_all_resamples(case: tuple[Row, Row, Row, Units]) -> None:
    gold, one, other, units = case
    found = bootstrap_intervals(gold, one, units)
    draws = resamples(units)
    assert sorted(found.per_type) == sorted(score(count(gold, one)).per_type)
    for label, (low, high) in {"": found.f1, **found.per_type}.items():
        values = [f1(gold, one, drawn, label) for drawn in draws]
        assert is_quantile(low, values, 0.025)
        assert is_quantile(high, values, 0.975)
    low, high = bootstrap_difference(gold, one, other, units)
    gaps = [f1(gold, other, drawn) - f1(gold, one, drawn) for drawn in draws]
    assert is_quantile(low, gaps, 0.025)
    assert is_quantile(high, gaps, 0.975)


@given(tagged())
def test_the_difference_changes_its_sign_with_the_order(case: tuple[Row, Row, Row, Units]) -> None:
    gold, one, other, units = case
    there, back = (bootstrap_difference(gold, a, b, units) for a, b in ((one, other), (other, one)))
    assert there == pytest.approx((-back[1], -back[0]))
    assert bootstrap_difference(gold, one, one, units) == (0.0, 0.0)


def test_the_same_seed_gives_the_same() -> None:
    gold, found = [[PER], [LOC], []] * 20, [[PER], [], [LOC]] * 20
    units = Units("sentences", tuple(range(60)))
    first = bootstrap_intervals(gold, found, units)
    assert first == bootstrap_intervals(gold, found, units)
    assert first != bootstrap_intervals(gold, found, units, seed=2)


def test_precision_and_recall_have_their_own_intervals() -> None:
    gold, found = [[PER, LOC]] * 30, [[PER]] * 30
    intervals = bootstrap_intervals(gold, found, Units("sentences", tuple(range(30))))
    assert (intervals.precision, intervals.recall) == ((1.0, 1.0), (0.5, 0.5))
    assert intervals.per_type == {"LOC": (0.0, 0.0), "PER": (1.0, 1.0)}
    assert intervals.to_dict()["f1"] == pytest.approx((2 / 3, 2 / 3))


def test_a_unit_alone_cannot_move() -> None:
    intervals = bootstrap_intervals([[PER], [LOC]], [[PER], []], Units("one", (0, 0)))
    assert intervals.f1 == pytest.approx((2 / 3, 2 / 3))


def test_more_units_make_it_narrower() -> None:
    def width(times: int) -> float:
        gold, found = [[PER], [PER]] * times, [[PER], []] * times
        units = Units("sentences", tuple(range(2 * times)))
        low, high = bootstrap_intervals(gold, found, units).recall
        return high - low

    assert width(400) < width(100) / 1.5 < width(25) / 2


@pytest.mark.slow
def test_intervals_hold_the_true_score_as_often_as_they_say() -> None:
    """Of 300 texts of 60 sentences with a recall of 0.7, 95 % of intervals hold it, or nearly."""
    import numpy as np

    rng = np.random.default_rng(3)
    units, held = Units("sentences", tuple(range(60))), 0
    for _ in range(300):
        found = [[PER] if right else [] for right in rng.random(60) < 0.7]
        low, high = bootstrap_intervals([[PER]] * 60, found, units, resamples=400).recall
        held += low <= 0.7 <= high
    assert 0.89 <= held / 300 <= 0.985
