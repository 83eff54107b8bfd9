"""Best paths and sums of each compiled level, against NumPy and against all sequences."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner.model.crf.arrays import FORBIDDEN, Potentials
from ner.model.crf.decoder import finite
from ner.model.crf.forward_backward import Lattice
from ner.model.crf.viterbi import viterbi
from ner.runtime.chain import Chain, compiled_chain
from tests.runtime.levels import COMPILED, level, same_bits

each_level = pytest.mark.parametrize("name", COMPILED)
quick = settings(max_examples=40, deadline=None)


class Case(NamedTuple):
    """A batch of emissions and what belongs to it."""

    emissions: NDArray[np.float64]
    lengths: NDArray[np.int64]
    potentials: Potentials

    def chain(self, name: str) -> Chain:
        """The chain on a compiled level."""
        with level(name):
            found = compiled_chain(*self.potentials)
        assert found is not None
        return found


def random_case(tags: int, lengths: list[int], spread: float, step: float, seed: int) -> Case:
    """Scores in whole steps, many of them equal; what leads to tags but 0 may be forbidden."""
    rng = np.random.default_rng(seed)

    def scores(*shape: int) -> NDArray[np.float64]:
        return np.round(rng.normal(size=shape) * spread / step) * step

    start, between, end = scores(tags), scores(tags, tags), scores(tags)
    start[1:][rng.random(tags - 1) < 0.4] = FORBIDDEN
    between[:, 1:][rng.random((tags, tags - 1)) < 0.4] = FORBIDDEN
    end[1:][rng.random(tags - 1) < 0.4] = FORBIDDEN
    emissions = scores(len(lengths), max(lengths), tags)
    return Case(emissions, np.array(lengths), Potentials(start, between, end))


CASES = st.builds(
    random_case,
    tags=st.one_of(st.integers(1, 40), st.just(129)),
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    spread=st.sampled_from([1.0, 5.0]),
    step=st.sampled_from([1.0, 1e-3]),
    seed=st.integers(0, 999),
)


@each_level
@given(case=CASES)
@quick
def test_the_best_path_is_that_of_numpy(name: str, case: Case) -> None:
    found = case.chain(name).viterbi(case.emissions, case.lengths)
    assert found.dtype == np.int64
    assert found.tolist() == viterbi(*case).tolist()


@each_level
def test_very_many_tags_have_the_same_best_path(name: str) -> None:
    case = random_case(1000, [3, 2], 1.0, 0.5, seed=1)
    found = case.chain(name).viterbi(case.emissions, case.lengths)
    assert found.tolist() == viterbi(*case).tolist()


@each_level
@given(case=CASES)
@quick
def test_sums_are_those_of_the_lattice(name: str, case: Case) -> None:
    lattice = Lattice(*case)
    found = case.chain(name).sums(case.emissions, case.lengths)
    assert found is not None
    np.testing.assert_allclose(found[0], lattice.log_z, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(found[1], lattice.marginals, rtol=0, atol=1e-9)


@each_level
@given(case=CASES, scale=st.sampled_from([30.0, 200.0, 1e4, 1e7]))
@quick
def test_scores_far_apart_are_right_or_left_to_others(name: str, case: Case, scale: float) -> None:
    far = case._replace(emissions=case.emissions * scale)
    lattice = Lattice(*far)
    found = far.chain(name).sums(far.emissions, far.lengths)
    if found is not None:
        np.testing.assert_allclose(found[0], lattice.log_z, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(found[1], lattice.marginals, rtol=0, atol=1e-9)


@each_level
def test_what_underflows_is_left_to_others(name: str) -> None:
    # Each token is 800 below what the transitions want.
    between = np.array([[0.0, FORBIDDEN], [0.0, 0.0]])
    case = Case(
        np.array([[[0.0, -800.0], [-800.0, 0.0], [0.0, -800.0]]]),
        np.array([3]),
        Potentials(np.zeros(2), between, np.zeros(2)),
    )
    assert case.chain(name).sums(case.emissions, case.lengths) is None
    spans = case.chain(name).span_probabilities(
        case.emissions, case.lengths, np.zeros((1, 3), np.int64), [(0, 1, 2)], between < 0
    )
    assert spans is None


def _sequences(case: Case, sentence: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """All tag sequences of a sentence with their probabilities."""
    start, between, end = case.potentials
    size = case.lengths[sentence]
    paths = list(itertools.product(range(len(start)), repeat=size))
    scores = [
        start[path[0]]
        + sum(case.emissions[sentence, t, tag] for t, tag in enumerate(path))
        + sum(between[pair] for pair in itertools.pairwise(path))
        + end[path[-1]]
        for path in paths
    ]
    powers = np.exp(np.array(scores) - max(scores))
    yield from zip(paths, powers / powers.sum(), strict=True)


@each_level
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    tags=st.integers(1, 4),
    seed=st.integers(0, 999),
)
@quick
def test_spans_have_the_probability_of_all_sequences_with_them(
    name: str, lengths: list[int], tags: int, seed: int
) -> None:
    case = random_case(tags, lengths, 1.0, 1e-3, seed)
    rng = np.random.default_rng(seed)
    continues = rng.random((tags, tags)) < 0.5
    path = rng.integers(0, tags, case.emissions.shape[:2])
    spans = [
        (b, start, end)
        for b, size in enumerate(lengths)
        for start, end in itertools.combinations(range(size + 1), 2)
    ]
    rng.shuffle(spans)
    expected = [
        sum(
            p
            for tagged, p in _sequences(case, b)
            if tagged[start:end] == tuple(path[b, start:end])
            and (start == 0 or not continues[tagged[start - 1], tagged[start]])
            and (end == len(tagged) or not continues[tagged[end - 1], tagged[end]])
        )
        for b, start, end in spans
    ]
    found = case.chain(name).span_probabilities(
        case.emissions, case.lengths, path, spans, continues
    )
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@each_level
@given(case=CASES, scale=st.sampled_from([1.0, 1e6, 1e9]))
@quick
def test_emissions_in_float32_are_clipped(name: str, case: Case, scale: float) -> None:
    single: Any = (case.emissions * scale).astype(np.float32)
    double, chain = finite(single), case.chain(name)
    assert chain.viterbi(single, case.lengths).tolist() == (
        chain.viterbi(double, case.lengths).tolist()
    )
    found, expected = chain.sums(single, case.lengths), chain.sums(double, case.lengths)
    if found is None or expected is None:
        assert found is expected
    else:
        assert all(map(same_bits, found, expected))


def test_numpy_has_no_chain_of_its_own() -> None:
    with level("numpy"):
        assert compiled_chain(np.zeros(2), np.zeros((2, 2)), np.zeros(2)) is None


# --- what is refused before a kernel sees it ------------------------------------------------------

CASE = random_case(3, [4, 2], 1.0, 1e-3, seed=5)
TAGS = np.zeros((2, 4), np.int64)
CONTINUES = np.zeros((3, 3), np.bool_)


@pytest.mark.skipif(not COMPILED, reason="NumPy runs here")
@pytest.mark.parametrize(
    ("emissions", "lengths"),
    [
        (CASE.emissions[:, :, :2], CASE.lengths),
        (CASE.emissions[0], CASE.lengths),
        (CASE.emissions, CASE.lengths[:1]),
        (CASE.emissions, CASE.lengths + 1),
        (CASE.emissions, CASE.lengths - 2),
        (CASE.emissions, CASE.lengths[None]),
    ],
)
def test_batches_that_do_not_fit_are_refused(emissions: Any, lengths: Any) -> None:
    chain = CASE.chain(COMPILED[0])
    calls: list[Callable[[], object]] = [
        lambda: chain.viterbi(emissions, lengths),
        lambda: chain.sums(emissions, lengths),
        lambda: chain.span_probabilities(emissions, lengths, TAGS, [(0, 0, 1)], CONTINUES),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^(emissions|lengths) "):
            call()


@pytest.mark.skipif(not COMPILED, reason="NumPy runs here")
@pytest.mark.parametrize(
    ("tags", "spans", "continues"),
    [
        (TAGS[:, :3], [(0, 0, 1)], CONTINUES),
        (TAGS + 3, [(0, 0, 1)], CONTINUES),
        (TAGS - 1, [(0, 0, 1)], CONTINUES),
        (TAGS, [(0, 0, 1)], CONTINUES[:2]),
        (TAGS, [(2, 0, 1)], CONTINUES),
        (TAGS, [(-1, 0, 1)], CONTINUES),
        (TAGS, [(0, -1, 1)], CONTINUES),
        (TAGS, [(0, 1, 1)], CONTINUES),
        (TAGS, [(0, 2, 1)], CONTINUES),
        (TAGS, [(1, 0, 3)], CONTINUES),
    ],
)
def test_spans_that_do_not_fit_are_refused(tags: Any, spans: Any, continues: Any) -> None:
    chain = CASE.chain(COMPILED[0])
    with pytest.raises(ValueError, match=r"^(tags|spans|continues) "):
        chain.span_probabilities(CASE.emissions, CASE.lengths, tags, spans, continues)


@pytest.mark.skipif(not COMPILED, reason="NumPy runs here")
def test_potentials_that_do_not_fit_are_refused() -> None:
    start, between, end = CASE.potentials
    for wrong in (
        (start[:2], between, end),
        (start, between[:2], end),
        (start, between, end[:, None]),
        (start[:0], between[:0, :0], end[:0]),
        (start * np.nan, between, end),
        (start - np.inf, between, end),
    ):
        with level(COMPILED[0]), pytest.raises(ValueError, match=r"^potentials "):
            compiled_chain(*wrong)
