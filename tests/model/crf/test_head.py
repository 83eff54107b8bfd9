"""Heads against brute force: losses, legal output whatever the scores, probabilities."""

import copy
import functools
import itertools
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.corpus import possible_tags
from ner.model import Decoder, decoder_of
from ner.model.crf.head import CRFHead, SoftmaxHead
from ner.runtime import compiled_chain
from ner.tags import (
    allowed_transitions,
    illegal_positions,
    parse_tag,
    spans_of,
    tag_set,
    tags_of,
)
from ner.text import Sentence, Span
from tests.model.brute import (
    CASES,
    IDS,
    LENGTHS,
    Case,
    Decoding,
    Weights,
    all_paths,
    all_scores,
    legal_paths,
)
from tests.model.gradients import gradient_of

HEADS: dict[str, type[CRFHead] | type[SoftmaxHead]] = {"crf": CRFHead, "softmax": SoftmaxHead}
TYPES = [torch.bfloat16, torch.float16, torch.float32, torch.float64]
IMPOSSIBLE = [-1e4, -1e30, -math.inf]
MASK = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
cases = pytest.mark.parametrize("case", CASES, ids=IDS)
spanned = pytest.mark.parametrize("case", CASES[1:], ids=IDS[1:])
heads = pytest.mark.parametrize("kind", HEADS)
types = pytest.mark.parametrize("dtype", TYPES, ids=str)
impossibles = pytest.mark.parametrize("impossible", IMPOSSIBLE)


def build(case: Case, kind: str = "crf") -> CRFHead | SoftmaxHead:
    """A head with strong opinions on transitions."""
    head = HEADS[kind](case.tags, case.scheme)
    for weight in head.parameters():
        torch.nn.init.normal_(weight)
    return head


def random_batch(case: Case) -> tuple[Tensor, Tensor]:
    emissions = 2 * torch.randn(len(LENGTHS), max(LENGTHS), len(case.tags))
    return emissions, torch.tensor(LENGTHS)


def learnt(head: CRFHead | SoftmaxHead) -> Weights:
    """The learnt scores alone, in float64; autograd goes through. A softmax head has none."""
    if isinstance(head, CRFHead):
        weights = head.start_transitions, head.transitions, head.end_transitions
        return weights[0].double(), weights[1].double(), weights[2].double()
    size = len(head.constraints.types)
    return torch.zeros(size).double(), torch.zeros(size, size).double(), torch.zeros(size).double()


# --- CRF against pytorch-crf --------------------------------------------------------------------


def test_crf_weights_are_named_as_in_pytorch_crf() -> None:
    case = CASES[1]
    ours, theirs = build(case), torchcrf.CRF(len(case.tags), batch_first=True)
    shapes = [{k: v.shape for k, v in head.state_dict().items()} for head in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]


def test_no_public_method_of_pytorch_crf_is_left_that_ignores_what_is_forbidden() -> None:
    head = build(CASES[1])
    assert not isinstance(head, torchcrf.CRF)
    assert not any(isinstance(module, torchcrf.CRF) for module in head.modules())
    own = {name for name in dir(CRFHead) if not name.startswith("_")} - set(dir(torch.nn.Module))
    with_softmax = {name for name in dir(SoftmaxHead) if not name.startswith("_")}
    assert own == with_softmax - set(dir(torch.nn.Module))
    with pytest.raises(NotImplementedError):
        head(random_batch(CASES[1])[0])


def test_weights_are_drawn_as_by_pytorch_crf() -> None:
    case = CASES[1]
    drawn = []
    for make in (
        lambda: CRFHead(case.tags, case.scheme),
        lambda: torchcrf.CRF(len(case.tags)),
    ):
        torch.manual_seed(46)
        drawn.append([*make().parameters(), torch.rand(1)])
    for one, other in zip(*drawn, strict=True):
        assert one.equal(other)


def test_a_copy_and_assigned_weights_decide_alone() -> None:
    case = CASES[1]
    head, other = build(case), build(case)
    before = copy.deepcopy(head)
    head.load_state_dict(other.state_dict(), assign=True)
    for one, theirs in zip(head.potentials(), other.potentials(), strict=True):
        np.testing.assert_array_equal(one, theirs)
    assert any((a != b).any() for a, b in zip(before.potentials(), head.potentials(), strict=True))


def test_crf_with_nothing_forbidden_is_pytorch_crf() -> None:
    torch.manual_seed(1)
    case = Case("", "io", tag_set("WXYZ", "io"))
    size = len(case.tags)
    ours = CRFHead(case.tags, case.scheme)
    assert all((part > IMPOSSIBLE[0]).all() for part in ours.potentials())
    theirs = torchcrf.CRF(size, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    emissions, lengths = random_batch(case)
    tags = torch.randint(size, emissions.shape[:2])
    losses, slopes = [], []
    for loss_of in (
        lambda x: ours.loss(x, tags, lengths),
        lambda x: -theirs(x, tags, MASK, reduction="none"),
    ):
        x = emissions.clone().requires_grad_()
        losses.append(loss_of(x))
        losses[-1].sum().backward()
        slopes.append(x.grad)
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(*slopes, atol=1e-5, rtol=0.0)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=0.0)
    decoded = Decoding(ours).decode(emissions, lengths)
    assert [row[:n] for row, n in zip(decoded.tolist(), LENGTHS, strict=True)] == theirs.decode(
        emissions, MASK
    )


# --- losses of known tags -----------------------------------------------------------------------


def brute_sums(head: CRFHead | SoftmaxHead, case: Case, emissions: Tensor) -> list[Tensor]:
    """The scores of the sequences that a loss counts: legal ones for a CRF, else all there are."""
    found = []
    for row, n in zip(emissions.double(), LENGTHS, strict=True):
        paths = legal_paths(case, n) if isinstance(head, CRFHead) else all_paths(row.shape[1], n)
        found.append(all_scores(paths, row[:n], learnt(head)))
    return found


