"""Heads against brute force: losses, legal output whatever the scores, probabilities of spans."""

import functools
from collections import defaultdict

import pytest
import torch
import torchcrf
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.model.chain import FORBIDDEN, Potentials, log_partition, token_mask
from ner.model.head import CRFHead, SoftmaxHead
from ner.tags import (
    Transitions,
    allowed_transitions,
    illegal_positions,
    parse_tag,
    spans_of,
    tag_set,
    tags_of,
)
from ner.text import Span
from tests.model.brute import CASES, IDS, Case, all_scores, legal_paths

LENGTHS = [4, 1, 3, 2]
HEADS = {"crf": CRFHead, "softmax": SoftmaxHead}
cases = pytest.mark.parametrize("case", CASES, ids=IDS)
heads = pytest.mark.parametrize("kind", HEADS)


def build(case: Case, kind: str = "crf") -> CRFHead | SoftmaxHead:
    """A head with strong opinions on transitions."""
    head = HEADS[kind](case.tags, allowed_transitions(case.tags, case.scheme))
    for weight in head.parameters():
        torch.nn.init.normal_(weight)
    return head


def random_batch(case: Case) -> tuple[Tensor, Tensor]:
    emissions = 2 * torch.randn(len(LENGTHS), max(LENGTHS), len(case.tags))
    return emissions, torch.tensor(LENGTHS)


def free(head: CRFHead) -> Potentials:
    """The learnt scores alone."""
    return Potentials(head.start_transitions, head.transitions, head.end_transitions)


# --- CRF against pytorch-crf --------------------------------------------------------------------


def everything_allowed(size: int) -> Transitions:
    return Transitions([True] * size, [[True] * size] * size, [True] * size)


