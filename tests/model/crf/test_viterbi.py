"""Viterbi against brute force."""

import numpy as np
import pytest
import torch

from ner.model.crf.arrays import FORBIDDEN, Potentials
from ner.model.crf.viterbi import viterbi
from ner.tags import tag_set
from tests.model.brute import (
    CASES,
    IDS,
    LENGTHS,
    Case,
    all_paths,
    all_scores,
    arrays,
    legal_paths,
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