def counted_paths(kind: str, case: Case, length: int) -> Tensor:
    return legal_paths(case, length) if kind == "crf" else all_paths(len(case.tags), length)


def random_gold(kind: str, case: Case) -> tuple[Tensor, list[int]]:
    """Tags ``[B, T]`` of a sequence for each sentence, and which of `counted_paths` it is."""
    gold, chosen = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long), []
    for b, n in enumerate(LENGTHS):
        paths = counted_paths(kind, case, n)
        chosen.append(int(torch.randint(len(paths), ())))
        gold[b, :n] = paths[chosen[-1]]
    return gold, chosen


@cases
@heads
def test_loss_is_the_negative_log_likelihood(case: Case, kind: str) -> None:
    """Among legal sequences for a CRF; token by token, thus among all, for a softmax."""
    torch.manual_seed(2)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    gold, chosen = random_gold(kind, case)
    value = head.loss(emissions, gold, lengths)
    scores = brute_sums(head, case, emissions)
    expected = [-row.log_softmax(0)[i] for row, i in zip(scores, chosen, strict=True)]
    torch.testing.assert_close(value.double(), torch.stack(expected), atol=1e-5, rtol=1e-6)


@cases
@heads
def test_gradient_of_the_loss_is_that_of_brute_force(case: Case, kind: str) -> None:
    torch.manual_seed(3)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    gold, chosen = random_gold(kind, case)
    x = emissions.requires_grad_()
    upstream = torch.tensor([1.0, -2.0, 0.5, 3.0])
    sources = [x, *head.parameters()]
    ours = torch.autograd.grad((head.loss(x, gold, lengths) * upstream).sum(), sources)
    scores = brute_sums(head, case, x)
    losses = torch.stack([-row.log_softmax(0)[i] for row, i in zip(scores, chosen, strict=True)])
    brute = torch.autograd.grad((losses * upstream).sum(), sources)
    for a, b in zip(ours, brute, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    assert not ours[0][~MASK].any()


@types
@heads
def test_any_type_of_emissions_is_scored_in_full(kind: str, dtype: torch.dtype) -> None:
    torch.manual_seed(4)
    case = CASES[1]
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    low = emissions.to(dtype).requires_grad_()
    high = low.detach().double().requires_grad_()
    tags = Decoding(head).decode(low, lengths)
    assert tags.equal(Decoding(head).decode(high, lengths))
    assert Decoding(head).marginals(low, lengths).equal(Decoding(head).marginals(high, lengths))
    for choices in (None, torch.rand(emissions.shape) < 0.8):
        loss, exact = (head.loss(x, tags, lengths, choices) for x in (low, high))
        assert loss.dtype in (torch.float32, dtype)
        torch.testing.assert_close(loss.double(), exact.double(), atol=1e-5, rtol=1e-6)
        (slope,) = torch.autograd.grad(loss.sum(), low)
        (exact_slope,) = torch.autograd.grad(exact.sum(), high)
        assert slope.dtype == dtype
        torch.testing.assert_close(slope, exact_slope.to(dtype), atol=1e-5, rtol=1e-5)


@types
def test_crf_weights_may_have_any_type(dtype: torch.dtype) -> None:
    torch.manual_seed(5)
    case = CASES[1]
    head, exact = build(case).to(dtype), build(case).double()
    exact.load_state_dict(head.state_dict())
    emissions, lengths = random_batch(case)
    gold, _ = random_gold("crf", case)
    for one in (head, exact):
        torch.autograd.backward(one.loss(emissions, gold, lengths).sum())
    for a, b in zip(head.parameters(), exact.parameters(), strict=True):
        assert gradient_of(a).dtype == dtype
        torch.testing.assert_close(gradient_of(a), gradient_of(b).to(dtype))
    assert (
        Decoding(head).decode(emissions, lengths).equal(Decoding(exact).decode(emissions, lengths))
    )


def test_crf_loss_passes_gradcheck_in_all_its_forms() -> None:
    torch.manual_seed(6)
    case = CASES[1]
    head = build(case).double()
    gold, _ = random_gold("crf", case)
    choices = torch.rand(*gold.shape, len(case.tags)) < 0.5
    choices |= torch.nn.functional.one_hot(gold, len(case.tags)).bool()
    costs = torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0])
    x = random_batch(case)[0].double().requires_grad_()
    for options in ({}, {"choices": choices}, {"costs": costs}):
        # The weights are varied in place: no need to take them from the arguments.
        assert torch.autograd.gradcheck(
            lambda x, *weights, options=options: head.loss(
                x, gold, torch.tensor(LENGTHS), **options
            ),
            (x, *head.parameters()),
        )