def test_crf_weights_are_named_as_in_pytorch_crf() -> None:
    case = CASES[1]
    ours, theirs = build(case), torchcrf.CRF(len(case.tags), batch_first=True)
    shapes = [{k: v.shape for k, v in head.state_dict().items()} for head in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert [k for k, _ in ours.named_parameters()] == [k for k, _ in theirs.named_parameters()]


def test_crf_with_nothing_forbidden_is_pytorch_crf() -> None:
    torch.manual_seed(1)
    case = CASES[1]
    size = len(case.tags)
    ours = CRFHead(case.tags, everything_allowed(size))
    theirs = torchcrf.CRF(size, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    emissions, lengths = random_batch(case)
    tags = torch.randint(size, emissions.shape[:2])
    mask = token_mask(lengths, max(LENGTHS))
    loss = ours.loss(emissions, tags, lengths)
    torch.testing.assert_close(loss, -theirs(emissions, tags, mask, reduction="none"))
    loss.sum().backward()
    (-theirs(emissions, tags, mask)).backward()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    decoded = ours.decode(emissions, lengths)
    assert [row[:n] for row, n in zip(decoded.tolist(), LENGTHS, strict=True)] == theirs.decode(
        emissions, mask
    )


# --- losses -------------------------------------------------------------------------------------


@cases
def test_crf_loss_is_the_negative_log_likelihood_among_legal_sequences(case: Case) -> None:
    torch.manual_seed(2)
    head = build(case)
    emissions, lengths = random_batch(case)
    gold = torch.zeros(emissions.shape[:2], dtype=torch.long)
    expected = []
    for b, n in enumerate(LENGTHS):
        paths = legal_paths(case, n)
        index = int(torch.randint(len(paths), ()))
        gold[b, :n] = paths[index]
        expected.append(-all_scores(paths, emissions[b, :n], free(head)).log_softmax(0)[index])
    torch.testing.assert_close(head.loss(emissions, gold, lengths), torch.stack(expected))


@cases
def test_softmax_loss_is_the_cross_entropy_of_the_tokens(case: Case) -> None:
    torch.manual_seed(3)
    head = build(case, "softmax")
    emissions, lengths = random_batch(case)
    gold = torch.randint(len(case.tags), emissions.shape[:2])
    expected = [
        torch.nn.functional.cross_entropy(emissions[b, :n], gold[b, :n], reduction="sum")
        for b, n in enumerate(LENGTHS)
    ]
    torch.testing.assert_close(head.loss(emissions, gold, lengths), torch.stack(expected))


@heads
def test_padding_has_no_gradient(kind: str) -> None:
    torch.manual_seed(4)
    case = CASES[1]
    emissions, lengths = random_batch(case)
    emissions.requires_grad_()
    build(case, kind).loss(emissions, torch.zeros(4, 4, dtype=torch.long), lengths).sum().backward()
    assert not emissions.grad[~token_mask(lengths, 4)].any()
    assert emissions.grad[token_mask(lengths, 4)].any(1).all()


@heads
def test_half_precision_emissions_are_scored_in_full(kind: str) -> None:
    torch.manual_seed(5)
    case = CASES[1]
    head = build(case, kind)
    emissions, lengths = random_batch(case)
    tags = head.decode(emissions.half(), lengths)
    assert tags.equal(head.decode(emissions.half().float(), lengths))
    loss = head.loss(emissions.half(), tags, lengths)
    assert loss.dtype == torch.float32
    assert loss.equal(head.loss(emissions.half().float(), tags, lengths))


# --- decoding -----------------------------------------------------------------------------------


@cases
@heads
def test_decode_finds_the_best_legal_sequence(case: Case, kind: str) -> None:
    torch.manual_seed(6)
    head = build(case, kind)
    zeros = Potentials(*(torch.zeros_like(p) for p in random_free(case)))
    learnt = free(head) if isinstance(head, CRFHead) else zeros
    for _ in range(5):
        emissions, lengths = random_batch(case)
        decoded = head.decode(emissions, lengths)
        for b, n in enumerate(LENGTHS):
            paths = legal_paths(case, n)
            best = paths[all_scores(paths, emissions[b, :n], learnt).argmax()]
            assert decoded[b, :n].equal(best)
            assert not decoded[b, n:].any()


def random_free(case: Case) -> Potentials:
    size = len(case.tags)
    return Potentials(torch.empty(size), torch.empty(size, size), torch.empty(size))


@given(
    kind=st.sampled_from(sorted(HEADS)),
    scheme=st.sampled_from(["iobes", "iob2", "io"]),
    labels=st.integers(0, 3),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    magnitude=st.sampled_from([0.0, 1.0, 100.0, 1e4]),
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
    decoded = head.decode(emissions, torch.tensor(lengths))
    for row, wished, n in zip(decoded.tolist(), wish.tolist(), lengths, strict=True):
        parsed = [parse_tag(case.tags[k]) for k in row[:n]]
        assert illegal_positions(parsed, scheme) == []
        if magnitude >= 100.0 and not illegal_positions(
            [parse_tag(case.tags[k]) for k in wished[:n]], scheme
        ):
            assert row[:n] == wished[:n]


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


@pytest.mark.parametrize("case", CASES[1:], ids=IDS[1:])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_crf_span_score_is_the_sum_over_all_sequences_with_precisely_that_span(
    case: Case, length: int
) -> None:
    torch.manual_seed(length)
    head = build(case)
    emissions = 2 * torch.randn(length + 2, len(case.tags))
    paths = legal_paths(case, length)
    p = all_scores(paths, emissions[:length].double(), free(head).exact()).softmax(0)
    holders = spans_of_paths(case.name, length)
    places = [(b, span.start, span.end) for b, span in enumerate(holders)]
    scores = head.span_scores(*span_batch(case, emissions, length, list(holders)), places)
    expected = [p[rows].sum().item() for rows in holders.values()]
    assert scores == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("case", CASES[1:], ids=IDS[1:])
def test_a_token_is_in_one_of_the_spans_over_it_or_outside(case: Case) -> None:
    torch.manual_seed(7)
    length = 4
    head = build(case)
    emissions = 2 * torch.randn(length + 2, len(case.tags))
    spans = list(spans_of_paths(case.name, length))
    places = [(b, span.start, span.end) for b, span in enumerate(spans)]
    scores = head.span_scores(*span_batch(case, emissions, length, spans), places)
    x = emissions[None, :length].double().requires_grad_()
    log_partition(x, torch.tensor([length]), head.potentials().exact()).sum().backward()
    for t in range(length):
        over = sum(p for p, s in zip(scores, spans, strict=True) if s.start <= t < s.end)
        assert over + x.grad[0, t, 0].item() == pytest.approx(1.0, abs=1e-9)


def test_crf_span_score_of_a_sure_model_is_1_and_of_an_impossible_span_0() -> None:
    case = CASES[1]  # O B I E S
    head = build(case)
    emissions = torch.zeros(2, 3, 5)
    for t, tag in enumerate([1, 2, 3]):
        emissions[0, t, tag] = 1e4
    emissions[1, :, 0] = 1e4
    tags = torch.tensor([[1, 2, 3], [1, 2, 3]])
    scores = head.span_scores(emissions, torch.tensor([3, 3]), tags, [(0, 0, 3), (1, 0, 3)])
    assert scores == pytest.approx([1.0, 0.0])
    assert all(0.0 <= score <= 1.0 for score in scores)


def test_softmax_span_score_is_the_product_of_the_tags_in_it() -> None:
    torch.manual_seed(8)
    case = CASES[1]
    head = build(case, "softmax")
    emissions = torch.randn(2, 4, 5)
    tags = torch.tensor([[0, 1, 2, 3], [4, 1, 3, 0]])
    places = [(1, 1, 3), (0, 1, 4), (1, 0, 1)]
    scores = head.span_scores(emissions, torch.tensor([4, 3]), tags, places)
    p = emissions.double().softmax(2)
    expected = [
        torch.stack([p[b, t, tags[b, t]] for t in range(start, end)]).prod().item()
        for b, start, end in places
    ]
    assert scores == pytest.approx(expected)


@heads
def test_no_spans_no_scores(kind: str) -> None:
    case = CASES[1]
    tags = torch.zeros(1, 2, dtype=torch.long)
    assert build(case, kind).span_scores(torch.zeros(1, 2, 5), torch.tensor([2]), tags, []) == []


def test_forbidden_costs_more_than_any_sentence_can_make_up_for() -> None:
    tokens, largest = 1e6, 1e6
    assert tokens * largest < -FORBIDDEN / 1e6
    assert torch.tensor(tokens * FORBIDDEN).isfinite()
