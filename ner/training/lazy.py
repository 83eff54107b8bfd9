"""Lazy updates of embeddings: rows that no batch reads are caught up later, in closed form.

A step of Adam and the moving average of the weights change every row of a table, and a batch reads
few. A row that is not read has no gradient: its moments decay by constant factors, it drifts on
with what is left of the first one, and its average follows. With m, v, p and a (moments, row and
average) after step t, all of it after step n follows at once::

    m' = β₁ⁿ⁻ᵗ m,  v' = β₂ⁿ⁻ᵗ v,  q = m / (√v + ε C / A)
    p' = p − A q,  a' = a + (1 − D) (p − a) − E q

A, C, D and E are sums over the steps between, the same for all rows that wait since t. The update
is that of `torch.optim.AdamW` without decay of weights, up to rounding, but for one thing: where
√v is not far above ε, the mean of a fraction is taken for the fraction of means, to second order.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner.features import Batch
from ner.model import Embedder
from ner.training.optimizer import Average

HORIZON = 1024  # at steps divisible by it all rows are caught up
FEW = 32  # tables with fewer rows are changed as a whole


class Drift:
    """A, C, D and E of rows that wait, by the step that they wait since."""

    def __init__(self, betas: tuple[float, float]) -> None:
        self._betas = betas
        first, second = betas
        steps = np.arange(HORIZON, 0, -1)
        self._once = (first / math.sqrt(second)) ** steps  # (β₁ / √β₂)ⁿ⁻ᵗ, the farthest first
        self._twice = (first / second) ** steps  # (β₁ / β₂)ⁿ⁻ᵗ
        self.begin(0)

    def begin(self, now: int) -> None:
        """Forget the steps before `now`, since which no row has waited."""
        self.now = now
        self._first = now
        self._sums = np.zeros((4, HORIZON + 1))
        self._sums[2] = 1.0

    def add(self, rate: float, decay: float) -> None:
        """Make a step at a learning rate; `decay` is that of the average."""
        waiting = self.now - self._first + 1
        self.now += 1
        first, second = (1.0 - beta**self.now for beta in self._betas)  # corrections of bias
        a, c, d, e = self._sums[:, :waiting]
        a += rate * math.sqrt(second) / first * self._once[-waiting:]
        c += rate * second / first * self._twice[-waiting:]
        d *= decay
        e *= decay
        e += (1.0 - decay) * a

    def of(self, since: Tensor) -> Iterator[Tensor]:
        """Powers of β₁ and β₂, A, C / A, 1 - D and E, ``[R, 1]``; rows wait since t ``[R]``."""
        steps = since.numpy().astype(np.int64)
        a, c, d, e = self._sums[:, steps - self._first]
        powers = (beta ** (self.now - steps) for beta in self._betas)
        ca = np.divide(c, a, out=np.ones_like(a), where=a > 0.0)
        parts: NDArray[np.float64] = np.stack([*powers, a, ca, 1.0 - d, e])
        return iter(torch.from_numpy(parts)[:, :, None])


class Rows(NamedTuple):
    """Rows of a table, each once, and all that belongs to them, ``[R, dim]``."""

    numbers: Tensor  # [R]
    p: Tensor
    m: Tensor
    v: Tensor
    average: Tensor | None


class LazyTable:
    """A table of embeddings in the hands of `optimizer`, and its average if there is one."""

    def __init__(
        self, embedding: nn.Embedding, averaged: Tensor | None, optimizer: torch.optim.AdamW
    ) -> None:
        self.weight = embedding.weight
        self._averaged = averaged
        self._optimizer = optimizer
        self._betas: tuple[float, float] = optimizer.defaults["betas"]
        self._eps: float = optimizer.defaults["eps"]
        self._read: Rows | None = None
        embedding.sparse = True
        # What AdamW itself keeps, and the step `last` up to which each row is; checkpoints hold it.
        optimizer.state[self.weight] = {
            "step": torch.zeros(()),
            "exp_avg": torch.zeros_like(self.weight),
            "exp_avg_sq": torch.zeros_like(self.weight),
            "last": torch.zeros(len(self.weight)),
        }

    @property
    def state(self) -> dict[str, Tensor]:
        """All that is kept of the weights beside themselves; restoring an optimizer replaces it."""
        state: dict[str, Tensor] = self._optimizer.state[self.weight]
        return state

    @property
    def rows(self) -> Tensor | None:
        """The rows that have been read for the next step, in order."""
        return self._read and self._read.numbers

    def read(self, numbers: Tensor, drift: Drift) -> None:
        """Catch up the rows that the next step reads."""
        self._read = self._caught_up(numbers, drift)
        self.weight.index_copy_(0, self._read.numbers, self._read.p)

    def catch_up(self, drift: Drift) -> None:
        """Catch up all rows."""
        self._put(self._caught_up(torch.arange(len(self.weight)), drift), drift.now)

    def _caught_up(self, numbers: Tensor, drift: Drift) -> Rows:
        """Rows as all steps so far would have left them."""
        state = self.state
        factors = (x.to(self.weight.dtype) for x in drift.of(state["last"][numbers]))
        first, second, a, ca, rest, e = factors
        m, v, p = (
            x.index_select(0, numbers) for x in (state["exp_avg"], state["exp_avg_sq"], self.weight)
        )
        q = m / v.sqrt().add_(ca * self._eps)
        average = None
        if self._averaged is not None:
            average = self._averaged.index_select(0, numbers)
            average += rest * (p - average) - e * q
        return Rows(numbers, p.sub_(q.mul_(a)), m.mul_(first), v.mul_(second), average)

    def step(self, rate: float, decay: float, now: int) -> None:
        """Make step `now` with the rows that were read; their gradient is used up."""
        gradient, rows, self._read = self.weight.grad, self._read, None
        self.state["step"].fill_(now)
        assert rows is not None, "rows that have been read"
        self.weight.grad = None
        g = torch.zeros_like(rows.p)
        if gradient is not None:
            places = torch.searchsorted(rows.numbers, gradient.indices()[0])
            g.index_copy_(0, places, gradient.values())
        first, second = self._betas
        rows.m.lerp_(g, 1.0 - first)
        rows.v.mul_(second).addcmul_(g, g, value=1.0 - second)
        denominator = rows.v.sqrt().div_(math.sqrt(1.0 - second**now)).add_(self._eps)
        rows.p.addcdiv_(rows.m, denominator, value=-rate / (1.0 - first**now))
        if rows.average is not None:
            rows.average.lerp_(rows.p, 1.0 - decay)
        self._put(rows, now)

    def _put(self, rows: Rows, now: int) -> None:
        state, numbers = self.state, rows.numbers
        self.weight.index_copy_(0, numbers, rows.p)
        state["exp_avg"].index_copy_(0, numbers, rows.m)
        state["exp_avg_sq"].index_copy_(0, numbers, rows.v)
        state["last"].index_fill_(0, numbers, float(now))
        if self._averaged is not None and rows.average is not None:
            self._averaged.index_copy_(0, numbers, rows.average)


class LazyTables:
    """The large tables of a network that AdamW trains on a CPU; without such, nothing."""

    def __init__(
        self, embedder: Embedder, optimizer: torch.optim.Optimizer, average: Average | None
    ) -> None:
        self._embedder = embedder
        self._tables: dict[nn.Embedding, LazyTable] = {}
        if not isinstance(optimizer, torch.optim.AdamW) or optimizer.defaults["weight_decay"]:
            return
        self._drift = Drift(optimizer.defaults["betas"])
        parts = (*embedder.words.modules(), *embedder.kinds.modules())
        for table in (part for part in parts if isinstance(part, nn.Embedding)):
            weight = table.weight
            if len(weight) >= FEW and weight.requires_grad and weight.device.type == "cpu":
                averaged = average.release(weight) if average else None
                self._tables[table] = LazyTable(table, averaged, optimizer)

    @torch.no_grad()
    def read(self, batch: Batch) -> None:
        """Catch up the rows that the next step reads."""
        for embedding, rows in self._embedder.lookups(batch):
            if embedding in self._tables:
                self._tables[embedding].read(torch.unique(rows), self._drift)

    def rows(self) -> dict[Tensor, Tensor]:
        """The rows that have been read for the next step, of the weights of each table."""
        tables = self._tables.values()
        return {table.weight: table.rows for table in tables if table.rows is not None}

    @torch.no_grad()
    def step(self, rate: float, decay: float) -> None:
        """Make a step with the rows that were read; `decay` is that of the average."""
        if not self._tables:
            return
        for table in self._tables.values():
            table.step(rate, decay, self._drift.now + 1)
        self._drift.add(rate, decay)
        if self._drift.now % HORIZON == 0:
            self.catch_up()

    @torch.no_grad()
    def catch_up(self) -> None:
        """Catch up all rows: weights and average are what they are called."""
        for table in self._tables.values():
            table.catch_up(self._drift)
        if self._tables:
            self._drift.begin(self._drift.now)

    def resume(self, now: int, rate: Callable[[int], float], decay: Callable[[int], float]) -> None:
        """Go on after `now` steps, once the optimizer is restored.

        `rate` and `decay` are those of a step, from 0. Raises `KeyError` or `ValueError` where rows
        have waited for longer than they may.
        """
        waiting = [table.state["last"] for table in self._tables.values()]
        if not waiting:
            return
        for last in waiting:
            if not ((last >= now // HORIZON * HORIZON) & (last <= now)).all():
                raise ValueError("rows that are behind or ahead of the others")
        self._drift.begin(min(int(last.min()) for last in waiting))
        while self._drift.now < now:
            step = self._drift.now
            self._drift.add(rate(step), decay(step))
