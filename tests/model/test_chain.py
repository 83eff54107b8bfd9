"""The recursions over time against brute force."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.model.chain import (
    FORBIDDEN,
    Potentials,
    backward_scores,
    forward_scores,
    last_scores,
    log_partition,
    path_scores,
    token_mask,
    viterbi,
)
from ner.tags import allowed_transitions
from tests.model.brute import (
    CASES,
    IDS,
    Case,
    all_paths,
    all_scores,
    legal_paths,
    random_potentials,
)

LENGTHS = [4, 1, 3, 2]
cases = pytest.mark.parametrize("case", CASES, ids=IDS)
forbids = pytest.mark.parametrize("forbid", [False, True], ids=["free", "forbidding"])


def potentials_of(case: Case, forbid: bool) -> Potentials:
    potentials = random_potentials(len(case.tags), dtype=torch.float64)
    if forbid:
        allowed = allowed_transitions(case.tags, case.scheme)
        penalties = (torch.where(torch.tensor(part), 0.0, FORBIDDEN) for part in allowed)
        potentials = Potentials(*(a + b for a, b in zip(potentials, penalties, strict=True)))
    return potentials


def ragged(case: Case) -> tuple[Tensor, Tensor]:
    """Emissions ``[B, T, K]`` with wild values at padding, and lengths ``[B]``."""
    emissions = 2 * torch.randn(len(LENGTHS), max(LENGTHS), len(case.tags), dtype=torch.float64)
    lengths = torch.tensor(LENGTHS)
    padding = ~token_mask(lengths, max(LENGTHS))
    return emissions.masked_fill(padding[:, :, None], 1234.5), lengths


def brute_log_z(emissions: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    sums = [
        all_scores(all_paths(row.shape[1], n), row[:n], potentials).logsumexp(0)
        for row, n in zip(emissions, lengths.tolist(), strict=True)
    ]
    return torch.stack(sums)


def leaves(emissions: Tensor, potentials: Potentials) -> tuple[Tensor, Potentials]:
    copies = [x.detach().clone().requires_grad_() for x in (emissions, *potentials)]
    return copies[0], Potentials(*copies[1:])


def test_token_mask() -> None:
    mask = token_mask(torch.tensor([2, 1, 3]), 3)
    assert mask.tolist() == [[True, True, False], [True, False, False], [True, True, True]]


@cases
@forbids
def test_log_partition_and_its_gradient_are_those_of_the_sum_over_all_paths(
    case: Case, forbid: bool
) -> None:
    torch.manual_seed(1)
    potentials = potentials_of(case, forbid)
    emissions, lengths = ragged(case)
    weight = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    gradients = []
    values = []
    for function in (log_partition, brute_log_z):
        x, p = leaves(emissions, potentials)
        value = function(x, lengths, p)
        gradients.append(torch.autograd.grad((value * weight).sum(), [x, *p]))
        values.append(value.detach())
    torch.testing.assert_close(*values)
    for ours, brute in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, brute, atol=1e-9, rtol=1e-9)
    assert not gradients[0][0][~token_mask(lengths, max(LENGTHS))].any()


@cases
def test_log_partition_counts_legal_paths_only(case: Case) -> None:
    torch.manual_seed(2)
    potentials = potentials_of(case, forbid=True)
    emissions, lengths = ragged(case)
    legal = [
        all_scores(legal_paths(case, n), row[:n], potentials).logsumexp(0)
        for row, n in zip(emissions, LENGTHS, strict=True)
    ]
    torch.testing.assert_close(log_partition(emissions, lengths, potentials), torch.stack(legal))


@pytest.mark.parametrize("tags", [1, 3])
def test_log_partition_passes_gradcheck(tags: int) -> None:
    torch.manual_seed(3)
    lengths = torch.tensor([3, 1])
    x, p = leaves(
        torch.randn(2, 3, tags, dtype=torch.float64),
        random_potentials(tags, dtype=torch.float64),
    )
    assert torch.autograd.gradcheck(
        lambda x, *p: log_partition(x, lengths, Potentials(*p)), (x, *p)
    )


def test_a_long_neighbour_leaves_the_gradient_of_a_short_sentence_alone() -> None:
    """Scores beyond a sentence's length grow without bound; nothing of that may come back."""
    torch.manual_seed(4)
    potentials = random_potentials(17)
    emissions = torch.randn(2, 400, 17) + 3.0
    alone, p = leaves(emissions[:1, :2], potentials)
    single = torch.autograd.grad(log_partition(alone, torch.tensor([2]), p).sum(), [alone, *p])
    both, p = leaves(emissions, potentials)
    value = log_partition(both, torch.tensor([2, 400]), p)
    (together,) = torch.autograd.grad(value[0], both, retain_graph=True)
    torch.testing.assert_close(together[0, :2], single[0][0])
    assert not together[0, 2:].any()
    assert all(g.isfinite().all() for g in torch.autograd.grad(value.sum(), [both, *p]))


