"""The CRF in torch against that in NumPy and brute force; on a GPU, too, if there is one."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from ner.model.crf import on_device
from ner.model.crf.decoder import WEIGHTS
from ner.model.crf.head import CRFHead, SoftmaxHead
from ner.tags import tag_set
from tests.model.brute import (
    CASES,
    IDS,
    LENGTHS,
    Case,
    all_scores,
    legal_paths,
    random_emissions,
)

Head = CRFHead | SoftmaxHead

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CLOSE: Any = {"atol": 1e-4, "rtol": 1e-5}
MASK = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
cases = pytest.mark.parametrize("case", CASES, ids=IDS)
heads = pytest.mark.parametrize("kind", [CRFHead, SoftmaxHead])
devices = pytest.mark.parametrize("device", DEVICES)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(11)


def twins(kind: type[Head], case: Case, device: str = "cpu") -> tuple[Head, Head]:
    """The same head twice: one computes in NumPy, the other in torch."""
    one = kind(case.tags, case.scheme)
    for weight in one.parameters():
        torch.nn.init.normal_(weight)
    other = copy.deepcopy(one).to(device)
    other.in_torch = True
    return one, other


def learnt(
    head: Head, emissions: Tensor, *, cross: bool = False, **parts: Any
) -> tuple[Tensor, list[Tensor]]:
    """The losses, and the gradients of their weighted sum by emissions and weights."""
    device = next(iter(head.parameters()), emissions).device
    x = emissions.to(device).requires_grad_()
    there = {k: v if k == "lengths" else v.to(device) for k, v in parts.items()}
    losses = head.cross_entropy(x, **there) if cross else head.loss(x, **there)
    weights = torch.linspace(0.5, 2.0, len(losses), device=device)
    (losses * weights).sum().backward()  # type: ignore[no-untyped-call]
    gradients = [x.grad, *(weight.grad for weight in head.parameters())]
    return losses.detach().cpu(), [part.cpu() for part in gradients if part is not None]


def check_twins(pair: tuple[Head, Head], emissions: Tensor, **parts: Tensor) -> Tensor:
    """Compare both; gives the losses."""
    cross = "unary" in parts
    (one, slopes), (other, others) = (
        learnt(head, emissions.clone(), cross=cross, **parts) for head in pair
    )
    torch.testing.assert_close(other, one, **CLOSE)
    assert len(slopes) == len(others)
    for a, b in zip(others, slopes, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)
    return other


def legal_tags(case: Case, lengths: Sequence[int] = LENGTHS) -> Tensor:
    tags = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    for row, n in zip(tags, lengths, strict=True):
        paths = legal_paths(case, n)
        row[:n] = paths[torch.randint(len(paths), ())]
    return tags


def some_choices(tags: Tensor, kinds: int) -> Tensor:
    """The tags of a batch and some others beside them, ``[B, T, K]``; all at padding."""
    choices = torch.rand(*tags.shape, kinds) < 0.3
    choices.scatter_(2, tags[:, :, None], True)
    choices[~MASK] = True
    return choices


# --- losses and gradients -----------------------------------------------------------------------


@cases
@heads
@devices
@pytest.mark.parametrize("scale", [1.0, 30.0, 3000.0])
def test_losses_and_gradients_are_those_of_numpy(
    case: Case, kind: type[Head], device: str, scale: float
) -> None:
    emissions = random_emissions(case, scale=scale).float()
    tags, lengths = legal_tags(case), torch.tensor(LENGTHS)
    losses = check_twins(twins(kind, case, device), emissions, tags=tags, lengths=lengths)
    assert losses.dtype == torch.float32


@cases
@heads
@devices
def test_partial_labels_and_costs(case: Case, kind: type[Head], device: str) -> None:
    tags, lengths = legal_tags(case), torch.tensor(LENGTHS)
    choices = some_choices(tags, len(case.tags))
    costs = torch.rand(len(case.tags))
    emissions = random_emissions(case).float()
    for parts in ({"choices": choices}, {"costs": costs}, {"choices": choices, "costs": costs}):
        check_twins(twins(kind, case, device), emissions, tags=tags, lengths=lengths, **parts)


@cases
@heads
@devices
def test_cross_entropy(case: Case, kind: type[Head], device: str) -> None:
    lengths = torch.tensor(LENGTHS)
    teacher, _ = twins(kind, case)
    emissions = random_emissions(case)
    counts = teacher.decoder().expected_counts(emissions.numpy(), lengths.numpy())
    unary, pairwise = (torch.from_numpy(part).float() for part in counts)
    pair = twins(kind, case, device)
    check_twins(
        pair, random_emissions(case).float(), unary=unary, pairwise=pairwise, lengths=lengths
    )


@cases
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_other_types_of_emissions(case: Case, dtype: torch.dtype) -> None:
    emissions = random_emissions(case, scale=1.0).to(dtype)
    pair, tags, lengths = twins(CRFHead, case), legal_tags(case), torch.tensor(LENGTHS)
    (one, slopes), (other, others) = (
        learnt(head, emissions.clone(), tags=tags, lengths=lengths) for head in pair
    )
    assert other.dtype == one.dtype
    torch.testing.assert_close(other, one)
    for a, b in zip(others, slopes, strict=True):
        assert a.dtype == b.dtype
        torch.testing.assert_close(a, b, **CLOSE)


@cases
def test_the_loss_is_that_of_brute_force(case: Case) -> None:
    _, head = twins(CRFHead, case)
    emissions, tags = random_emissions(case).float(), legal_tags(case)
    losses, _ = learnt(head, emissions.clone(), tags=tags, lengths=torch.tensor(LENGTHS))
    weights = tuple(getattr(head, name).detach().double() for name in WEIGHTS)
    for b, n in enumerate(LENGTHS):
        own = emissions[b, :n].double()
        total = all_scores(legal_paths(case, n), own, weights).logsumexp(0)
        gold = all_scores(tags[b : b + 1, :n], own, weights)[0]
        assert losses[b].item() == pytest.approx((total - gold).item(), abs=1e-5)


@cases
def test_padding_changes_nothing(case: Case) -> None:
    pair, tags, lengths = twins(CRFHead, case), legal_tags(case), torch.tensor(LENGTHS)
    emissions = random_emissions(case).float()
    other = emissions.masked_fill(~MASK[:, :, None], -77.0)
    one, slopes = learnt(pair[1], emissions.clone(), tags=tags, lengths=lengths)
    same, others = learnt(
        copy.deepcopy(pair[1]), other, tags=tags.masked_fill(~MASK, 0), lengths=lengths
    )
    assert one.equal(same)
    assert slopes[0].equal(others[0])
    assert not slopes[0][~MASK].any()


@pytest.mark.parametrize("impossible", [-1e4, -1e30, -torch.inf])
def test_far_apart_scores(impossible: float) -> None:
    """Scaled probabilities would underflow: the only way is through what is all but impossible."""
    case = CASES[1]  # O B I E S
    emissions = torch.zeros(2, 4, 5)
    emissions[:, :, [0, 1, 3, 4]] = impossible  # I may neither begin nor end
    tags = torch.tensor([[0, 0, 0, 0], [1, 2, 2, 3]])
    losses, slopes = learnt(
        twins(CRFHead, case)[1], emissions, tags=tags, lengths=torch.tensor([4, 4])
    )
    assert losses.isfinite().all()
    assert all(slope.isfinite().all() for slope in slopes)
    if impossible == -1e4:
        parts: dict[str, Any] = {"tags": tags, "lengths": torch.tensor([4, 4])}
        (one, slopes), (other, others) = (
            learnt(head, emissions.detach().clone(), **parts) for head in twins(CRFHead, case)
        )
        torch.testing.assert_close(other, one, atol=1e-2, rtol=1e-6)
        for a, b in zip(others, slopes, strict=True):
            torch.testing.assert_close(a, b, **CLOSE)


def test_illegal_labels_cost_much_with_finite_gradients() -> None:
    case = CASES[1]
    tags = torch.tensor([[2, 2, 1]])  # I I B
    lengths = torch.tensor([3])
    choices = torch.zeros(1, 3, 5, dtype=torch.bool).scatter_(2, tags[:, :, None], True)
    several: list[dict[str, Any]] = [{}, {"choices": choices}]
    for parts in several:
        pair = twins(CRFHead, case)
        emissions = torch.randn(1, 3, 5)
        (one, slopes), (other, others) = (
            learnt(head, emissions.clone(), tags=tags, lengths=lengths, **parts) for head in pair
        )
        assert other.item() > 1e29
        torch.testing.assert_close(other, one)
        assert all(slope.isfinite().all() for slope in others)
        if not parts:
            for a, b in zip(others, slopes, strict=True):
                torch.testing.assert_close(a, b, **CLOSE)


@pytest.mark.parametrize("most", [1, 700])
def test_transitions_are_counted_in_blocks(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    case = CASES[2]
    monkeypatch.setattr(on_device, "MOST_PAIRS", most)
    tags, lengths = legal_tags(case), torch.tensor(LENGTHS)
    check_twins(twins(CRFHead, case), random_emissions(case).float(), tags=tags, lengths=lengths)


def test_a_long_sentence_of_many_tags() -> None:
    tags = tag_set([f"T{number}" for number in range(18)], "iobes")
    case = Case("many", "iobes", tags)
    lengths = torch.tensor([120, 60])
    emissions = 5 * torch.randn(2, 120, len(tags))
    gold = torch.zeros(2, 120, dtype=torch.long)
    check_twins(twins(CRFHead, case), emissions, tags=gold, lengths=lengths)


def test_what_is_kept_on_the_way_is_no_part_of_the_weights() -> None:
    case = CASES[1]
    plain, head = twins(CRFHead, case)
    learnt(
        head, random_emissions(case).float(), tags=legal_tags(case), lengths=torch.tensor(LENGTHS)
    )
    assert head.state_dict().keys() == plain.state_dict().keys()
    changed = copy.deepcopy(head)
    assert isinstance(changed, CRFHead)
    torch.nn.init.zeros_(changed.transitions)
    parts: dict[str, Any] = {"tags": legal_tags(case), "lengths": torch.tensor(LENGTHS)}
    emissions = random_emissions(case).float()
    losses = [learnt(one, emissions.clone(), **parts)[0] for one in (head, changed)]
    assert not losses[0].equal(losses[1])
