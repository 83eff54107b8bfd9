"""Recurrent layers, run step by step over ragged batches: inference on a CPU.

The inputs of a step are already multiplied with their weights: only the recurrent product and the
gates are left. Both directions share one batched product: step s reads the s-th token from either
end. Sentences are sorted, longest first, so that those still running are the first `count`.

Shapes: ``B`` sentences of at most ``T`` tokens, ``N`` tokens in all, ``D`` directions,
``G`` gates, ``H`` units.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner.model.cells import WEIGHTS, GRUCell, LSTMCell, RNNCell, Unrolled


class Steps(NamedTuple):
    """The order in which the tokens of a batch are read."""

    counts: list[int]  # sentences read by each step; never rises
    positions: Tensor  # [D, N] row of ``[B · T]`` that is read, step by step


def plan_steps(lengths: NDArray[np.int64], directions: int) -> Steps:
    """Plan steps: step s reads the s-th token from the left and, in two directions, from the right.

    `lengths` ``[B]`` must not rise.
    """
    size = int(lengths[0])
    inside = np.arange(size)[:, None] < lengths  # [T, B]
    step, sentence = np.nonzero(inside)
    first = sentence * size
    positions = [first + step, first + lengths[sentence] - 1 - step][:directions]
    return Steps(inside.sum(1).tolist(), torch.from_numpy(np.stack(positions)))


class Recurrence(ABC):
    """One layer of a cell, its weights in the order that the steps need.

    Every nonlinearity is a logistic function, in torch several times faster than tanh:
    tanh(x) = 2 σ(2x) − 1. The factors of 2 are in the weights, free and, as powers of two, exact.
    """

    tanh_gate: int  # the one gate that is a tanh, in torch's order
    scale = 1.0  # the layer's states are this times the states here

    def __init__(self, layer: nn.RNNBase | Unrolled, dtype: torch.dtype) -> None:
        self.hidden = layer.hidden_size
        self.directions = 2 if layer.bidirectional else 1
        sides = ("", "_reverse")[: self.directions]
        weights = {
            name: torch.stack([getattr(layer, f"{name}_l0{side}").detach() for side in sides])
            for name in WEIGHTS
        }
        factor = torch.ones(weights["bias_ih"].shape[1])  # [G · H]
        factor[self.tanh_gate * self.hidden : (self.tanh_gate + 1) * self.hidden] = 2.0
        inside = weights["bias_hh"] * factor  # [D, G · H] each
        outside = self._split_bias(inside)
        # [in, D · G · H]
        self.input_weight = (weights["weight_ih"] * factor[:, None]).flatten(0, 1).t()
        self.input_bias = (weights["bias_ih"] * factor + outside).flatten()  # [D · G · H]
        recurrent = weights["weight_hh"] * factor[:, None] * self.scale
        self.weight = recurrent.transpose(1, 2).contiguous().to(dtype)  # [D, H, G · H]
        self.width = len(self.input_bias)

    def _split_bias(self, bias: Tensor) -> Tensor:
        """Return the part of the recurrent bias ``[D, G · H]`` that may be added to the inputs."""
        return bias

    @abstractmethod
    def _step(self, inputs: Tensor, before: Tensor | None, memory: Tensor, states: Tensor) -> None:
        """Make one step of n sentences: write their `states` ``[D, n, H]``, and use `inputs` up.

        `inputs` is ``[D, n, G · H]``, `before` the states of the last step, if there was one, and
        `memory` ``[D, n, H]`` the cell's own.
        """

    def project(self, features: Tensor, out: Tensor | None = None) -> Tensor:
        """Project features ``[U, in]`` to gate inputs ``[U, D · G · H]``, into `out` if given.

        They may be only the first features; `add` adds the others.
        """
        weight = self.input_weight[: features.shape[1]]
        return torch.addmm(self.input_bias, features, weight, out=out)

    def add(self, features: Tensor, projections: Tensor) -> Tensor:
        """Add the gate inputs of the last features ``[U, …]`` to `projections`, in place."""
        return projections.addmm_(features, self.input_weight[-features.shape[1] :])

    def run(self, projections: Tensor, rows: Tensor, counts: list[int]) -> Tensor:
        """Compute states ``[D, N, H]`` of N tokens in the order of `Steps`.

        `rows` ``[D, N]`` are their rows of `projections` ``[R, D · G · H]``.
        """
        table = projections.view(len(projections) * self.directions, -1)  # [R · D, G · H]
        rows = rows * self.directions + torch.arange(self.directions)[:, None]
        states = table.new_empty(self.directions, rows.shape[1], self.hidden)  # [D, N, H]
        memory = table.new_zeros(self.directions, counts[0], self.hidden)  # [D, B, H]
        before = None
        steps = zip(
            counts, _inputs(table, rows, counts), torch.split(states, counts, dim=1), strict=True
        )
        for count, inputs, now in steps:
            if before is not None and count < before.shape[1]:
                memory, before = memory[:, :count], before[:, :count]
            self._step(inputs, before, memory, now)
            before = now
        return states

    def _product(self, before: Tensor) -> Tensor:
        return torch.bmm(before.to(self.weight.dtype), self.weight)

    def _add_product(self, inputs: Tensor, before: Tensor | None) -> Tensor:
        if before is None:
            return inputs
        if self.weight.dtype == inputs.dtype:
            return inputs.baddbmm_(before, self.weight)
        return inputs.add_(self._product(before))


def _inputs(table: Tensor, rows: Tensor, counts: list[int]) -> Iterable[Tensor]:
    """The gate inputs ``[D, count, G · H]`` of each step; `rows` ``[D, N]`` are those of `table`.

    Those of one sentence come at once, which saves a call a token. In a batch they would not stay
    in the processor's cache until they are needed.
    """
    if counts[0] == 1:
        return nn.functional.embedding(rows.t()[:, :, None], table).unbind()
    return (nn.functional.embedding(part, table) for part in torch.split(rows, counts, dim=1))


class LSTMRecurrence(Recurrence):
    """i, f, o = σ(…), g = tanh(…), c' = f c + i g, h = o tanh(c') (Gers et al. 2000).

    The states are 2c and h / 2, so that each tanh costs one subtraction.
    """

    tanh_gate = 2
    scale = 2.0

    def _step(self, inputs: Tensor, before: Tensor | None, memory: Tensor, states: Tensor) -> None:
        i, f, g, o = self._add_product(inputs, before).sigmoid_().chunk(4, dim=2)
        memory.mul_(f).addcmul_(i, g.sub_(0.5), value=4.0)
        torch.mul(o, memory.sigmoid().sub_(0.5), out=states)


class GRURecurrence(Recurrence):
    """r, z = σ(…), n = tanh(x + r (U h + b)), h' = (1 − z) n + z h (Cho et al. 2014)."""

    tanh_gate = 2

    def _split_bias(self, bias: Tensor) -> Tensor:
        """Keep back the bias that r is multiplied with."""
        rz, inner = torch.split(bias, [2 * self.hidden, self.hidden], dim=1)
        self._inner = inner[:, None]  # [D, 1, H]
        return torch.cat([rz, torch.zeros_like(inner)], dim=1)

    def _step(self, inputs: Tensor, before: Tensor | None, memory: Tensor, states: Tensor) -> None:
        before = memory if before is None else before
        sizes = [2 * self.hidden, self.hidden]
        product_rz, product = torch.split(self._product(before), sizes, dim=2)
        rz, n = torch.split(inputs, sizes, dim=2)
        r, z = rz.add_(product_rz).sigmoid_().chunk(2, dim=2)
        n.add_(r * (product + self._inner)).sigmoid_().mul_(2.0).sub_(1.0)
        torch.lerp(n, before, z, out=states)


class RNNRecurrence(Recurrence):
    """h' = tanh(x + U h) (Elman 1990); the state is h / 2."""

    tanh_gate = 0
    scale = 2.0

    def _step(self, inputs: Tensor, before: Tensor | None, memory: Tensor, states: Tensor) -> None:
        torch.sub(self._add_product(inputs, before).sigmoid_(), 0.5, out=states)


_RECURRENCES: dict[type, type[Recurrence]] = {
    nn.LSTM: LSTMRecurrence,
    nn.GRU: GRURecurrence,
    nn.RNN: RNNRecurrence,
    LSTMCell: LSTMRecurrence,
    GRUCell: GRURecurrence,
    RNNCell: RNNRecurrence,
}


def recurrence_of(layer: nn.Module, dtype: torch.dtype = torch.float32) -> Recurrence:
    """Prepare a layer of one level, torch's or ours; `dtype` is that of the recurrent product."""
    assert isinstance(layer, nn.RNNBase | Unrolled)
    kind = layer.cell if isinstance(layer, Unrolled) else type(layer)
    return _RECURRENCES[kind](layer, dtype)
