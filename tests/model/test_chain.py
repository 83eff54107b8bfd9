"""The recursions over time against brute force."""

import itertools
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import ner.model.chain
from ner.model.chain import (
    FORBIDDEN,
    Counts,
    Floats,
    Ints,
    Lattice,
    Path,
    Potentials,
    _best_of_all,
    _k_best_step,
    _Logs,
    _Numbers,
    _Scores,
    _top,
    k_best,
    token_mask,
    viterbi,
)
from ner.tags import allowed_transitions, tag_set
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


def check_against(value: Tensor, leaves: list[Tensor], lengths: list[int], **limits: float) -> None:
    """A lattice has the value, and the gradients by emissions and weights, that autograd finds."""
    emissions, *weights = leaves
    lattice = Lattice(emissions.detach().numpy(), np.array(lengths), arrays(tuple(weights)))
    np.testing.assert_allclose(lattice.log_z, value.detach().numpy(), rtol=1e-12)
    upstream = torch.linspace(-2.0, 3.0, len(lengths), dtype=torch.float64)
    expected = torch.autograd.grad((value * upstream).sum(), leaves)
    token, potentials = lattice.gradient(upstream.numpy())
    for ours, theirs in zip((token, *potentials), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), **limits)
    assert not token[~token_mask(np.array(lengths), token.shape[1])].any()


def leaves(emissions: Tensor, weights: Weights) -> list[Tensor]:
    return [x.detach().clone().requires_grad_() for x in (emissions, *weights)]


def test_token_mask() -> None:
    mask = token_mask(np.array([2, 1, 3]), 3)
    assert mask.tolist() == [[True, True, False], [True, False, False], [True, True, True]]


# --- sums over all paths ------------------------------------------------------------------------


@cases
@forbids
def test_log_z_and_its_gradient_are_those_of_the_sum_over_all_paths(
    case: Case, forbid: bool
) -> None:
    torch.manual_seed(1)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    value = brute_log_z(parts[0], tuple(parts[1:]))
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
    value = brute_log_z(parts[0], tuple(parts[1:]))
    check_against(value, parts, LENGTHS, atol=1e-8, rtol=1e-6)


def two_tags(*, leave: float, stay: float = 0.0) -> Weights:
    """Scores of moves only: `stay` with a tag, or `leave` it."""
    between = torch.full((2, 2), leave, dtype=torch.float64).fill_diagonal_(stay)
    return torch.zeros(2, dtype=torch.float64), between, torch.zeros(2, dtype=torch.float64)


@pytest.mark.parametrize("late", [[4, 5], [30, 34]], ids=str)
def test_what_looks_hopeless_halfway_may_be_all_that_is_left_in_the_end(late: list[int]) -> None:
    """One tag is e⁸⁰⁰ times as likely as the other, and later less so by e⁹⁰⁰.

    Kept as plain numbers, the other would be lost before it is needed.
    """
    length = late[-1] + 1
    emissions = torch.zeros(1, length, 2, dtype=torch.float64)
    emissions[0, :4, 0] = 200.0
    emissions[0, late, 0] = -450.0
    parts = leaves(emissions, two_tags(leave=-1e5))
    value = step_by_step(parts[0], tuple(parts[1:]), [length])
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
    value = brute_log_z(parts[0], tuple(parts[1:]), [length])
    check_against(value, parts, [length], atol=1e-12, rtol=1e-12)


@forbids
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_long_sentences(forbid: bool, scale: float) -> None:
    """Sums are scaled now and then, and neighbours of other lengths have no part in it."""
    torch.manual_seed(3)
    case = Case("", "iobes", tag_set("XY", "iobes"))
    lengths = [1, 31, 32, 33, 64, 65, 200, 512]
    parts = leaves(random_emissions(case, lengths, scale), random_weights(case, forbid))
    value = step_by_step(parts[0], tuple(parts[1:]), lengths)
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
    assert isinstance(lattice._sums, _Numbers)
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
    places = np.indices((len(LENGTHS), max(LENGTHS) - 1, len(case.tags))).reshape(3, -1)
    after, before = lattice.after(*places), lattice.before(places[0], places[1] + 1, places[2])
    for shares in (after, before):
        assert ((shares >= 0.0) & (shares <= 1.0 + 1e-9)).all()
    assert np.isfinite(lattice.along(np.zeros(emissions.shape[:2], dtype=np.int64))).all()


