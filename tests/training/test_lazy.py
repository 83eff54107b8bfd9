"""Lazy updates of embeddings: the same as AdamW and the average that change all rows each step."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ner.training.lazy import HORIZON, Drift, LazyTable

ROWS, DIM, STEPS = 12, 3, 300


class Learnt(NamedTuple):
    """What a table, its average and its moments have become."""

    weight: Tensor
    average: Tensor
    m: Tensor
    v: Tensor


def rate(step: int) -> float:
    """Up for 30 steps, then down to nothing."""
    return 0.01 * min((step + 1) / 30, 1 - step / STEPS)


def decay(step: int) -> float:
    return min(0.99, (1 + step) / (10 + step))


def table(dtype: torch.dtype) -> nn.Embedding:
    torch.manual_seed(1)
    return nn.Embedding(ROWS, DIM, dtype=dtype)


def gradients(size: float) -> list[tuple[Tensor, Tensor]]:
    """For each step the rows that are read, some of them often and one never, and gradients."""
    rng = np.random.default_rng(2)
    steps = []
    for _ in range(STEPS):
        chosen = rng.random(ROWS) < 0.5 ** np.arange(ROWS)
        chosen[-1] = False
        rows = torch.from_numpy(chosen.nonzero()[0])
        steps.append((rows, torch.from_numpy(size * rng.standard_normal((len(rows), DIM)))))
    return steps


def learn_densely(size: float, dtype: torch.dtype) -> Learnt:
    """As torch does: every row in every step."""
    embedding = table(dtype)
    weight, average = embedding.weight, embedding.weight.detach().clone()
    optimizer = torch.optim.AdamW([weight], weight_decay=0.0)
    for step, (rows, gradient) in enumerate(gradients(size)):
        optimizer.param_groups[0]["lr"] = rate(step)
        weight.grad = torch.zeros_like(weight).index_copy(0, rows, gradient.to(dtype))
        optimizer.step()
        average.lerp_(weight.detach(), 1 - decay(step))
    state = optimizer.state[weight]
    return Learnt(weight.detach(), average, state["exp_avg"], state["exp_avg_sq"])


def learn_lazily(size: float, dtype: torch.dtype, every: int = STEPS) -> Learnt:
    """Only the rows that are read; all are caught up after `every` so many steps."""
    embedding = table(dtype)
    average = embedding.weight.detach().clone()
    optimizer = torch.optim.AdamW([embedding.weight], weight_decay=0.0)
    lazy, drift = LazyTable(embedding, average, optimizer), Drift((0.9, 0.999))
    with torch.no_grad():
        for step, (rows, gradient) in enumerate(gradients(size)):
            lazy.read(rows, drift)
            shape = embedding.weight.shape
            sparse = torch.sparse_coo_tensor(
                rows[None], gradient.to(dtype), shape, check_invariants=True
            )
            embedding.weight.grad = sparse.coalesce()
            lazy.step(rate(step), decay(step), step + 1)
            assert embedding.weight.grad is None
            drift.add(rate(step), decay(step))
            if (step + 1) % every == 0:
                lazy.catch_up(drift)
                drift.begin(step + 1)
    state = lazy.state
    assert state["step"] == STEPS
    assert (state["last"] == STEPS).all()
    return Learnt(embedding.weight.detach(), average, state["exp_avg"], state["exp_avg_sq"])


@pytest.mark.parametrize("every", [1, 60, STEPS])
def test_nothing_but_rounding_differs_from_adamw(every: int) -> None:
    """In double precision, and with gradients that are far above ε."""
    lazy, dense = learn_lazily(1.0, torch.float64, every), learn_densely(1.0, torch.float64)
    for found, expected in zip(lazy, dense, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("size", [1.0, 1e-2, 1e-4])
def test_in_single_precision_only_its_rounding_differs(size: float) -> None:
    lazy, dense = learn_lazily(size, torch.float32), learn_densely(size, torch.float32)
    torch.testing.assert_close(lazy.weight, dense.weight, rtol=0.0, atol=1e-5)
    torch.testing.assert_close(lazy.average, dense.average, rtol=0.0, atol=1e-5)
    torch.testing.assert_close(lazy.m, dense.m, rtol=1e-4, atol=1e-7 * size)
    torch.testing.assert_close(lazy.v, dense.v, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("size", [10.0**-power for power in range(5, 13)])
def test_gradients_near_epsilon_move_rows_as_far_but_for_a_small_part_of_a_step(
    size: float,
) -> None:
    lazy, dense = learn_lazily(size, torch.float64), learn_densely(size, torch.float64)
    for found, expected in zip(lazy[:2], dense[:2], strict=True):
        assert (found - expected).abs().max() < 0.05 * rate(29)
    for found, expected in zip(lazy[2:], dense[2:], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=0.0)


def test_a_row_that_is_never_read_stays_to_the_last_bit() -> None:
    found, before = learn_lazily(1.0, torch.float32), table(torch.float32).weight
    assert found.weight[-1].equal(before[-1])
    assert found.average[-1].equal(before[-1])
    assert not found.m[-1].any()


def test_rows_wait_for_as_long_as_they_may() -> None:
    drift = Drift((0.9, 0.999))
    for _ in range(HORIZON):
        drift.add(1e-3, 0.999)
    since = torch.tensor([0.0, HORIZON - 1.0, HORIZON])
    first, second, a, _, rest, e = (factor[:, 0].tolist() for factor in drift.of(since))
    assert first == pytest.approx([0.9**HORIZON, 0.9, 1.0])
    assert second == pytest.approx([0.999**HORIZON, 0.999, 1.0])
    assert rest == pytest.approx([1 - 0.999**HORIZON, 0.001, 0.0])
    assert a[0] > a[1] > a[2] == 0.0
    assert e[0] > e[1] > e[2] == 0.0


def test_sums_do_not_depend_on_where_they_begin() -> None:
    """So that a resumed run, which begins later, has the same to the last bit."""
    whole, late = Drift((0.9, 0.999)), Drift((0.9, 0.999))
    late.begin(7)
    for step in range(100):
        whole.add(rate(step), decay(step))
        if step >= 7:
            late.add(rate(step), decay(step))
    since = torch.tensor([7.0, 8.0, 50.0, 99.0])
    assert all(a.equal(b) for a, b in zip(whole.of(since), late.of(since), strict=True))
