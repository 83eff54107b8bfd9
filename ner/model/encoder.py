"""Encode: recurrent layers that read a sentence from one or both ends."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.config import ModelConfig

CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


class VariationalDropout(nn.Module):
    """Drop the same features at every token of a sentence (Gal and Ghahramani 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """``[B, T, D]`` → the same, with one mask ``[B, 1, D]`` over all T."""
        if not self.training or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate
        mask = torch.empty(x.shape[0], 1, x.shape[2], device=x.device, dtype=x.dtype)
        return x * mask.bernoulli_(keep).div_(keep)


class Encoder(nn.Module):
    """Stacked RNN, LSTM or GRU layers with variational dropout before, between and after."""

    def __init__(self, in_dim: int, config: ModelConfig) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        self.out_dim = config.hidden * directions
        self.layers = nn.ModuleList(
            CELLS[config.cell](
                in_dim if layer == 0 else self.out_dim,
                config.hidden,
                batch_first=True,
                bidirectional=config.bidirectional,
            )
            for layer in range(config.layers)
        )
        self.dropout = VariationalDropout(config.dropout)
        for layer in self.layers:
            assert isinstance(layer, nn.RNNBase)
            initialise(layer)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Features ``[B, T, D]`` and lengths ``[B]`` → states ``[B, T, H · directions]``.

        Sentences of one length go through the padded call, which is exact for
        them and fast; others are packed. Both give the same states.
        """
        ragged = int(lengths.min()) < x.shape[1]
        for layer in self.layers:
            x = self.dropout(x)
            x = _run_packed(layer, x, lengths) if ragged else layer(x)[0]
        dropped: Tensor = self.dropout(x)
        return dropped


def _run_packed(layer: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])
    return states


def initialise(layer: nn.RNNBase) -> None:
    """Orthogonal recurrent matrices (Saxe et al. 2014), Glorot input ones, forget bias 1.

    The forget gate starts open (Jozefowicz et al. 2015), so that gradients
    reach far back from the first step on.
    """
    for name, weight in layer.named_parameters():
        with torch.no_grad():
            if name.startswith("weight_hh"):
                for gate in torch.split(weight, layer.hidden_size):
                    nn.init.orthogonal_(gate)
            elif name.startswith("weight_ih"):
                for gate in torch.split(weight, layer.hidden_size):
                    nn.init.xavier_uniform_(gate)
            else:
                nn.init.zeros_(weight)
                if isinstance(layer, nn.LSTM) and name.startswith("bias_ih"):
                    weight[layer.hidden_size : 2 * layer.hidden_size] = 1.0