def test_crf_loss_has_no_second_derivative() -> None:
    case = CASES[1]
    emissions, lengths = random_batch(case)
    x = emissions.requires_grad_()
    loss = build(case).loss(x, torch.zeros(4, 4, dtype=torch.long), lengths)
    (slope,) = torch.autograd.grad(loss.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        torch.autograd.backward(slope.sum())


@impossibles
def test_crf_loss_with_emissions_that_rule_tags_out(impossible: float) -> None:
    torch.manual_seed(7)
    case = CASES[2]
    head = build(case)
    emissions, lengths = random_batch(case)
    gold, chosen = random_gold("crf", case)
    out = (torch.rand(emissions.shape) < 0.5) & ~torch.nn.functional.one_hot(gold, 5).bool()
    x = emissions.masked_fill(out, impossible).requires_grad_()
    loss = head.loss(x, gold, lengths)
    scores = brute_sums(head, case, x.detach())
    expected = [-row.log_softmax(0)[i] for row, i in zip(scores, chosen, strict=True)]
    torch.testing.assert_close(loss.double(), torch.stack(expected), atol=1e-5, rtol=1e-6)
    torch.autograd.backward(loss.sum())
    assert gradient_of(x).isfinite().all()
    assert not gradient_of(x)[out].any()
    # Ruled out although known to be true: nothing to learn from, and nothing that spreads.
    x = x.detach().clone()
    x[0, 1, gold[0, 1]] = impossible
    loss = head.loss(x.requires_grad_(), gold, lengths)
    torch.autograd.backward(loss.sum())
    assert loss.isfinite().all()
    assert loss[0] > 5e3
    assert all(gradient_of(p).isfinite().all() for p in (x, *head.parameters()))


def test_crf_loss_of_a_long_sentence_is_precise() -> None:
    torch.manual_seed(8)
    case = CASES[1]
    head = build(case)
    emissions = 10 * torch.randn(1, 2000, 5)
    best = Decoding(head).decode(emissions, torch.tensor([2000]))
    loss = head.loss(emissions, best, torch.tensor([2000]))
    _, probability = Decoding(head).nbest(emissions, torch.tensor([2000]), 1)
    assert math.exp(-loss.item()) == pytest.approx(probability.item(), rel=1e-4)
    halves = [emissions[:, :1000], emissions[:, 1000:]]
    assert loss.item() < 300.0
    assert all(h.abs().sum() > 5e3 for h in halves)  # next to which float32 has no such precision


# --- losses of partly known tags ----------------------------------------------------------------


def random_choices(kind: str, case: Case) -> Tensor:
    """Tags that tokens may have, ``[B, T, K]``, with at least one sequence among them."""
    gold, _ = random_gold(kind, case)
    choices = torch.rand(*gold.shape, len(case.tags)) < torch.rand(*gold.shape, 1)
    choices |= torch.nn.functional.one_hot(gold, len(case.tags)).bool()
    return choices | ~MASK[:, :, None]


def agreeing(paths: Tensor, choices: Tensor) -> Tensor:
    """Which of the paths ``[N, T]`` go through choices ``[T, K]`` only."""
    return choices[torch.arange(paths.shape[1]), paths].all(1)


def brute_loss(
    head: CRFHead | SoftmaxHead, kind: str, case: Case, emissions: Tensor, choices: Tensor
) -> Tensor:
    """The log of the sum over all sequences less that over those that agree, ``[B]``."""
    losses = []
    for b, scores in enumerate(brute_sums(head, case, emissions)):
        agree = agreeing(counted_paths(kind, case, LENGTHS[b]), choices[b])
        losses.append(scores.logsumexp(0) - scores[agree].logsumexp(0))
    return torch.stack(losses)


@cases
@heads
def test_loss_of_partly_known_tags_sums_over_all_that_agree(case: Case, kind: str) -> None:
    torch.manual_seed(9)
    head = build(case, kind)
    for _ in range(5):
        emissions, lengths = random_batch(case)
        choices = random_choices(kind, case)
        x = emissions.requires_grad_()
        loss = head.loss(x, choices.int().argmax(2), lengths, choices)
        expected = brute_loss(head, kind, case, x, choices)
        torch.testing.assert_close(loss.double(), expected, atol=1e-5, rtol=1e-6)
        sources = [x, *head.parameters()]
        ours = torch.autograd.grad(loss.sum(), sources)
        brute = torch.autograd.grad(expected.sum(), sources, allow_unused=True)
        for a, b in zip(ours, brute, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
        assert not ours[0][~MASK].any()


UNANNOTATED = [Case(scheme, scheme, tag_set("AX", scheme)) for scheme in ("iobes", "iob2", "io")]


def of_type_a(case: Case, path: Sequence[int]) -> list[Span]:
    return [span for span in spans_of(case.tags[k] for k in path) if span.label == "A"]


@functools.cache
def legal_with_spans(name: str) -> tuple[Tensor, list[list[Span]]]:
    """All legal paths of three tags, and their entities of type A."""
    case = next(case for case in UNANNOTATED if case.name == name)
    paths = legal_paths(case, 3)
    return paths, [of_type_a(case, path) for path in paths.tolist()]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(UNANNOTATED), st.integers(0, 2**32 - 1))
def test_loss_where_a_type_is_unannotated_sums_over_all_with_the_known_entities(
    case: Case, seed: int
) -> None:
    torch.manual_seed(seed)
    paths, spans = legal_with_spans(case.name)
    known = spans[int(torch.randint(len(paths), ()))]
    sentence = Sentence(("a", "b", "c"), tuple(known), unannotated=frozenset("X"))
    choices = torch.tensor(possible_tags(sentence, case.tags, case.scheme))[None]
    head = build(case)
    x = (2 * torch.randn(1, 3, len(case.tags))).requires_grad_()
    scores = all_scores(paths, x[0].double(), learnt(head))
    agree = torch.tensor([own == known for own in spans])
    expected = scores.logsumexp(0) - scores[agree].logsumexp(0)
    loss = head.loss(x, choices.int().argmax(2), torch.tensor([3]), choices)
    torch.testing.assert_close(loss[0].double(), expected, atol=1e-5, rtol=1e-6)
    sources = [x, *head.parameters()]
    ours = torch.autograd.grad(loss.sum(), sources)
    brute = torch.autograd.grad(expected, sources, allow_unused=True)
    for a, b in zip(ours, brute, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)


@cases
@heads
def test_choices_of_one_tag_each_are_tags(case: Case, kind: str) -> None:
    torch.manual_seed(10)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    gold, _ = random_gold(kind, case)
    choices = torch.nn.functional.one_hot(gold, len(case.tags)).bool() | ~MASK[:, :, None]
    x = emissions.requires_grad_()
    losses = [head.loss(x, gold, lengths), head.loss(x, gold, lengths, choices)]
    torch.testing.assert_close(*losses)
    slopes = [torch.autograd.grad(loss.sum(), [x, *head.parameters()]) for loss in losses]
    for a, b in zip(*slopes, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


@heads
def test_nothing_known_is_nothing_lost(kind: str) -> None:
    torch.manual_seed(11)
    case = CASES[2]
    emissions, lengths = random_batch(case)
    everything = torch.ones(emissions.shape, dtype=torch.bool)
    x = emissions.requires_grad_()
    loss = build(case, kind).loss(x, everything.int().argmax(2), lengths, everything)
    torch.testing.assert_close(loss, torch.zeros(4), atol=1e-6, rtol=0.0)
    torch.autograd.backward(loss.sum())
    torch.testing.assert_close(x.grad, torch.zeros_like(x), atol=1e-6, rtol=0.0)


@heads
def test_labels_that_contradict_themselves_give_finite_gradients(kind: str) -> None:
    """Readers let none through; if one comes nevertheless, its neighbours still learn."""
    torch.manual_seed(12)
    case = CASES[1]  # O B I E S
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    choices = torch.ones(emissions.shape, dtype=torch.bool)
    choices[0, 1] = torch.tensor([False, True, False, False, False])
    choices[0, 2] = torch.tensor([True, False, False, False, True])  # B, and then O or S
    choices[2, 0] = False  # no tag at all
    x = emissions.requires_grad_()
    loss = head.loss(x, choices.int().argmax(2), lengths, choices)
    torch.autograd.backward(loss.sum())
    assert loss.isfinite().all()
    assert (loss >= 0.0).all()
    assert loss[1] < 100.0
    assert loss[3] < 100.0
    assert loss[2] > 1e29
    assert all(gradient_of(p).isfinite().all() for p in (x, *head.parameters()))
    assert gradient_of(x).abs().max() <= 1.0 + 1e-6
    tags = torch.tensor([[1, 0, 0, 0]] * 4)  # B O O O: known for sure, and illegal
    loss = head.loss(x, tags, lengths)
    assert loss.isfinite().all()
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss.sum(), x))


