"""Encode: recurrent layers that read a sentence from one or both ends."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from ner.config import ModelConfig
from ner.features import sent
from ner.model import cells
from ner.model.cells import WEIGHTS, LSTMCell, Unrolled
from ner.model.device import threads

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

Layer = nn.RNNBase | Unrolled
"""A recurrent layer, torch's or ours."""


class VariationalDropout(nn.Module):
    """Drop the same features at every token of a sentence (Gal and Ghahramani 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Drop features of ``[B, T, D]`` by one mask ``[B, 1, D]`` over all T."""
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        mask = torch.empty(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
        return x * mask.bernoulli_(keep).div_(keep)


class Encoder(nn.Module):
    """Stacked RNN, LSTM or GRU layers with variational dropout before, between and after.

    With `in_bfloat16`, LSTMs multiply in bfloat16 while they learn on a CPU.
    """

    def __init__(self, in_dim: int, config: ModelConfig) -> None:
        super().__init__()
        self.in_bfloat16 = False
        directions = 2 if config.bidirectional else 1
        self.out_dim = config.hidden * directions
        layers = [
            _build_layer(in_dim if layer == 0 else self.out_dim, config)
            for layer in range(config.layers)
        ]
        self.layers = nn.ModuleList(layers)
        self.dropout = VariationalDropout(config.dropout)
        for recurrent in layers:
            initialise(recurrent)

    @property
    def is_lstm(self) -> bool:
        """True for torch's LSTMs, which can learn in bfloat16."""
        return all(isinstance(layer, nn.LSTM) for layer in self.layers)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Encode features ``[B, T, D]`` of lengths ``[B]``: states ``[B, T, H · directions]``.

        Sentences of one length go through torch's padded call, which is exact for them and fast;
        others are packed, or read by each direction of an LSTM on its own, with the same states.
        """
        for layer in self.layers:
            x = self._states(layer, self.dropout(x), lengths)
        dropped: Tensor = self.dropout(x)
        return dropped

    def _states(self, layer: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
        if not (self.in_bfloat16 and self.training):
            return _run(layer, x, lengths)
        with torch.autocast("cpu", torch.bfloat16):
            return _run(layer, x, lengths).to(x.dtype)


def _build_layer(in_dim: int, config: ModelConfig) -> Layer:
    both = config.bidirectional
    if config.backend == "reference":
        return Unrolled(cells.CELLS[config.cell], in_dim, config.hidden, bidirectional=both)
    return CELLS[config.cell](in_dim, config.hidden, batch_first=True, bidirectional=both)


def _run(layer: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    """Run one layer over features ``[B, T, D]``: ``[B, T, H · directions]``, 0 at padding."""
    states: Tensor
    if isinstance(layer, Unrolled):
        states, _ = layer(x, lengths)
    elif int(lengths.min()) == x.shape[1]:
        states, _ = layer(x)
    elif isinstance(layer, nn.LSTM) and x.device.type == "cpu" and _nearly_full(x, lengths):
        states = _run_each_way(layer, x, lengths)
    elif isinstance(layer, nn.RNNBase) and x.is_cuda:
        states = run_packed(layer, x, lengths)
    else:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])
    return states


def _nearly_full(x: Tensor, lengths: Tensor) -> bool:
    """Tell if at most a third of a batch ``[B, T, D]`` is padding."""
    return 3 * int(lengths.sum()) >= 2 * x.shape[0] * x.shape[1]


def _run_each_way(layer: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Run an LSTM over ragged sentences with their padding behind them in either direction.

    On a CPU the padded calls are 1.5 times as fast as a packed one.
    """
    steps = torch.arange(x.shape[1])
    inside = steps < lengths[:, None]  # [B, T]
    backwards = torch.where(inside, lengths[:, None] - 1 - steps, steps)[:, :, None]
    start = x.new_zeros(1, len(x), layer.hidden_size)
    outputs = []
    for side in ("", "_reverse")[: 1 + layer.bidirectional]:
        weights = [getattr(layer, f"{name}_l0{side}") for name in WEIGHTS]
        given = x.take_along_dim(backwards, 1) if side else x
        states = torch.lstm(
            given, (start, start), weights, True, 1, 0.0, layer.training, False, True
        )[0]
        outputs.append(states.take_along_dim(backwards, 1) if side else states)
    return torch.cat(outputs, dim=2).masked_fill(~inside[:, :, None], 0.0)


def run_packed(layer: nn.RNNBase, x: Tensor, lengths: Tensor) -> Tensor:
    """Run one layer over features ``[B, T, D]`` of a GPU, packed: what torch packs, it waits for.

    The tokens stand step by step, those of longer sentences first; the CPU knows where.
    """
    sizes, order = lengths.sort(descending=True)
    steps = torch.arange(int(sizes[0]))[:, None]
    inside = steps < sizes  # [T, B]
    tokens = sent((order * x.shape[1] + steps)[inside], x.device)
    packed = PackedSequence(x.flatten(0, 1).index_select(0, tokens), inside.sum(1))
    states: Tensor = layer(packed)[0].data
    padded = states.new_zeros(x.shape[0] * x.shape[1], states.shape[1])
    return padded.index_copy(0, tokens, states).view(*x.shape[:2], -1)


@threads(1)  # several would make other last digits of orthogonal matrices
def initialise(layer: Layer) -> None:
    """Draw orthogonal recurrent matrices (Saxe et al. 2014), Glorot input ones; forget bias 1.

    With an open forget gate gradients reach far back from the start (Jozefowicz et al. 2015).
    """
    kind = layer.cell if isinstance(layer, Unrolled) else type(layer)
    has_forget_gate = kind in (nn.LSTM, LSTMCell)
    for name, weight in layer.named_parameters():
        with torch.no_grad():
            if name.startswith("weight"):
                recurrent = name.startswith("weight_hh")
                draw = nn.init.orthogonal_ if recurrent else nn.init.xavier_uniform_
                for gate in torch.split(weight, layer.hidden_size):
                    draw(gate)
            else:
                nn.init.zeros_(weight)
                if has_forget_gate and name.startswith("bias_ih"):
                    weight[layer.hidden_size : 2 * layer.hidden_size] = 1.0
