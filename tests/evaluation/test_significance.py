"""Approximate randomisation, against the exact test over all ways to change hands."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation import count, randomisation_test, score
from ner.text import Span

ROUNDS = 4000

PLACES = [Span(0, 1, "PER"), Span(1, 3, "LOC"), Span(0, 2, "PER")]
SENTENCE = st.sampled_from([(), *((place,) for place in PLACES), tuple(PLACES)])
Row = Sequence[Sequence[Span]]


@st.composite
def systems(draw: st.DrawFn) -> tuple[Row, list[Row], list[Row]]:
    """Gold spans of up to 7 sentences, and two systems of one or two seeds."""
    size, seeds = draw(st.integers(1, 7)), draw(st.integers(1, 2))
    row: st.SearchStrategy[Row] = st.lists(SENTENCE, min_size=size, max_size=size)
    runs = st.lists(row, min_size=seeds, max_size=seeds)
    return draw(row), draw(runs), draw(runs)


def joint_f1(gold: Row, runs: Sequence[Row]) -> float:
    """F1 of all runs one behind the other."""
    return score(count([s for _ in runs for s in gold], [s for run in runs for s in run])).f1


def exact(gold: Row, one: Sequence[Row], other: Sequence[Row]) -> float:
    """The share of all ways to swap sentences that differ as much as what is."""
    wanted = abs(joint_f1(gold, one) - joint_f1(gold, other))
    gaps = []
    for swaps in itertools.product([False, True], repeat=len(gold)):
        pair = list(zip(one, other, strict=True))
        ours = [[b[i] if s else a[i] for i, s in enumerate(swaps)] for a, b in pair]
        theirs = [[a[i] if s else b[i] for i, s in enumerate(swaps)] for a, b in pair]
        gaps.append(abs(joint_f1(gold, ours) - joint_f1(gold, theirs)) >= wanted - 1e-12)
    return sum(gaps) / len(gaps)


@pytest.mark.slow
@given(systems())
def test_it_comes_near_the_exact_test(case: tuple[Row, list[Row], list[Row]]) -> None:
    p = exact(*case)
    found = randomisation_test(*case, rounds=ROUNDS)
    reach = 5 * (p * (1 - p) / ROUNDS) ** 0.5 + 1 / ROUNDS  # five standard deviations
    assert found == pytest.approx(p, abs=reach)
    gold, one, other = case
    assert randomisation_test(gold, other, one, rounds=ROUNDS) == found
    assert randomisation_test(gold, one, one, rounds=10) == 1.0


PER = PLACES[:1]


def test_a_clear_difference() -> None:
    """Twenty sentences, all found by one and none by the other: 2 of 2^20 ways differ as much."""
    gold = [PER] * 20
    assert randomisation_test(gold, [gold], [[()] * 20], rounds=9999) == 1 / 10_000


def test_a_difference_in_one_sentence_says_nothing() -> None:
    gold = [PER] * 20
    assert randomisation_test(gold, [gold], [[*gold[:-1], ()]]) == 1.0


def test_more_seeds_of_the_same_do_not_make_it_surer() -> None:
    gold = [PER] * 6
    found = [*gold[:2], (), (), (), ()]
    assert randomisation_test(gold, [gold] * 9, [found] * 9) == randomisation_test(
        gold, [gold], [found]
    )


def test_the_seed_decides() -> None:
    gold = [PER] * 9
    ask = [gold], [[*gold[:5], (), (), (), ()]]
    assert randomisation_test(gold, *ask, seed=3) == randomisation_test(gold, *ask, seed=3)
    assert len({randomisation_test(gold, *ask, rounds=99, seed=seed) for seed in range(9)}) > 1


def test_nothing_at_all_is_no_difference() -> None:
    assert randomisation_test([()], [[()]], [[()]], rounds=9) == 1.0
    assert randomisation_test([], [[]], [[]], rounds=9) == 1.0


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ([[PER]], [[PER], [PER]], "1 runs cannot be held against 2"),
        ([[PER, PER]], [[PER]], "longer"),
        ([[PER]], [[]], "shorter"),
    ],
)
def test_what_does_not_match_is_refused(one: list[Row], other: list[Row], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        randomisation_test([PER], one, other)