# --- costs of mistakes --------------------------------------------------------------------------


def brute_margins(case: Case, choices: Tensor, weights: dict[str, float]) -> Tensor:
    """Log weights ``[B, T, K]`` for tags that disagree with tokens known to be of one type."""
    margins = torch.zeros(choices.shape)
    for b, t, k in torch.cartesian_prod(*map(torch.arange, choices.shape)).tolist():
        known = {parse_tag(case.tags[j]).label for j in choices[b, t].nonzero().flatten().tolist()}
        if len(known) == 1 and not choices[b, t, k]:
            margins[b, t, k] = math.log(weights.get(known.pop(), 1.0))
    return margins


def log_weights(case: Case, weights: dict[str, float]) -> Tensor:
    return torch.tensor([math.log(weights.get(parse_tag(t).label, 1.0)) for t in case.tags])


@spanned
@heads
@pytest.mark.parametrize("partly", [False, True], ids=["tags", "choices"])
def test_a_mistake_counts_as_often_as_the_type_says(case: Case, kind: str, partly: bool) -> None:
    """Softmax-margin: wrong tags of a token weigh more in the sum over all sequences."""
    torch.manual_seed(13)
    weights = {"X": 3.0, "Y": 0.5}
    costs = log_weights(case, weights)
    head = build(case, kind)
    for _ in range(3):
        emissions, lengths = random_batch(case)
        choices = random_choices(kind, case) if partly else None
        tags = random_gold(kind, case)[0] if choices is None else choices.int().argmax(2)
        known = torch.nn.functional.one_hot(tags, len(case.tags)).bool()
        agree = known if choices is None else choices
        loss = head.loss(emissions, tags, lengths, choices, costs)
        moved = emissions + brute_margins(case, agree, weights)
        expected = brute_loss(head, kind, case, moved, agree)
        torch.testing.assert_close(loss.double(), expected, atol=1e-5, rtol=1e-6)
        assert (loss > -1e-6).all()
        plain = head.loss(emissions, tags, lengths, choices)
        torch.testing.assert_close(
            head.loss(emissions, tags, lengths, choices, torch.zeros(len(case.tags))), plain
        )


@heads
def test_a_dear_type_is_found_more_often(kind: str) -> None:
    """One token that is X in half of the cases: the weight tips the balance."""
    case = Case("", "io", ["O", "I-X"])
    head = HEADS[kind](case.tags, case.scheme)
    for weight in head.parameters():
        torch.nn.init.zeros_(weight)
    for factor, expected in [(1.0, 0.5), (4.0, 2 / 3), (0.25, 1 / 3)]:
        x = torch.zeros(1, 1, 2, requires_grad=True)
        for _ in range(200):
            tags, lengths = torch.tensor([[0], [1]]), torch.tensor([1, 1])
            costs = log_weights(case, {"X": factor})
            loss = head.loss(x.expand(2, 1, 2), tags, lengths, costs=costs).sum()
            (slope,) = torch.autograd.grad(loss, x)
            x = (x - slope).detach().requires_grad_()
        assert x.softmax(2)[0, 0, 1].item() == pytest.approx(expected, abs=1e-3)


# --- expected counts, and learning from those of a teacher ----------------------------------------


def probabilities(
    head: CRFHead | SoftmaxHead, kind: str, case: Case, emissions: Tensor, choices: Tensor | None
) -> list[Tensor]:
    """Of each sentence, how probable each of `counted_paths` is, given the choices."""
    found = []
    for b, scores in enumerate(brute_sums(head, case, emissions)):
        if choices is not None:
            agree = agreeing(counted_paths(kind, case, LENGTHS[b]), choices[b])
            scores = scores.masked_fill(~agree, -math.inf)
        found.append(scores.softmax(0).detach())
    return found


