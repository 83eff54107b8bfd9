"""Forward-backward against brute force."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.model.crf.arrays import FORBIDDEN, Potentials, token_mask
from ner.model.crf.forward_backward import ExpectedCounts, GoldScore, Lattice
from ner.model.crf.semiring import ScaledProbabilities
from ner.model.crf.viterbi import k_best, viterbi
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
    random_emissions,
    random_weights,
)

cases = pytest.mark.parametrize("case", CASES, ids=IDS)
forbids = pytest.mark.parametrize("forbid", [False, True], ids=["free", "forbidding"])

Leaves = tuple[Tensor, Tensor, Tensor, Tensor]  # emissions and weights, by which one derives


def brute_log_z(emissions: Tensor, weights: Weights, lengths: list[int] = LENGTHS) -> Tensor:
    sums = [
        all_scores(all_paths(row.shape[1], n), row[:n], weights).logsumexp(0)
        for row, n in zip(emissions, lengths, strict=True)
    ]
    return torch.stack(sums)


def step_by_step(emissions: Tensor, weights: Weights, lengths: list[int]) -> Tensor:
    """The forward recursion in the log domain as in a textbook, for autograd: where brute force
    would take too long."""
    start, between, end = weights
    sums = []
    for row, n in zip(emissions, lengths, strict=True):
        alpha = start + row[0]
        for t in range(1, n):
            alpha = (alpha[:, None] + between).logsumexp(0) + row[t]
        sums.append((alpha + end).logsumexp(0))
    return torch.stack(sums)


def check_against(
    value: Tensor, leaves: Leaves, lengths: list[int], *, atol: float, rtol: float
) -> None:
    """A lattice has the value, and the gradients by emissions and weights, that autograd finds."""
    lattice = Lattice(leaves[0].detach().numpy(), np.array(lengths), arrays(leaves[1:]))
    np.testing.assert_allclose(lattice.log_z, value.detach().numpy(), rtol=1e-12)
    upstream = torch.linspace(-2.0, 3.0, len(lengths), dtype=torch.float64)
    expected = torch.autograd.grad((value * upstream).sum(), leaves)
    token, potentials = lattice.gradient(upstream.numpy())
    for ours, theirs in zip((token, *potentials), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=atol, rtol=rtol)
    assert not token[~token_mask(np.array(lengths), token.shape[1])].any()


def leaves(emissions: Tensor, weights: Weights) -> Leaves:
    parts = [x.detach().clone().requires_grad_() for x in (emissions, *weights)]
    return parts[0], parts[1], parts[2], parts[3]


# --- sums over all paths ------------------------------------------------------------------------


@cases
@forbids
def test_log_z_and_its_gradient_are_those_of_the_sum_over_all_paths(
    case: Case, forbid: bool
) -> None:
    torch.manual_seed(1)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    value = brute_log_z(parts[0], parts[1:])
    check_against(value, parts, LENGTHS, atol=1e-12, rtol=1e-9)


@cases
def test_log_z_counts_legal_paths_only(case: Case) -> None:
    torch.manual_seed(2)
    weights, emissions = random_weights(case, forbid=True), random_emissions(case)
    legal = [
        all_scores(legal_paths(case, n), row[:n], weights).logsumexp(0)
        for row, n in zip(emissions, LENGTHS, strict=True)
    ]
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    np.testing.assert_allclose(lattice.log_z, torch.stack(legal).numpy(), rtol=1e-12)


@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e2, 300.0, 1e3, 1e4, 1e6]),
    move_scale=st.sampled_from([0.0, 1.0, 1e2, 1e4]),
    forbid=st.booleans(),
)
@settings(max_examples=60)
def test_sums_are_exact_at_whatever_scale(
    seed: int, scale: float, move_scale: float, forbid: bool
) -> None:
    """With plain sums, and where these underflow."""
    torch.manual_seed(seed)
    case = CASES[1 + seed % 3]
    parts = leaves(
        random_emissions(case, scale=scale), random_weights(case, forbid, scale=move_scale)
    )
    value = brute_log_z(parts[0], parts[1:])
    check_against(value, parts, LENGTHS, atol=1e-8, rtol=1e-6)


def two_tags(*, leave: float, stay: float = 0.0) -> Weights:
    """Scores of transitions only: `stay` with a tag, or `leave` it."""
    between = torch.full((2, 2), leave, dtype=torch.float64).fill_diagonal_(stay)
    return torch.zeros(2, dtype=torch.float64), between, torch.zeros(2, dtype=torch.float64)


def brute_entropy(emissions: Tensor, weights: Weights, lengths: list[int] = LENGTHS) -> list[float]:
    """Minus the sum of p · log p over every path; those that are forbidden have p = 0."""
    found = []
    for row, n in zip(emissions, lengths, strict=True):
        p = all_scores(all_paths(row.shape[1], n), row[:n], weights).softmax(0)
        found.append(-torch.special.xlogy(p, p).sum().item())
    return found


@cases
@forbids
def test_entropy_is_that_of_the_distribution_over_all_paths(case: Case, forbid: bool) -> None:
    torch.manual_seed(3)
    emissions, weights = random_emissions(case), random_weights(case, forbid)
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    expected = brute_entropy(emissions, weights)
    np.testing.assert_allclose(lattice.entropy, expected, rtol=1e-10, atol=1e-12)


@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e2, 1e4, 1e6]),
    move_scale=st.sampled_from([0.0, 1.0, 1e2, 1e4]),
    forbid=st.booleans(),
)
@settings(max_examples=60)
def test_entropy_is_exact_at_whatever_scale(
    seed: int, scale: float, move_scale: float, forbid: bool
) -> None:
    """Also where a sum of scaled probabilities underflows, and never below 0."""
    torch.manual_seed(seed)
    case = CASES[1 + seed % 3]
    emissions = random_emissions(case, scale=scale)
    weights = random_weights(case, forbid, scale=move_scale)
    entropy = Lattice(emissions.numpy(), numbers(), arrays(weights)).entropy
    assert (entropy >= 0).all()
    np.testing.assert_allclose(entropy, brute_entropy(emissions, weights), atol=1e-8)


@given(seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_entropy_lies_between_that_of_one_token_and_the_sum_of_all(seed: int) -> None:
    torch.manual_seed(seed)
    case = CASES[1 + seed % 3]
    lattice = Lattice(random_emissions(case).numpy(), numbers(), arrays(random_weights(case)))
    logs = np.log(np.maximum(lattice.marginals, 1e-300))
    tokens = -(lattice.marginals * logs).sum(2)  # [B, T]
    assert (lattice.entropy >= tokens.max(1) - 1e-12).all()
    assert (lattice.entropy <= tokens.sum(1) + 1e-12).all()


def test_a_uniform_chain_has_the_entropy_of_its_number_of_paths() -> None:
    potentials = Potentials(np.zeros(3), np.zeros((3, 3)), np.zeros(3))
    lattice = Lattice(np.zeros((2, 50, 3)), np.array([50, 7]), potentials)
    np.testing.assert_allclose(lattice.entropy, np.log(3) * np.array([50, 7]), rtol=1e-12)


def test_a_small_entropy_keeps_its_digits_in_a_long_sentence() -> None:
    """Where a difference of log_z and the expected score would have none left."""
    emissions = np.zeros((1, 2_000, 2))
    emissions[:, :, 0] = 1e4
    emissions[0, 1_000, 0] = 30.0  # the one place of doubt
    lattice = Lattice(emissions, np.array([2_000]), arrays(two_tags(leave=0.0)))
    p = 1 / (1 + np.exp(30.0))
    expected = -p * np.log(p) - (1 - p) * np.log1p(-p)
    np.testing.assert_allclose(lattice.entropy, [expected], rtol=1e-3)


@pytest.mark.parametrize("late", [[4, 5], [30, 34]], ids=str)
def test_what_looks_hopeless_halfway_may_be_all_that_is_left_in_the_end(late: list[int]) -> None:
    """One tag is e⁸⁰⁰ times as likely as the other, and later less so by e⁹⁰⁰.

    Kept as scaled probabilities, the other would be lost before it is needed.
    """
    length = late[-1] + 1
    emissions = torch.zeros(1, length, 2, dtype=torch.float64)
    emissions[0, :4, 0] = 200.0
    emissions[0, late, 0] = -450.0
    parts = leaves(emissions, two_tags(leave=-1e5))
    value = step_by_step(parts[0], parts[1:], [length])
    check_against(value, parts, [length], atol=1e-9, rtol=1e-9)
    lattice = Lattice(emissions.numpy(), np.array([length]), arrays(two_tags(leave=-1e5)))
    assert lattice.marginals[0, 0, 1] > 0.999


@pytest.mark.parametrize("gap", [600.0, 672.0, 672.7, 673.0, 710.0, 740.0, 760.0])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_sums_at_the_edge_of_what_a_float_can_hold(gap: float, length: int) -> None:
    """The better tag may not end a sentence."""
    emissions = torch.zeros(1, length, 2, dtype=torch.float64)
    emissions[:, -1, 1] = -gap
    end = torch.tensor([FORBIDDEN, 0.0], dtype=torch.float64)
    weights = torch.zeros(2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64), end
    parts = leaves(emissions, weights)
    value = brute_log_z(parts[0], parts[1:], [length])
    check_against(value, parts, [length], atol=1e-12, rtol=1e-12)


@forbids
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_long_sentences(forbid: bool, scale: float) -> None:
    """Sums are scaled now and then, and neighbours of other lengths have no part in it."""
    torch.manual_seed(3)
    case = Case("", "iobes", tag_set("XY", "iobes"))
    lengths = [1, 31, 32, 33, 64, 65, 200, 512]
    parts = leaves(random_emissions(case, lengths, scale), random_weights(case, forbid))
    value = step_by_step(parts[0], parts[1:], lengths)
    check_against(value, parts, lengths, atol=1e-9, rtol=1e-7)


@pytest.mark.parametrize("known", [0.0, 0.5, 1.0])
def test_plain_sums_do_for_ordinary_sentences_however_long_and_much_is_known(known: float) -> None:
    """The logs are only a way out: they take ten times as long."""
    torch.manual_seed(4)
    case = Case("", "iobes", tag_set("XYZ", "iobes"))
    lengths = [2, 40, 3000]
    emissions = random_emissions(case, lengths, scale=8.0)
    ruled_out = torch.rand(emissions.shape[:2]) < known
    emissions[ruled_out, 1:] = FORBIDDEN  # O is left, and may stand beside itself
    lattice = Lattice(emissions.numpy(), np.array(lengths), arrays(random_weights(case, True)))
    assert isinstance(lattice.forward.semiring, ScaledProbabilities)
    np.testing.assert_allclose(lattice.marginals[2].sum(1), 1.0)


def test_a_sentence_does_not_depend_on_its_neighbours() -> None:
    torch.manual_seed(4)
    case = CASES[2]
    potentials = arrays(random_weights(case, forbid=True))
    lengths = [400, 2, 40]
    emissions = random_emissions(case, lengths).numpy()
    together = Lattice(emissions, np.array(lengths), potentials)
    for b, n in enumerate(lengths):
        alone = Lattice(emissions[b : b + 1, :n], np.array([n]), potentials)
        np.testing.assert_allclose(together.log_z[b], alone.log_z[0], rtol=1e-13)
        np.testing.assert_allclose(together.marginals[b, :n], alone.marginals[0], atol=1e-13)


@given(seed=st.integers(0, 1000), impossible=st.sampled_from([-1e4, -1e8, FORBIDDEN]))
@settings(max_examples=30)
def test_marginals_are_probabilities_even_where_no_path_is_left(
    seed: int, impossible: float
) -> None:
    """All tags of a token ruled out, or all that may stand beside its neighbours."""
    torch.manual_seed(seed)
    case = CASES[1 + seed % 3]
    emissions = random_emissions(case)
    emissions[torch.rand(emissions.shape) < 0.7] = impossible
    emissions[0, 1] = impossible
    lattice = Lattice(emissions.numpy(), numbers(), arrays(random_weights(case, forbid=True)))
    assert np.isfinite(lattice.log_z).all()
    assert (lattice.marginals >= 0.0).all()
    inside = token_mask(numbers(), max(LENGTHS))
    np.testing.assert_allclose(lattice.marginals.sum(2), inside, atol=1e-6)
    _, potentials = lattice.gradient(np.ones(len(LENGTHS)))
    assert all(np.isfinite(part).all() for part in potentials)
    positions = np.indices((len(LENGTHS), max(LENGTHS) - 1, len(case.tags))).reshape(3, -1)
    joint, previous = (
        lattice.next_joint(*positions),
        lattice.previous_posterior(positions[0], positions[1] + 1, positions[2]),
    )
    for shares in (joint, previous):
        assert ((shares >= 0.0) & (shares <= 1.0 + 1e-9)).all()
    assert np.isfinite(lattice.path_scores(np.zeros(emissions.shape[:2], dtype=np.int64))).all()


def test_a_contradiction_does_not_blur_what_comes_after() -> None:
    """Differences must not be swallowed by what is forbidden."""
    emissions = torch.tensor([[[0.0, FORBIDDEN], [FORBIDDEN, 0.0], [0.0, 0.0], [0.0, 5.0]]])
    between = torch.tensor([[0.0, FORBIDDEN], [0.0, 0.0]])  # yet 1 must follow 0
    weights = torch.zeros(2).double(), between.double(), torch.zeros(2).double()
    lattice = Lattice(emissions.double().numpy(), np.array([4]), arrays(weights))
    assert lattice.marginals[0, 3, 1] > 0.9


# --- probabilities of positions -------------------------------------------------------------------


@cases
@forbids
@pytest.mark.parametrize("scale", [2.0, 1e4], ids=["plain", "logs"])
@pytest.mark.parametrize("known", [False, True])
def test_conditional_probabilities_of_neighbours(
    case: Case, forbid: bool, scale: float, known: bool
) -> None:
    torch.manual_seed(5)
    weights = random_weights(case, forbid)
    emissions = random_emissions(case, scale=scale)
    if known:
        emissions[:, 1, 1:] = FORBIDDEN  # one token is known to be O
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    size = len(case.tags)
    for b, n in enumerate(LENGTHS):
        paths = all_paths(size, n)
        p = all_scores(paths, emissions[b, :n], weights).softmax(0)
        for t, k in itertools.product(range(1, n), range(size)):
            position = np.array([b]), np.array([t]), np.array([k])
            pairs = [
                p[(paths[:, t - 1] == i) & (paths[:, t] == k)].sum().item() for i in range(size)
            ]
            after = [
                p[(paths[:, t - 1] == k) & (paths[:, t] == j)].sum().item() for j in range(size)
            ]
            if sum(pairs) > 1e-300:
                expected = np.array(pairs) / sum(pairs)
                np.testing.assert_allclose(
                    lattice.previous_posterior(*position)[0], expected, atol=1e-9
                )
            earlier = position[0], position[1] - 1, position[2]
            np.testing.assert_allclose(lattice.next_joint(*earlier)[0], after, atol=1e-9)


@cases
@forbids
def test_probability_of_the_tags_before_one(case: Case, forbid: bool) -> None:
    torch.manual_seed(6)
    weights, emissions = random_weights(case, forbid), random_emissions(case)
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    tags = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long)
    for b, n in enumerate(LENGTHS):
        tags[b, :n] = legal_paths(case, n)[-1]
    path = lattice.path_scores(tags.numpy())
    for b, n in enumerate(LENGTHS):
        paths = all_paths(len(case.tags), n)
        p = all_scores(paths, emissions[b, :n], weights).softmax(0)
        for first, last in itertools.combinations(range(n), 2):
            at_last = paths[:, last] == tags[b, last]
            all_of = (paths[:, first : last + 1] == tags[b, first : last + 1]).all(1)
            expected = (p[all_of].sum() / p[at_last].sum()).item()
            assert np.exp(path[b, last] - path[b, first]) == pytest.approx(expected, rel=1e-9)


# --- one path -----------------------------------------------------------------------------------


@cases
@forbids
def test_the_score_of_a_path_and_its_gradient(case: Case, forbid: bool) -> None:
    torch.manual_seed(7)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    tags = torch.randint(len(case.tags), (len(LENGTHS), max(LENGTHS)))
    value = torch.stack(
        [
            all_scores(path[None, :n], row[:n], parts[1:])[0]
            for row, path, n in zip(parts[0], tags, LENGTHS, strict=True)
        ]
    )
    path = GoldScore(parts[0].detach().numpy(), tags.numpy(), numbers(), arrays(parts[1:]))
    np.testing.assert_allclose(path.log_z, value.detach().numpy(), rtol=1e-12)
    upstream = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    token, potentials = path.gradient(upstream.numpy())
    expected = torch.autograd.grad((value * upstream).sum(), parts)
    for ours, theirs in zip((token, *potentials), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


# --- expected counts ----------------------------------------------------------------------------


def brute_counts(paths: Tensor, p: Tensor, size: int, tags: int) -> tuple[Tensor, Tensor]:
    """Unary counts ``[T, K]`` (0 beyond the paths) and pairwise ``[K, K]`` of weighted paths."""
    one_hot = torch.nn.functional.one_hot(paths, tags).double()
    unary = torch.zeros(size, tags, dtype=torch.float64)
    unary[: paths.shape[1]] = (p[:, None, None] * one_hot).sum(0)
    return unary, torch.einsum("n,nti,ntj->ij", p, one_hot[:, :-1], one_hot[:, 1:])


@cases
@forbids
@pytest.mark.parametrize("scale", [1.0, 1e3], ids=["numbers", "logs"])
def test_expected_transitions_of_each_sentence(case: Case, forbid: bool, scale: float) -> None:
    torch.manual_seed(30)
    weights = random_weights(case, forbid)
    emissions = random_emissions(case, scale=scale)
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    tags = len(case.tags)
    for b, (row, n) in enumerate(zip(emissions, LENGTHS, strict=True)):
        paths = all_paths(tags, n)
        p = all_scores(paths, row[:n], weights).softmax(0)
        unary, pairwise = brute_counts(paths, p, len(row), tags)
        np.testing.assert_allclose(lattice.marginals[b], unary.numpy(), atol=1e-9)
        np.testing.assert_allclose(lattice.transitions[b], pairwise.numpy(), atol=1e-9)


@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.0, 3.0, 300.0, 1e4]))
@settings(max_examples=30)
def test_expected_transitions_of_all_sentences_are_the_gradient(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    case = CASES[1]
    lengths = [9, 1, 12, 5]
    weights = random_weights(case, forbid=True)
    emissions = random_emissions(case, lengths, scale).numpy()
    lattice = Lattice(emissions, numbers(lengths), arrays(weights))
    between = lattice.gradient(np.ones(4))[1].between
    np.testing.assert_allclose(lattice.transitions.sum(0), between, atol=1e-9)
    assert not lattice.transitions[:, weights[1].numpy() <= FORBIDDEN].any()
    np.testing.assert_allclose(lattice.transitions.sum((1, 2)), np.array(lengths) - 1, atol=1e-9)


@cases
@forbids
def test_the_expected_score_and_its_gradient(case: Case, forbid: bool) -> None:
    """Of paths that another model weighs: autograd through a sum over all of them."""
    torch.manual_seed(31)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    emissions, weights = parts[0], parts[1:]
    teacher, theirs = random_emissions(case), random_weights(case, forbid)
    tags, values, unary, pairwise = len(case.tags), [], [], []
    for row, other, n in zip(emissions, teacher, LENGTHS, strict=True):
        paths = all_paths(tags, n)
        p = all_scores(paths, other[:n], theirs).softmax(0)
        values.append((p * all_scores(paths, row[:n], weights)).sum())
        row_unary, row_pairwise = brute_counts(paths, p, len(row), tags)
        unary.append(row_unary)
        pairwise.append(row_pairwise)
    value = torch.stack(values)
    counts = ExpectedCounts(
        emissions.detach().numpy(),
        torch.stack(unary).numpy(),
        torch.stack(pairwise).numpy(),
        numbers(),
        arrays(weights),
    )
    np.testing.assert_allclose(counts.log_z, value.detach().numpy(), rtol=1e-9)
    upstream = torch.linspace(-2.0, 3.0, len(LENGTHS), dtype=torch.float64)
    expected = torch.autograd.grad((value * upstream).sum(), parts)
    token, potentials = counts.gradient(upstream.numpy())
    for ours, brute in zip((token, *potentials), expected, strict=True):
        np.testing.assert_allclose(ours, brute.numpy(), atol=1e-12)


@cases
def test_the_counts_of_one_path_are_that_path(case: Case) -> None:
    torch.manual_seed(32)
    emissions, weights = random_emissions(case).numpy(), arrays(random_weights(case))
    tags = len(case.tags)
    paths = np.random.default_rng(1).integers(tags, size=(len(LENGTHS), max(LENGTHS)))
    unary = np.eye(tags)[paths]  # at padding, too: that must not count
    pairwise = np.zeros((len(LENGTHS), tags, tags))
    for b, n in enumerate(LENGTHS):
        for one, other in itertools.pairwise(paths[b, :n]):
            pairwise[b, one, other] += 1
    path = GoldScore(emissions, paths, numbers(), weights)
    counts = ExpectedCounts(emissions, unary, pairwise, numbers(), weights)
    np.testing.assert_allclose(counts.log_z, path.log_z, rtol=1e-12)
    upstream = np.array([1.0, -2.0, 0.5, 3.0])
    (ours, others), (theirs, rest) = counts.gradient(upstream), path.gradient(upstream)
    for found, expected in zip((ours, *others), (theirs, *rest), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 4, 3), (3, 1, 3), (2, 3, 3)], ids=str)
def test_arguments_are_left_alone(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    emissions, tags = rng.normal(size=shape), rng.integers(3, size=shape[:2])
    lengths = np.full(shape[0], shape[1])
    potentials = Potentials(rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=3))
    kept = [x.copy() for x in (emissions, tags, lengths, *potentials)]
    Lattice(emissions, lengths, potentials).gradient(np.ones(shape[0]))
    GoldScore(emissions, tags, lengths, potentials).gradient(np.ones(shape[0]))
    viterbi(emissions, lengths, potentials)
    k_best(emissions, lengths, potentials, 2)
    for now, before in zip((emissions, tags, lengths, *potentials), kept, strict=True):
        np.testing.assert_array_equal(now, before)
