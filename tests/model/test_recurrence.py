"""The bare recurrence against torch's own layers on ragged batches."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.model.cells import Unrolled
from ner.model.recurrence import plan_steps, recurrence_of

CELLS = [nn.LSTM, nn.GRU, nn.RNN]
LENGTHS = st.lists(st.integers(1, 7), min_size=1, max_size=5).map(
    lambda lengths: np.array(sorted(lengths, reverse=True))
)


def packed(layer: nn.RNNBase, x: Tensor, lengths: np.ndarray) -> Tensor:
    """``[B, T, D · H]`` states by torch's packed call; 0 at padding."""
    given = pack_padded_sequence(x, torch.from_numpy(lengths), batch_first=True)
    states: Tensor = pad_packed_sequence(layer(given)[0], batch_first=True)[0]
    return states


def bare(
    layer: nn.RNNBase | Unrolled, x: Tensor, lengths: np.ndarray, dtype: torch.dtype
) -> Tensor:
    """The same by the recurrence that is tested."""
    recurrence = recurrence_of(layer, dtype)
    steps = plan_steps(lengths, recurrence.directions)
    projections = recurrence.project(x.flatten(0, 1))
    states = recurrence.run(projections, steps.positions, steps.counts) * recurrence.scale
    result = torch.zeros(len(projections), recurrence.directions, layer.hidden_size)
    for direction, positions in enumerate(steps.positions):
        result[positions, direction] = states[direction]
    return result.view(*x.shape[:2], -1)


def a_layer(cell: Any, bidirectional: bool, spread: float) -> nn.RNNBase:
    """A layer with random weights; a large `spread` drives its gates to their limits."""
    torch.manual_seed(3)
    layer: nn.RNNBase = cell(6, 5, batch_first=True, bidirectional=bidirectional)
    for weight in layer.parameters():
        nn.init.normal_(weight, std=spread)
    return layer


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("spread", [0.3, 3.0])
@torch.inference_mode()
def test_it_gives_the_states_of_the_packed_layer(
    cell: type[nn.RNNBase], bidirectional: bool, spread: float
) -> None:
    layer = a_layer(cell, bidirectional, spread)
    for lengths in ([1], [4], [3, 3, 3], [6, 4, 4, 1], [5, 1, 1]):
        x = torch.randn(len(lengths), max(lengths), 6)
        expected = packed(layer, x, np.array(lengths))
        found = bare(layer, x, np.array(lengths), torch.float32)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("cell", CELLS)
@torch.inference_mode()
def test_half_precision_products_are_near(cell: type[nn.RNNBase]) -> None:
    layer, lengths = a_layer(cell, True, 0.3), np.array([6, 4, 1])
    x = torch.randn(3, 6, 6)
    found = bare(layer, x, lengths, torch.bfloat16)
    exact = packed(layer, x, lengths)
    torch.testing.assert_close(found, exact, atol=0.03, rtol=0)
    assert not found.equal(exact)


@pytest.mark.slow
@pytest.mark.parametrize("directions", [1, 2])
@given(lengths=LENGTHS)
def test_each_direction_reads_every_token_once_in_its_order(
    lengths: np.ndarray, directions: int
) -> None:
    steps = plan_steps(lengths, directions)
    assert steps.positions.shape == (directions, lengths.sum())
    assert sum(steps.counts) == lengths.sum()
    size, begin = lengths[0], 0
    for step, count in enumerate(steps.counts):
        assert count == (lengths > step).sum()
        read = steps.positions[:, begin : begin + count]
        sentences = np.arange(count)
        ways = [sentences * size + step, sentences * size + lengths[:count] - 1 - step]
        for direction in range(directions):
            assert read[direction].tolist() == ways[direction].tolist()
        begin += count