@cases
@heads
@pytest.mark.parametrize("partly", [False, True])
def test_expected_counts_are_sums_over_all_sequences(case: Case, kind: str, partly: bool) -> None:
    torch.manual_seed(40)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    choices = random_choices(kind, case) if partly else None
    unary, pairwise = Decoding(head).expected_counts(emissions, lengths, choices)
    legal = torch.tensor(allowed_transitions(case.tags, case.scheme).between)
    assert pairwise.shape == (len(LENGTHS), int(legal.sum()) if kind == "crf" else 0)
    for b, p in enumerate(probabilities(head, kind, case, emissions, choices)):
        one_hot = torch.nn.functional.one_hot(
            counted_paths(kind, case, LENGTHS[b]), len(case.tags)
        ).double()
        torch.testing.assert_close(unary[b, : LENGTHS[b]], torch.einsum("n,ntk->tk", p, one_hot))
        assert not unary[b, LENGTHS[b] :].any()
        if kind == "crf":
            pairs = torch.einsum("n,nti,ntj->ij", p, one_hot[:, :-1], one_hot[:, 1:])
            torch.testing.assert_close(pairwise[b], pairs[legal])


@cases
@heads
def test_cross_entropy_with_a_mixture(case: Case, kind: str) -> None:
    """Of whole sequences, with the average of two teachers' distributions; and its gradient."""
    torch.manual_seed(41)
    teachers = [(build(case, kind), random_batch(case)[0]) for _ in range(2)]
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    x = emissions.requires_grad_()
    expected = [Decoding(teacher).expected_counts(scores, lengths) for teacher, scores in teachers]
    unary, pairwise = (torch.stack(parts).mean(0) for parts in zip(*expected, strict=True))
    loss = head.cross_entropy(x, unary, pairwise, lengths)
    mixed = [
        torch.stack(each).mean(0)
        for each in zip(
            *(probabilities(one, kind, case, scores, None) for one, scores in teachers), strict=True
        )
    ]
    losses = [
        -(p * scores.log_softmax(0)).sum()
        for p, scores in zip(mixed, brute_sums(head, case, x), strict=True)
    ]
    torch.testing.assert_close(loss.double(), torch.stack(losses), atol=1e-5, rtol=1e-6)
    upstream = torch.tensor([1.0, -2.0, 0.5, 3.0])
    sources = [x, *head.parameters()]
    ours = torch.autograd.grad((loss * upstream).sum(), sources)
    brute = torch.autograd.grad((torch.stack(losses) * upstream).sum(), sources)
    for a, b in zip(ours, brute, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    assert not ours[0][~MASK].any()


@cases
@heads
def test_a_teacher_that_is_sure_teaches_what_labels_do(case: Case, kind: str) -> None:
    torch.manual_seed(42)
    teacher, head = build(case, kind), build(case, kind)
    emissions, lengths = random_batch(case)
    gold, _ = random_gold(kind, case)
    known = torch.nn.functional.one_hot(gold, len(case.tags)).bool() | ~MASK[:, :, None]
    unary, pairwise = Decoding(teacher).expected_counts(random_batch(case)[0], lengths, known)
    x = emissions.requires_grad_()
    losses = [head.loss(x, gold, lengths), head.cross_entropy(x, unary, pairwise, lengths)]
    torch.testing.assert_close(*losses)
    slopes = [torch.autograd.grad(loss.sum(), [x, *head.parameters()]) for loss in losses]
    for a, b in zip(*slopes, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


@heads
def test_nobody_is_wiser_than_the_teacher(kind: str) -> None:
    """The cross-entropy is smallest where the student is the teacher: its gradient vanishes."""
    torch.manual_seed(43)
    case = CASES[1]
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    counts = Decoding(head).expected_counts(emissions, lengths)
    x = emissions.requires_grad_()
    loss = head.cross_entropy(x, *counts, lengths).sum()
    for slope in torch.autograd.grad(loss, [x, *head.parameters()]):
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-6, rtol=0.0)
    other = head.cross_entropy(x + torch.randn_like(x), *counts, lengths).sum()
    assert other > loss


def test_crf_cross_entropy_passes_gradcheck() -> None:
    torch.manual_seed(44)
    case = CASES[1]
    head = build(case).double()
    emissions, lengths = random_batch(case)
    counts = Decoding(build(case)).expected_counts(emissions, lengths)
    x = random_batch(case)[0].double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, *weights: head.cross_entropy(x, *counts, lengths), (x, *head.parameters())
    )


@types
@heads
def test_cross_entropy_of_any_type_of_emissions(kind: str, dtype: torch.dtype) -> None:
    torch.manual_seed(45)
    case = CASES[1]
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    counts = Decoding(head).expected_counts(random_batch(case)[0], lengths)
    unary, pairwise = (part.float() for part in counts)
    low = emissions.to(dtype).requires_grad_()
    high = low.detach().double().requires_grad_()
    slopes = []
    for x in (low, high):
        loss = head.cross_entropy(x, unary, pairwise, lengths)
        slopes.append(torch.autograd.grad(loss.sum(), x)[0])
    assert slopes[0].dtype == dtype
    torch.testing.assert_close(slopes[0], slopes[1].to(dtype), atol=1e-5, rtol=1e-5)


# --- decoding -----------------------------------------------------------------------------------


def softmaxed(head: CRFHead | SoftmaxHead, emissions: Tensor) -> Tensor:
    """Scores that a head sums beside those of transitions: log probabilities for a softmax."""
    return emissions if isinstance(head, CRFHead) else emissions.log_softmax(2)


@cases
@heads
def test_decode_finds_the_best_legal_sequence(case: Case, kind: str) -> None:
    torch.manual_seed(14)
    head = build(case, kind)
    for _ in range(5):
        emissions, lengths = random_batch(case)
        decoded = Decoding(head).decode(emissions, lengths)
        for b, n in enumerate(LENGTHS):
            paths = legal_paths(case, n)
            scores = all_scores(paths, emissions[b, :n].double(), learnt(head))
            assert decoded[b, :n].equal(paths[scores.argmax()])
            assert not decoded[b, n:].any()


@given(
    kind=st.sampled_from(sorted(HEADS)),
    scheme=st.sampled_from(["iobes", "iob2", "io"]),
    labels=st.integers(0, 3),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    magnitude=st.sampled_from([0.0, 1.0, 100.0, 1e4, 1e30, math.inf]),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60)