def test_a_contradiction_does_not_blur_what_comes_after() -> None:
    """Differences must not be swallowed by what is forbidden."""
    emissions = torch.tensor([[[0.0, FORBIDDEN], [FORBIDDEN, 0.0], [0.0, 0.0], [0.0, 5.0]]])
    between = torch.tensor([[0.0, FORBIDDEN], [0.0, 0.0]])  # yet 1 must follow 0
    weights = torch.zeros(2).double(), between.double(), torch.zeros(2).double()
    lattice = Lattice(emissions.double().numpy(), np.array([4]), arrays(weights))
    assert lattice.marginals[0, 3, 1] > 0.9


# --- probabilities of places --------------------------------------------------------------------


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
            place = np.array([b]), np.array([t]), np.array([k])
            pairs = [
                p[(paths[:, t - 1] == i) & (paths[:, t] == k)].sum().item() for i in range(size)
            ]
            after = [
                p[(paths[:, t - 1] == k) & (paths[:, t] == j)].sum().item() for j in range(size)
            ]
            if sum(pairs) > 1e-300:
                expected = np.array(pairs) / sum(pairs)
                np.testing.assert_allclose(lattice.before(*place)[0], expected, atol=1e-9)
            earlier = place[0], place[1] - 1, place[2]
            np.testing.assert_allclose(lattice.after(*earlier)[0], after, atol=1e-9)


@cases
@forbids
def test_probability_of_the_tags_before_one(case: Case, forbid: bool) -> None:
    torch.manual_seed(6)
    weights, emissions = random_weights(case, forbid), random_emissions(case)
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    tags = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long)
    for b, n in enumerate(LENGTHS):
        tags[b, :n] = legal_paths(case, n)[-1]
    along = lattice.along(tags.numpy())
    for b, n in enumerate(LENGTHS):
        paths = all_paths(len(case.tags), n)
        p = all_scores(paths, emissions[b, :n], weights).softmax(0)
        for first, last in itertools.combinations(range(n), 2):
            at_last = paths[:, last] == tags[b, last]
            all_of = (paths[:, first : last + 1] == tags[b, first : last + 1]).all(1)
            expected = (p[all_of].sum() / p[at_last].sum()).item()
            assert np.exp(along[b, last] - along[b, first]) == pytest.approx(expected, rel=1e-9)


# --- one path -----------------------------------------------------------------------------------