@given(st.integers(0, 1000), st.sampled_from([1.0, 1e2, 1e4, 1e6]), st.booleans())
@settings(max_examples=40)
def test_finite_scores_never_give_nan(seed: int, scale: float, forbid: bool) -> None:
    torch.manual_seed(seed)
    case = CASES[1 + seed % 2]
    potentials = Potentials(*(part.float() for part in potentials_of(case, forbid)))
    x, p = leaves(scale * torch.randn(3, 20, len(case.tags)), potentials)
    value = log_partition(x, torch.tensor([20, 1, 7]), p)
    assert value.isfinite().all()
    gradients = torch.autograd.grad(value.sum(), [x, *p])
    assert all(g.isfinite().all() for g in gradients)
    # The gradient by an emission is a probability, and those of a token sum to 1.
    assert gradients[0].min() >= 0.0
    tokens = gradients[0].sum(2)
    torch.testing.assert_close(tokens[0], torch.ones(20), atol=1e-4, rtol=0.0)


@cases
@forbids
def test_forward_and_backward_scores_sum_the_ways_to_and_from(case: Case, forbid: bool) -> None:
    torch.manual_seed(5)
    potentials = potentials_of(case, forbid)
    emissions, lengths = ragged(case)
    alpha = forward_scores(emissions, potentials)
    beta = backward_scores(emissions, lengths, potentials)
    log_z = log_partition(emissions, lengths, potentials)
    torch.testing.assert_close(last_scores(alpha, lengths, potentials), log_z)
    for b, n in enumerate(LENGTHS):
        paths = all_paths(len(case.tags), n)
        p = all_scores(paths, emissions[b, :n], potentials).softmax(0)
        for t, k in torch.cartesian_prod(torch.arange(n), torch.arange(len(case.tags))).tolist():
            ours = (alpha[b, t, k] + beta[b, t, k] - log_z[b]).exp().item()
            assert math.isclose(ours, p[paths[:, t] == k].sum().item(), abs_tol=1e-9)


@cases
@forbids
def test_path_scores(case: Case, forbid: bool) -> None:
    torch.manual_seed(6)
    potentials = potentials_of(case, forbid)
    emissions, lengths = ragged(case)
    tags = torch.randint(len(case.tags), (len(LENGTHS), max(LENGTHS)))
    expected = [
        all_scores(path[None, :n], row[:n], potentials)[0]
        for row, path, n in zip(emissions, tags, LENGTHS, strict=True)
    ]
    torch.testing.assert_close(
        path_scores(emissions, tags, lengths, potentials), torch.stack(expected)
    )


@cases
@forbids
def test_viterbi_finds_the_best_path(case: Case, forbid: bool) -> None:
    torch.manual_seed(7)
    for _ in range(5):
        potentials = potentials_of(case, forbid)
        emissions, lengths = ragged(case)
        found = viterbi(emissions, lengths, potentials)
        for b, n in enumerate(LENGTHS):
            paths = legal_paths(case, n) if forbid else all_paths(len(case.tags), n)
            best = paths[all_scores(paths, emissions[b, :n], potentials).argmax()]
            assert found[b, :n].tolist() == best.tolist()
            assert not found[b, n:].any()


def test_viterbi_prefers_low_tag_numbers_at_the_end_among_equals() -> None:
    potentials = Potentials(torch.zeros(3), torch.zeros(3, 3), torch.zeros(3))
    assert viterbi(torch.zeros(1, 4, 3), torch.tensor([4]), potentials).tolist() == [[0] * 4]
    # Two best paths, 1 0 and 0 1: the one that ends in 0.
    between = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    potentials = Potentials(torch.zeros(2), between, torch.zeros(2))
    assert viterbi(torch.zeros(1, 2, 2), torch.tensor([2]), potentials).tolist() == [[1, 0]]


def test_viterbi_is_exact_on_a_very_long_sentence() -> None:
    """The best of what is left does not get lost in the size of what has been summed up."""
    torch.manual_seed(8)
    choices = torch.randint(2, (20_000,))
    emissions = torch.full((1, 20_000, 2), 1000.0)
    emissions[0, torch.arange(20_000), choices] += 1e-3
    potentials = Potentials(torch.zeros(2), torch.zeros(2, 2), torch.zeros(2))
    assert viterbi(emissions, torch.tensor([20_000]), potentials)[0].equal(choices)