def test_output_is_legal_however_strongly_the_scores_disagree(
    kind: str, scheme: str, labels: int, lengths: list[int], magnitude: float, seed: int
) -> None:
    torch.manual_seed(seed)
    case = Case("", scheme, tag_set("XYZ"[:labels], scheme))
    head = build(case, kind)
    emissions = torch.randn(len(lengths), max(lengths), len(case.tags))
    # Each token is sure of a random tag: most such sequences are illegal.
    wish = torch.randint(len(case.tags), emissions.shape[:2])
    emissions.scatter_add_(2, wish[:, :, None], torch.full_like(emissions, magnitude))
    decoded = Decoding(head).decode(emissions, torch.tensor(lengths))
    best, _ = Decoding(head).nbest(emissions, torch.tensor(lengths), 2)
    assert best[:, 0].equal(decoded)
    for row, wished, n in zip(decoded.tolist(), wish.tolist(), lengths, strict=True):
        parsed = [parse_tag(case.tags[k]) for k in row[:n]]
        assert illegal_positions(parsed, scheme) == []
        if magnitude >= 100.0 and not illegal_positions(
            [parse_tag(case.tags[k]) for k in wished[:n]], scheme
        ):
            assert row[:n] == wished[:n]


@heads
@impossibles
def test_tags_that_emissions_rule_out_are_not_used(kind: str, impossible: float) -> None:
    torch.manual_seed(15)
    case = CASES[2]
    head = build(case, kind)
    for _ in range(5):
        emissions, lengths = random_batch(case)
        choices = random_choices("crf", case)  # with a legal sequence among them
        x = emissions.masked_fill(~choices, impossible)
        decoded, marginals = Decoding(head).decode(x, lengths), Decoding(head).marginals(x, lengths)
        tags, _ = Decoding(head).nbest(x, lengths, 1)
        assert tags[:, 0].equal(decoded)
        torch.testing.assert_close(marginals.sum(2), MASK.double())
        assert marginals[~choices].max() < 1e-9
        for b, n in enumerate(LENGTHS):
            paths = legal_paths(case, n)
            paths = paths[agreeing(paths, choices[b])]
            scores = all_scores(paths, softmaxed(head, x.double())[b, :n], learnt(head))
            assert decoded[b, :n].equal(paths[scores.argmax()])
            if kind == "crf":
                expected = [
                    [scores.softmax(0)[paths[:, t] == k].sum().item() for k in range(5)]
                    for t in range(n)
                ]
                torch.testing.assert_close(
                    marginals[b, :n], torch.tensor(expected, dtype=torch.float64)
                )


@heads
def test_decoding_a_very_long_sentence_is_exact(kind: str) -> None:
    """The best of what is left does not get lost in the size of what has been summed up."""
    torch.manual_seed(16)
    case = Case("", "io", ["O", "I-X"])
    head = HEADS[kind](case.tags, case.scheme)
    for weight in head.parameters():
        torch.nn.init.zeros_(weight)
    wish = torch.randint(2, (1, 20_000))
    emissions = torch.full((1, 20_000, 2), 1000.0)
    emissions.scatter_add_(2, wish[:, :, None], torch.full_like(emissions, 1e-3))
    assert Decoding(head).decode(emissions, torch.tensor([20_000])).equal(wish)


# --- probabilities of tags and of sequences -----------------------------------------------------


@cases
def test_crf_marginals_are_sums_over_legal_sequences(case: Case) -> None:
    torch.manual_seed(17)
    head = build(case)
    emissions, lengths = random_batch(case)
    marginals = Decoding(head).marginals(emissions, lengths)
    assert marginals.dtype == torch.float64
    assert not marginals.requires_grad
    for b, n in enumerate(LENGTHS):
        paths = legal_paths(case, n)
        p = all_scores(paths, emissions[b, :n].double(), learnt(head)).softmax(0)
        for t, k in torch.cartesian_prod(torch.arange(n), torch.arange(len(case.tags))).tolist():
            expected = p[paths[:, t] == k].sum().item()
            assert marginals[b, t, k].item() == pytest.approx(expected, abs=1e-12)
        assert not marginals[b, n:].any()


def test_softmax_marginals_are_its_probabilities() -> None:
    torch.manual_seed(18)
    case = CASES[1]
    emissions, lengths = random_batch(case)
    marginals = Decoding(build(case, "softmax")).marginals(emissions, lengths)
    torch.testing.assert_close(marginals, emissions.double().softmax(2) * MASK[:, :, None])


@cases
@heads
def test_entropy_is_that_of_the_probabilities_of_all_sequences(case: Case, kind: str) -> None:
    """Of a softmax: those of all sequences, legal or not, since its probabilities are."""
    torch.manual_seed(19)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    found = Decoding(head).entropy(emissions, lengths)
    for b, n in enumerate(LENGTHS):
        paths = legal_paths(case, n) if kind == "crf" else all_paths(len(case.tags), n)
        p = all_scores(paths, emissions[b, :n].double(), learnt(head)).softmax(0)
        assert found[b].item() == pytest.approx(-torch.special.xlogy(p, p).sum().item(), abs=1e-10)


@cases
@heads
def test_the_log_probability_of_a_sequence_is_that_of_brute_force(case: Case, kind: str) -> None:
    torch.manual_seed(23)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    for number in range(3):
        tags = torch.zeros(emissions.shape[:2], dtype=torch.long)
        wanted = []
        for b, n in enumerate(LENGTHS):
            paths = legal_paths(case, n)
            scores = all_scores(paths, softmaxed(head, emissions.double())[b, :n], learnt(head))
            logs = scores.log_softmax(0) if kind == "crf" else scores
            chosen = (7 * number) % len(paths)
            tags[b, :n] = paths[chosen]
            wanted.append(logs[chosen].item())
        found = Decoding(head).log_probabilities(emissions, lengths, tags)
        assert found.tolist() == pytest.approx(wanted, abs=1e-9)