@cases
@forbids
def test_the_score_of_a_path_and_its_gradient(case: Case, forbid: bool) -> None:
    torch.manual_seed(7)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    tags = torch.randint(len(case.tags), (len(LENGTHS), max(LENGTHS)))
    value = torch.stack(
        [
            all_scores(path[None, :n], row[:n], tuple(parts[1:]))[0]
            for row, path, n in zip(parts[0], tags, LENGTHS, strict=True)
        ]
    )
    path = Path(parts[0].detach().numpy(), tags.numpy(), numbers(), arrays(tuple(parts[1:])))
    np.testing.assert_allclose(path.log_z, value.detach().numpy(), rtol=1e-12)
    upstream = torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.float64)
    token, potentials = path.gradient(upstream.numpy())
    expected = torch.autograd.grad((value * upstream).sum(), parts)
    for ours, theirs in zip((token, *potentials), expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


# --- expected counts ----------------------------------------------------------------------------


def brute_counts(paths: Tensor, p: Tensor, size: int, tags: int) -> tuple[Tensor, Tensor]:
    """Expected tags ``[T, K]`` (0 beyond the paths) and moves ``[K, K]`` of weighted paths."""
    one_hot = torch.nn.functional.one_hot(paths, tags).double()
    tokens = torch.zeros(size, tags, dtype=torch.float64)
    tokens[: paths.shape[1]] = (p[:, None, None] * one_hot).sum(0)
    return tokens, torch.einsum("n,nti,ntj->ij", p, one_hot[:, :-1], one_hot[:, 1:])


@cases
@forbids
@pytest.mark.parametrize("scale", [1.0, 1e3], ids=["numbers", "logs"])
def test_expected_moves_of_each_sentence(case: Case, forbid: bool, scale: float) -> None:
    torch.manual_seed(30)
    weights = random_weights(case, forbid)
    emissions = random_emissions(case, scale=scale)
    lattice = Lattice(emissions.numpy(), numbers(), arrays(weights))
    tags = len(case.tags)
    for b, (row, n) in enumerate(zip(emissions, LENGTHS, strict=True)):
        paths = all_paths(tags, n)
        p = all_scores(paths, row[:n], weights).softmax(0)
        tokens, moves = brute_counts(paths, p, len(row), tags)
        np.testing.assert_allclose(lattice.marginals[b], tokens.numpy(), atol=1e-9)
        np.testing.assert_allclose(lattice.moves[b], moves.numpy(), atol=1e-9)


@given(seed=st.integers(0, 1000), scale=st.sampled_from([0.0, 3.0, 300.0, 1e4]))
@settings(max_examples=30)
def test_expected_moves_of_all_sentences_are_the_gradient(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    case = CASES[1]
    lengths = [9, 1, 12, 5]
    weights = random_weights(case, forbid=True)
    emissions = random_emissions(case, lengths, scale).numpy()
    lattice = Lattice(emissions, numbers(lengths), arrays(weights))
    between = lattice.gradient(np.ones(4))[1].between
    np.testing.assert_allclose(lattice.moves.sum(0), between, atol=1e-9)
    assert not lattice.moves[:, weights[1].numpy() <= FORBIDDEN].any()
    np.testing.assert_allclose(lattice.moves.sum((1, 2)), np.array(lengths) - 1, atol=1e-9)


@cases
@forbids
def test_the_expected_score_and_its_gradient(case: Case, forbid: bool) -> None:
    """Of paths that another model weighs: autograd through a sum over all of them."""
    torch.manual_seed(31)
    parts = leaves(random_emissions(case), random_weights(case, forbid))
    emissions, *weights = parts
    teacher, theirs = random_emissions(case), random_weights(case, forbid)
    tags, values, tokens, moves = len(case.tags), [], [], []
    for row, other, n in zip(emissions, teacher, LENGTHS, strict=True):
        paths = all_paths(tags, n)
        p = all_scores(paths, other[:n], theirs).softmax(0)
        values.append((p * all_scores(paths, row[:n], tuple(weights))).sum())
        counts = brute_counts(paths, p, len(row), tags)
        tokens.append(counts[0])
        moves.append(counts[1])
    value = torch.stack(values)
    counts = Counts(
        emissions.detach().numpy(),
        torch.stack(tokens).numpy(),
        torch.stack(moves).numpy(),
        numbers(),
        arrays(tuple(weights)),
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
    tokens = np.eye(tags)[paths]  # at padding, too: that must not count
    moves = np.zeros((len(LENGTHS), tags, tags))
    for b, n in enumerate(LENGTHS):
        for one, other in itertools.pairwise(paths[b, :n]):
            moves[b, one, other] += 1
    path = Path(emissions, paths, numbers(), weights)
    counts = Counts(emissions, tokens, moves, numbers(), weights)
    np.testing.assert_allclose(counts.log_z, path.log_z, rtol=1e-12)
    upstream = np.array([1.0, -2.0, 0.5, 3.0])
    (ours, others), (theirs, rest) = counts.gradient(upstream), path.gradient(upstream)
    for a, b in zip((ours, *others), (theirs, *rest), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


# --- best paths ---------------------------------------------------------------------------------


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


@pytest.mark.parametrize("shape", [(1, 4, 3), (3, 1, 3), (2, 3, 3)], ids=str)
def test_arguments_are_left_alone(shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(1)
    emissions, tags = rng.normal(size=shape), rng.integers(3, size=shape[:2])
    lengths = np.full(shape[0], shape[1])
    potentials = Potentials(rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=3))
    kept = [x.copy() for x in (emissions, tags, lengths, *potentials)]
    Lattice(emissions, lengths, potentials).gradient(np.ones(shape[0]))
    Path(emissions, tags, lengths, potentials).gradient(np.ones(shape[0]))
    viterbi(emissions, lengths, potentials)
    k_best(emissions, lengths, potentials, 2)
    for now, before in zip((emissions, tags, lengths, *potentials), kept, strict=True):
        np.testing.assert_array_equal(now, before)


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
    weights = tuple((part / step).round() * step for part in random_weights(case, True))
    tags, scores = k_best(emissions.numpy(), numbers(), arrays(weights), count)
    best = viterbi(emissions.numpy(), numbers(), arrays(weights))
    np.testing.assert_array_equal(tags[:, 0], best)
    for b, n in enumerate(LENGTHS):
        _, expected = brute_best(case, emissions[b, :n], weights)
        found = min(count, len(expected))
        np.testing.assert_allclose(scores[b, :found], expected[:found].numpy(), atol=1e-9)
        sequences = tags[b, :found, :n].tolist()
        assert len(set(map(tuple, sequences))) == found


# --- many tags ----------------------------------------------------------------------------------


def a_chain(types: int, sentences: int, size: int) -> tuple[Floats, Ints, Potentials]:
    """Random emissions, lengths and potentials of a tag set with so many types."""
    tags = tag_set([f"T{number}" for number in range(types)], "iobes")
    draw = np.random.default_rng(7)
    allowed = [np.array(part) for part in allowed_transitions(tags, "iobes")]
    potentials = [np.where(may, draw.normal(size=may.shape), FORBIDDEN) for may in allowed]
    emissions = draw.normal(size=(sentences, size, len(tags)))
    return emissions, draw.integers(1, size + 1, sentences), Potentials(*potentials)


@pytest.mark.parametrize("types", [3, 11])
def test_blocks_of_tags_change_nothing(types: int, monkeypatch: pytest.MonkeyPatch) -> None:
    emissions, lengths, potentials = a_chain(types, sentences=3, size=5)
    chain = emissions, lengths, potentials
    scores = _Scores(np.ascontiguousarray(emissions.transpose(1, 0, 2)), *potentials)

    def results() -> list[Floats | Ints]:
        logs = _Logs(scores, lengths)
        return [viterbi(*chain), *k_best(*chain, 7), logs.log_z, *logs.smooth(np.ones(3))]

    whole = results()
    monkeypatch.setattr(ner.model.chain, "_MOST_PAIRS", 1)
    for one, other in zip(whole, results(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


@given(seed=st.integers(0, 99), count=st.integers(1, 9), ties=st.booleans())
def test_k_best_with_many_tags(seed: int, count: int, ties: bool) -> None:
    """A few tags before each are enough: what all of them give, among equals, too."""
    emissions, _, potentials = a_chain(10, sentences=2, size=3)
    emissions = emissions + np.random.default_rng(seed).normal(size=emissions.shape)
    if ties:
        emissions = emissions.round()
        potentials = Potentials(*(part.round() for part in potentials))
    score = np.sort(emissions.repeat(count, axis=1)[:, :count], axis=1)[:, ::-1]
    score[:, count // 2 + 1 :] = -np.inf  # there are fewer ways
    best, source = _k_best_step(potentials.between, count)(score)
    expected, places = _best_of_all(potentials.between, count, score)
    np.testing.assert_array_equal(best[best > FORBIDDEN / 2], expected[expected > FORBIDDEN / 2])
    np.testing.assert_array_equal(source[best > FORBIDDEN / 2], places[expected > FORBIDDEN / 2])


def test_many_are_found_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among equals, too: small whole numbers have many of them."""
    values = np.random.default_rng(1).integers(0, 9, size=(2, 3, 80)).astype(float)
    values[0, 0, 50:] = -np.inf
    by_sort = _top(values, 50)
    monkeypatch.setattr(ner.model.chain, "_PASSES", 50)
    for one, other in zip(by_sort, _top(values, 50), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["viterbi", "k_best", "plain sums", "sums of logs"])
def test_memory_does_not_grow_with_sentences_times_pairs_of_tags(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ner.model.chain, "_MOST_PAIRS", 1 << 16)
    emissions, lengths, potentials = a_chain(60, sentences=64, size=2)
    work: dict[str, Callable[[], object]] = {
        "viterbi": lambda: viterbi(emissions, lengths, potentials),
        "k_best": lambda: k_best(emissions, lengths, potentials, 3),
        "plain sums": lambda: Lattice(emissions, lengths, potentials).marginals,
        # What lies far apart cannot be summed as plain numbers.
        "sums of logs": lambda: Lattice(400 * emissions, lengths, potentials).marginals,
    }
    tracemalloc.start()
    try:
        work[name]()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tags = emissions.shape[2]
    own = 8 * (24 * emissions.size + 6 * tags**2 + 8 * (1 << 16))
    assert most < own < 8 * 64 * tags**2
