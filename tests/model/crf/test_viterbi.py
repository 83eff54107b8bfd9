"""Viterbi and the k best sequences against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.model.crf import viterbi as module
from ner.model.crf.arrays import FORBIDDEN, Potentials
from ner.model.crf.viterbi import best_of_all, k_best, k_best_step, top_k, viterbi
from ner.tags import tag_set
from tests.model.brute import (
    CASES,
    IDS,
    LENGTHS,
    Case,
    Weights,
    all_paths,
    all_scores,
    arrays,
    legal_paths,
    numbers,
    random_chain,
    random_emissions,
    random_weights,
)

cases = pytest.mark.parametrize("case", CASES, ids=IDS)
forbids = pytest.mark.parametrize("forbid", [False, True], ids=["free", "forbidding"])


@cases
@forbids
@pytest.mark.parametrize("lengths", [LENGTHS, [3, 3], [1]], ids=str)
def test_viterbi_finds_the_best_path(case: Case, forbid: bool, lengths: list[int]) -> None:
    torch.manual_seed(8)
    for _ in range(5):
        weights, emissions = random_weights(case, forbid), random_emissions(case, lengths)
        found = viterbi(emissions.numpy(), np.array(lengths), arrays(weights))
        assert found.shape == (len(lengths), max(lengths))
        for b, n in enumerate(lengths):
            paths = legal_paths(case, n) if forbid else all_paths(len(case.tags), n)
            best = paths[all_scores(paths, emissions[b, :n], weights).argmax()]
            assert found[b, :n].tolist() == best.tolist()
            assert not found[b, n:].any()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
@pytest.mark.parametrize("allow", ["all", "legal", "some", "one"])
def test_viterbi_with_many_tags(scheme: str, allow: str) -> None:
    """Whatever may follow a few tags only is done apart."""
    labels = {"iobes": 10, "iob2": 20, "io": 40}[scheme]
    torch.manual_seed(labels)
    case = Case("", scheme, tag_set([f"T{i}" for i in range(labels)], scheme))
    paths = torch.cartesian_prod(*[torch.arange(41)] * 3)
    for _ in range(10):
        weights = random_weights(case, allow == "legal")
        if allow == "some":  # one to four tags before each
            few = torch.randint(1, 5, (41,))
            weights[1][torch.rand(41, 41).argsort(0) >= few] = FORBIDDEN
        if allow == "one":
            weights[1][~torch.eye(41, dtype=torch.bool)] = FORBIDDEN
        emissions = random_emissions(case, [3, 2])
        found = viterbi(emissions.numpy(), np.array([3, 2]), arrays(weights))
        best = paths[all_scores(paths, emissions[0], weights).argmax()]
        assert found[0].tolist() == best.tolist()
        pairs = all_paths(41, 2)
        best = pairs[all_scores(pairs, emissions[1, :2], weights).argmax()]
        assert found[1].tolist() == [*best.tolist(), 0]


def flat(tags: int) -> Potentials:
    return Potentials(np.zeros(tags), np.zeros((tags, tags)), np.zeros(tags))


def test_viterbi_prefers_low_tag_numbers_at_the_end_among_equals() -> None:
    assert viterbi(np.zeros((1, 4, 3)), np.array([4]), flat(3)).tolist() == [[0] * 4]
    # Two best paths, 1 0 and 0 1: the one that ends in 0.
    potentials = flat(2)._replace(between=np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert viterbi(np.zeros((1, 2, 2)), np.array([2]), potentials).tolist() == [[1, 0]]


# --- the k best ---------------------------------------------------------------------------------


def brute_best(case: Case, emissions: Tensor, weights: Weights) -> tuple[list[list[int]], Tensor]:
    """All legal sequences of one sentence, best first, and their scores."""
    paths = legal_paths(case, len(emissions))
    scores, order = all_scores(paths, emissions, weights).sort(descending=True)
    return paths[order].tolist(), scores


@cases
@pytest.mark.parametrize("count", [1, 2, 7, 400])
def test_k_best_finds_the_best_paths_in_order(case: Case, count: int) -> None:
    torch.manual_seed(10)
    weights, emissions = random_weights(case, forbid=True), random_emissions(case)
    tags, scores = k_best(emissions.numpy(), numbers(), arrays(weights), count)
    assert tags.shape == (len(LENGTHS), count, max(LENGTHS))
    assert scores.shape == (len(LENGTHS), count)
    for b, n in enumerate(LENGTHS):
        paths, expected = brute_best(case, emissions[b, :n], weights)
        found = min(count, len(paths))
        assert tags[b, :found, :n].tolist() == paths[:found]
        np.testing.assert_allclose(scores[b, :found], expected[:found].numpy(), rtol=1e-12)
        assert not tags[b, :, n:].any()
        assert not tags[b, found:].any()
        assert (scores[b, found:] == -np.inf).all()


@pytest.mark.slow
@given(seed=st.integers(0, 1000), step=st.sampled_from([0.5, 1.0, 5.0]), count=st.integers(1, 6))
@settings(max_examples=40)
def test_among_equals_the_first_of_k_best_is_that_of_viterbi(
    seed: int, step: float, count: int
) -> None:
    """Scores that are few and round: many sequences are equally good."""
    torch.manual_seed(seed)
    case = CASES[1 + seed % 3]
    emissions = (random_emissions(case) / step).round() * step
    start, between, end = ((part / step).round() * step for part in random_weights(case, True))
    weights = start, between, end
    tags, scores = k_best(emissions.numpy(), numbers(), arrays(weights), count)
    best = viterbi(emissions.numpy(), numbers(), arrays(weights))
    np.testing.assert_array_equal(tags[:, 0], best)
    for b, n in enumerate(LENGTHS):
        _, expected = brute_best(case, emissions[b, :n], weights)
        found = min(count, len(expected))
        np.testing.assert_allclose(scores[b, :found], expected[:found].numpy(), atol=1e-9)
        sequences = tags[b, :found, :n].tolist()
        assert len(set(map(tuple, sequences))) == found


@given(seed=st.integers(0, 99), count=st.integers(1, 9), ties=st.booleans())
def test_k_best_with_many_tags(seed: int, count: int, ties: bool) -> None:
    """A few tags before each are enough: what all of them give, among equals, too."""
    emissions, _, potentials = random_chain(10, sentences=2, size=3)
    emissions = emissions + np.random.default_rng(seed).normal(size=emissions.shape)
    if ties:
        emissions = emissions.round()
        potentials = Potentials(*(part.round() for part in potentials))
    score = np.sort(emissions.repeat(count, axis=1)[:, :count], axis=1)[:, ::-1]
    score[:, count // 2 + 1 :] = -np.inf  # there are fewer hypotheses
    best, source = k_best_step(potentials.between, count)(score)
    expected, positions = best_of_all(potentials.between, count, score)
    np.testing.assert_array_equal(best[best > FORBIDDEN / 2], expected[expected > FORBIDDEN / 2])
    np.testing.assert_array_equal(source[best > FORBIDDEN / 2], positions[expected > FORBIDDEN / 2])


def test_many_are_found_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among equals, too: small whole numbers have many of them."""
    values = np.random.default_rng(1).integers(0, 9, size=(2, 3, 80)).astype(float)
    values[0, 0, 50:] = -np.inf
    by_sort = top_k(values, 50)
    monkeypatch.setattr(module, "PASSES", 50)
    for one, other in zip(by_sort, top_k(values, 50), strict=True):
        np.testing.assert_array_equal(one, other)