@cases
@heads
@pytest.mark.parametrize("count", [1, 3, 400])
def test_nbest_gives_the_most_probable_legal_sequences(case: Case, kind: str, count: int) -> None:
    torch.manual_seed(19)
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    tags, probabilities = Decoding(head).nbest(emissions.requires_grad_(), lengths, count)
    assert tags.shape == (len(LENGTHS), count, max(LENGTHS))
    assert probabilities.shape == (len(LENGTHS), count)
    assert not probabilities.requires_grad
    for b, n in enumerate(LENGTHS):
        paths = legal_paths(case, n)
        scores = all_scores(
            paths, softmaxed(head, emissions.detach().double())[b, :n], learnt(head)
        )
        p = scores.softmax(0) if kind == "crf" else scores.exp()
        p, order = p.sort(descending=True)
        found = min(count, len(paths))
        assert tags[b, :found, :n].equal(paths[order[:found]])
        torch.testing.assert_close(probabilities[b, :found], p[:found])
        assert not tags[b, :, n:].any()
        assert not tags[b, found:].any()
        assert not probabilities[b, found:].any()
        if count == 400 and kind == "crf":
            assert probabilities[b].sum().item() == pytest.approx(1.0)


@heads
def test_a_sequence_is_never_so_improbable_as_to_be_none(kind: str) -> None:
    """A thousand tokens of which nothing is known: every sequence has probability 5⁻¹⁰⁰⁰ or so."""
    case = CASES[2]
    emissions, lengths = torch.zeros(1, 1000, 5), torch.tensor([1000])
    _, probabilities = Decoding(build(case, kind)).nbest(emissions, lengths, 3)
    assert (probabilities > 0.0).all()
    assert (probabilities < 1e-200).all()


# --- probabilities of spans ---------------------------------------------------------------------


@functools.cache
def spans_of_paths(case_name: str, length: int) -> dict[Span, list[int]]:
    """Every span that a sequence of that length can hold, with the sequences that hold it."""
    case = next(case for case in CASES if case.name == case_name)
    holders = defaultdict(list)
    for i, path in enumerate(legal_paths(case, length).tolist()):
        for span in spans_of(case.tags[k] for k in path):
            holders[span].append(i)
    return holders


def paths_of(case: Case, length: int) -> list[list[int]]:
    return legal_paths(case, length).tolist()


def span_batch(
    case: Case, emissions: Tensor, length: int, spans: list[Span]
) -> tuple[Tensor, Tensor, Tensor]:
    """Emissions, lengths and tags of one sentence as often as there are spans, one in each.

    The last row is a longer sentence, so that the others have padding.
    """
    tags = torch.zeros(len(spans) + 1, emissions.shape[0], dtype=torch.long)
    for row, span in zip(tags, spans, strict=False):
        row[:length] = torch.tensor(
            [case.tags.index(tag) for tag in tags_of([span], length, case.scheme)]
        )
    lengths = torch.tensor([length] * len(spans) + [emissions.shape[0]])
    return emissions.expand(len(tags), -1, -1), lengths, tags


@spanned
@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("scale", [2.0, 1e3], ids=["plain", "logs"])
def test_crf_span_score_is_the_sum_over_all_sequences_with_precisely_that_span(
    case: Case, length: int, scale: float
) -> None:
    torch.manual_seed(length)
    head = build(case)
    emissions = scale * torch.randn(length + 2, len(case.tags))
    paths = legal_paths(case, length)
    p = all_scores(paths, emissions[:length].double(), learnt(head)).softmax(0)
    holders = spans_of_paths(case.name, length)
    positions = [(b, span.start, span.end) for b, span in enumerate(holders)]
    scores = Decoding(head).span_scores(
        *span_batch(case, emissions, length, list(holders)), positions
    )
    expected = [p[rows].sum().item() for rows in holders.values()]
    assert scores == pytest.approx(expected, abs=1e-9)


@spanned
def test_crf_scores_all_spans_of_a_batch_in_the_order_asked_for(case: Case) -> None:
    torch.manual_seed(20)
    head = build(case)
    emissions, lengths = random_batch(case)
    tags = torch.zeros(len(LENGTHS), max(LENGTHS), dtype=torch.long)
    positions = []
    for b in (0, 2):  # the other sentences have no span
        found = {tuple(p): spans_of(case.tags[k] for k in p) for p in paths_of(case, LENGTHS[b])}
        path, spans = max(found.items(), key=lambda item: len(item[1]))
        tags[b, : LENGTHS[b]] = torch.tensor(path)
        positions += [(b, span.start, span.end) for span in spans]
    mixed = positions[::-1] + positions[:1]
    assert len(mixed) > 3
    scores = Decoding(head).span_scores(emissions, lengths, tags, mixed)
    for (b, start, end), score in zip(mixed, scores, strict=True):
        n = LENGTHS[b]
        label = parse_tag(case.tags[tags[b, start]]).label
        p = all_scores(legal_paths(case, n), emissions[b, :n].double(), learnt(head)).softmax(0)
        rows = spans_of_paths(case.name, n)[Span(start, end, label)]
        assert score == pytest.approx(p[rows].sum().item(), abs=1e-9)


@spanned
def test_a_token_is_in_one_of_the_spans_over_it_or_outside(case: Case) -> None:
    torch.manual_seed(21)
    length = 4
    head = build(case)
    emissions = 2 * torch.randn(length + 2, len(case.tags))
    spans = list(spans_of_paths(case.name, length))
    positions = [(b, span.start, span.end) for b, span in enumerate(spans)]
    scores = Decoding(head).span_scores(*span_batch(case, emissions, length, spans), positions)
    outside = Decoding(head).marginals(emissions[None, :length], torch.tensor([length]))[0, :, 0]
    for t in range(length):
        over = sum(p for p, s in zip(scores, spans, strict=True) if s.start <= t < s.end)
        assert over + outside[t].item() == pytest.approx(1.0, abs=1e-9)


