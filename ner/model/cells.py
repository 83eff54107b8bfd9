"""Recurrent cells written out from their equations, and the loops that run them.

This is the reference: the same weights, names and results as ``nn.RNN``, ``nn.LSTM`` and
``nn.GRU``, one operation of the textbook after the other, with autograd for the gradients. The
fast implementations (torch's own layers, those of `ner.runtime`) are tested against it, and
``model.backend=reference`` puts it into a tagger.

Shapes: ``B`` sentences, ``T`` steps, ``D`` inputs, ``H`` units, ``G`` gates. ``σ`` is the logistic
function, ``∘`` the product of two vectors element by element. W multiplies inputs (``weight_ih``,
``[G · H, D]``), U states (``weight_hh``, ``[G · H, H]``), b and d are their biases (``bias_ih``,
``bias_hh``, ``[G · H]``); the rows of all gates stand one below the other, so that one product
serves them all.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

State = tuple[Tensor, ...]
"""State of a cell between two steps: the output h, and for an LSTM also its memory c."""

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


@dataclass(frozen=True)
class Cell(ABC):
    """One step of a recurrent network with given weights."""

    weight_ih: Tensor  # [G · H, D]
    weight_hh: Tensor  # [G · H, H]
    bias_ih: Tensor  # [G · H]
    bias_hh: Tensor  # [G · H]

    gates: ClassVar[int] = 1
    """G. A cell has ``G · H · (D + H)`` weights and ``2 · G · H`` biases."""
    parts: ClassVar[int] = 1
    """Tensors in its state."""

    @abstractmethod
    def step(self, x: Tensor, state: State) -> State:
        """Compute the next state ``[B, H]`` each from inputs ``[B, D]`` and a state; h is first."""

    def _from_input(self, x: Tensor) -> Tensor:
        """Compute W x + b, ``[B, G · H]``."""
        return x @ self.weight_ih.t() + self.bias_ih

    def _from_state(self, h: Tensor) -> Tensor:
        """Compute U h + d, ``[B, G · H]``."""
        return h @ self.weight_hh.t() + self.bias_hh


class RNNCell(Cell):
    """The simple recurrent network (Elman 1990)::

    h' = tanh(W x + b + U h + d)
    """

    def step(self, x: Tensor, state: State) -> State:
        """Make one step; the state is ``(h,)``."""
        (h,) = state
        return (torch.tanh(self._from_input(x) + self._from_state(h)),)


class LSTMCell(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000)::

        i = σ(Wᵢ x + bᵢ + Uᵢ h + dᵢ)       input gate: how much is written
        f = σ(W_f x + b_f + U_f h + d_f)   forget gate: how much is kept
        g = tanh(W_g x + b_g + U_g h + d_g)  what may be written
        o = σ(Wₒ x + bₒ + Uₒ h + dₒ)       output gate: how much is shown
        c' = f ∘ c + i ∘ g
        h' = o ∘ tanh(c')

    From c to c' the only factor is f: where it is near 1, gradients pass back unchanged.
    """

    gates = 4
    parts = 2

    def step(self, x: Tensor, state: State) -> State:
        """Make one step; the state is ``(h, c)``."""
        h, c = state
        i, f, g, o = (self._from_input(x) + self._from_state(h)).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class GRUCell(Cell):
    """The gated recurrent unit (Cho et al. 2014), reset after the product as in cuDNN and torch::

    r = σ(Wᵣ x + bᵣ + Uᵣ h + dᵣ)            reset gate: how much of the past n sees
    z = σ(W_z x + b_z + U_z h + d_z)        update gate: how much is kept
    n = tanh(Wₙ x + bₙ + r ∘ (Uₙ h + dₙ))   what would be new
    h' = (1 − z) ∘ n + z ∘ h
    """

    gates = 3

    def step(self, x: Tensor, state: State) -> State:
        """Make one step; the state is ``(h,)``."""
        (h,) = state
        r_x, z_x, n_x = self._from_input(x).chunk(3, dim=1)
        r_h, z_h, n_h = self._from_state(h).chunk(3, dim=1)
        r = torch.sigmoid(r_x + r_h)
        z = torch.sigmoid(z_x + z_h)
        n = torch.tanh(n_x + r * n_h)
        return ((1 - z) * n + z * h,)


CELLS: dict[str, type[Cell]] = {"lstm": LSTMCell, "gru": GRUCell, "rnn": RNNCell}


class Unrolled(nn.Module):
    """Layers of a cell, run step by step over ragged sentences from one or both ends.

    Weights have torch's names (``bias_hh_l1_reverse``, …) and start: state dicts fit both.
    """

    def __init__(
        self,
        cell: type[Cell],
        input_size: int,
        hidden_size: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ) -> None:
        """Draw weights; `dropout` is the rate at which outputs between two layers are dropped."""
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.layers = layers
        self._sides = ("", "_reverse") if bidirectional else ("",)
        self.dropout = dropout
        bound = hidden_size**-0.5
        rows = cell.gates * hidden_size
        for layer in range(layers):
            inputs = input_size if layer == 0 else hidden_size * len(self._sides)
            for side in self._sides:
                shapes = [(rows, inputs), (rows, hidden_size), (rows,), (rows,)]
                for name, shape in zip(WEIGHTS, shapes, strict=True):
                    weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
                    self.register_parameter(f"{name}_l{layer}{side}", weight)

    def forward(
        self, x: Tensor, lengths: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Compute outputs ``[B, T, H · directions]`` and the final state from inputs ``[B, T, D]``.

        Beyond `lengths` ``[B]`` (default T) outputs are 0 and the state stays. Each part of a state
        is ``[layers · directions, B, H]`` in torch's order: the first layer forward, then in
        reverse, the second forward, and so on. The default initial `state` is 0.
        """
        inside = self._inside(x, lengths)
        if state is None:
            zeros = x.new_zeros(self.layers * len(self._sides), len(x), self.hidden_size)
            state = (zeros,) * self.cell.parts
        finals: list[State] = []
        for layer in range(self.layers):
            if layer > 0:
                x = nn.functional.dropout(x, self.dropout, self.training)
            outputs = []
            for side in self._sides:
                start = tuple(part[len(finals)] for part in state)
                output, final = self._run(f"_l{layer}{side}", x, inside, start)
                outputs.append(output)
                finals.append(final)
            x = torch.cat(outputs, dim=2)
        return x, tuple(torch.stack(parts) for parts in zip(*finals, strict=True))

    def _inside(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Mask of the steps that there are, ``[B, T, 1]``."""
        steps = torch.arange(x.shape[1], device=x.device)
        if lengths is None:
            lengths = torch.full((len(x),), x.shape[1])
        return (steps < lengths.to(x.device)[:, None])[:, :, None]

    def _run(self, name: str, x: Tensor, inside: Tensor, state: State) -> tuple[Tensor, State]:
        """Run one layer in one direction: outputs ``[B, T, H]``, final state of ``[B, H]`` each."""
        # The reverse direction waits in its initial state for the last step of a sentence.
        cell = self.cell(*(getattr(self, weight + name) for weight in WEIGHTS))
        steps = range(x.shape[1])
        outputs: list[Tensor] = [x] * len(steps)
        for t in reversed(steps) if name.endswith("_reverse") else steps:
            after = cell.step(x[:, t], state)
            state = tuple(
                torch.where(inside[:, t], new, old) for new, old in zip(after, state, strict=True)
            )
            outputs[t] = torch.where(inside[:, t], after[0], 0.0)
        return torch.stack(outputs, dim=1), state