def test_crf_span_score_of_a_sure_model_is_1_and_of_an_impossible_span_0() -> None:
    case = CASES[1]  # O B I E S
    head = build(case)
    emissions = torch.zeros(2, 3, 5)
    for t, tag in enumerate([1, 2, 3]):
        emissions[0, t, tag] = 1e4
    emissions[1, :, 0] = 1e4
    tags = torch.tensor([[1, 2, 3], [1, 2, 3]])
    scores = Decoding(head).span_scores(
        emissions, torch.tensor([3, 3]), tags, [(0, 0, 3), (1, 0, 3)]
    )
    assert scores == pytest.approx([1.0, 0.0])
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_softmax_span_score_is_the_product_of_the_tags_in_it() -> None:
    torch.manual_seed(22)
    case = CASES[1]
    head = build(case, "softmax")
    emissions = torch.randn(2, 4, 5)
    tags = torch.tensor([[0, 1, 2, 3], [4, 1, 3, 0]])
    positions = [(1, 1, 3), (0, 1, 4), (1, 0, 1)]
    scores = Decoding(head).span_scores(emissions, torch.tensor([4, 3]), tags, positions)
    p = emissions.double().softmax(2)
    expected = [
        torch.stack([p[b, t, tags[b, t]] for t in range(start, end)]).prod().item()
        for b, start, end in positions
    ]
    assert scores == pytest.approx(expected)


@heads
def test_no_spans_no_scores(kind: str) -> None:
    case = CASES[1]
    tags = torch.zeros(1, 2, dtype=torch.long)
    assert (
        Decoding(build(case, kind)).span_scores(torch.zeros(1, 2, 5), torch.tensor([2]), tags, [])
        == []
    )


# --- probabilities at a temperature -------------------------------------------------------------


def tempered(case: Case, kind: str, temperature: float, compiled: bool = False) -> Decoder:
    """A decoder of random weights, always the same."""
    torch.manual_seed(23)
    weights = {name: w.detach().numpy() for name, w in build(case, kind).state_dict().items()}
    chain = compiled_chain if compiled else None
    return decoder_of(kind, case.tags, case.scheme, weights, chain, temperature)


def tempered_batch(case: Case) -> tuple[np.ndarray, np.ndarray]:
    torch.manual_seed(24)
    emissions, lengths = random_batch(case)
    return emissions.numpy(), lengths.numpy()


temperatures = pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7, 12.0])


@cases
@heads
@temperatures
def test_a_temperature_changes_nothing_that_is_decoded(
    case: Case, kind: str, temperature: float
) -> None:
    emissions, lengths = tempered_batch(case)
    found = tempered(case, kind, temperature).decode(emissions, lengths)
    np.testing.assert_array_equal(found, tempered(case, kind, 1.0).decode(emissions, lengths))


@cases
@temperatures
def test_probabilities_at_a_temperature_are_those_of_divided_scores(
    case: Case, temperature: float
) -> None:
    """Of all legal sequences, by brute force; what is forbidden stays so."""
    decoder, (emissions, lengths) = (tempered(case, "crf", temperature), tempered_batch(case))
    torch.manual_seed(23)
    weights = learnt(build(case))
    marginals, entropy = decoder.marginals(emissions, lengths), decoder.entropy(emissions, lengths)
    for b, n in enumerate(LENGTHS):
        paths = legal_paths(case, n)
        scores = all_scores(paths, torch.from_numpy(emissions[b, :n]).double(), weights)
        p = (scores / temperature).softmax(0)
        assert entropy[b] == pytest.approx(-torch.special.xlogy(p, p).sum().item(), abs=1e-9)
        for t, k in itertools.product(range(n), range(len(case.tags))):
            expected = p[paths[:, t] == k].sum().item()
            assert marginals[b, t, k] == pytest.approx(expected, abs=1e-9)


@spanned
@heads
@temperatures
def test_compiled_probabilities_at_a_temperature_are_the_same(
    case: Case, kind: str, temperature: float
) -> None:
    emissions, lengths = tempered_batch(case)
    numpy, compiled = (tempered(case, kind, temperature, each) for each in (False, True))
    tags = numpy.decode(emissions, lengths)
    np.testing.assert_allclose(
        compiled.marginals(emissions, lengths), numpy.marginals(emissions, lengths), atol=1e-9
    )
    spans = [(b, t, t + 1) for b, n in enumerate(LENGTHS) for t in range(n) if tags[b, t]]
    assert compiled.span_scores(emissions, lengths, tags, spans) == pytest.approx(
        numpy.span_scores(emissions, lengths, tags, spans), abs=1e-9
    )


@cases
@heads
def test_a_high_temperature_is_less_sure(case: Case, kind: str) -> None:
    emissions, lengths = tempered_batch(case)
    entropies = [
        tempered(case, kind, temperature).entropy(emissions, lengths)
        for temperature in (0.2, 0.7, 1.0, 2.0, 10.0)
    ]
    for lower, higher in itertools.pairwise(entropies):
        assert (lower <= higher + 1e-9).all()


@cases
@heads
@temperatures
def test_analyses_at_a_temperature_are_in_the_same_order(
    case: Case, kind: str, temperature: float
) -> None:
    emissions, lengths = tempered_batch(case)
    tags, found = tempered(case, kind, temperature).nbest(emissions, lengths, 4)
    expected, _ = tempered(case, kind, 1.0).nbest(emissions, lengths, 4)
    np.testing.assert_array_equal(tags, expected)
    assert (np.diff(found, axis=1) <= 1e-12).all()
    logs = tempered(case, kind, temperature).log_probabilities(emissions, lengths, tags[:, 0])
    np.testing.assert_allclose(np.exp(logs), found[:, 0], rtol=1e-9)


def test_a_sequence_of_all_analyses_sums_to_1_at_any_temperature() -> None:
    case = CASES[1]
    emissions, lengths = tempered_batch(case)
    for temperature in (0.5, 3.0):
        _, found = tempered(case, "crf", temperature).nbest(emissions, lengths, 400)
        np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-9)
