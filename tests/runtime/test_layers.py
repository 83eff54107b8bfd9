"""Layers out of weights by name, one upon the other, against those of torch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.runtime.layers import SIDES, layer_forms, layer_of, run_layers
from ner.stored import Arrays, forms_of
from ner.tensors import to_arrays

MODULES: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
INPUTS, HIDDEN = 5, 6
LENGTHS = np.array([7, 4, 4, 1], np.int32)

each_cell = pytest.mark.parametrize("cell", MODULES)
each_side = pytest.mark.parametrize("directions", [1, 2])


def module_of(cell: str, directions: int, layers: int = 1) -> nn.RNNBase:
    torch.manual_seed(3)
    module: nn.RNNBase = MODULES[cell](
        INPUTS, HIDDEN, num_layers=layers, bidirectional=directions == 2, batch_first=True
    )
    return module


def named(module: nn.RNNBase, layer: int) -> Arrays:
    """The weights of one of its layers, as those of a module ``x`` of one layer."""
    own = f"_l{layer}"
    arrays = to_arrays(module.state_dict())
    return {f"x.{n.replace(own, '_l0')}": array for n, array in arrays.items() if own in n}


@each_cell
@each_side
def test_forms_are_those_of_the_modules_of_torch(cell: str, directions: int) -> None:
    weights = named(module_of(cell, directions), 0)
    assert dict(layer_forms("x", cell, INPUTS, HIDDEN, SIDES[:directions])) == forms_of(weights)


@each_cell
@each_side
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_states_are_those_of_torch(cell: str, directions: int, depth: int) -> None:
    module = module_of(cell, directions, depth)
    features = torch.randn(len(LENGTHS), int(LENGTHS[0]), INPUTS)
    with torch.no_grad():
        packed = pack_padded_sequence(features, torch.tensor(LENGTHS), batch_first=True)
        expected, _ = pad_packed_sequence(module(packed)[0], batch_first=True)
    layers = [
        layer_of(named(module, number), "x", cell, directions, int8=False)
        for number in range(depth)
    ]
    table = np.empty((features.shape[0] * features.shape[1], layers[0].width), np.float32)
    layers[0].project(features.flatten(0, 1).numpy(), table)
    rows = np.arange(len(table), dtype=np.int32).reshape(features.shape[:2])
    found = run_layers(layers, table, rows, LENGTHS)
    assert found.shape == (len(LENGTHS), LENGTHS[0], directions * HIDDEN)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for states, length in zip(found, LENGTHS, strict=True):
        assert not states[length:].any()


def test_rows_of_a_table_may_be_read_often() -> None:
    """A word that occurs twice is projected once."""
    layer = layer_of(named(module_of("lstm", 2), 0), "x", "lstm", 2, int8=False)
    table = np.empty((2, layer.width), np.float32)
    layer.project(np.random.default_rng(1).normal(size=(2, INPUTS)).astype(np.float32), table)
    rows = np.array([[0, 1, 0], [1, 0, 1]], np.int32)
    both = run_layers([layer], table, rows, np.array([3, 2], np.int32))
    alone = run_layers([layer], table[[0, 1, 0]], np.array([[0, 1, 2]], np.int32), LENGTHS[3:] * 3)
    np.testing.assert_array_equal(both[0], alone[0])


def test_a_weight_that_is_missing_is_named() -> None:
    weights = named(module_of("gru", 1), 0)
    weights = {name: array for name, array in weights.items() if name != "x.bias_hh_l0"}
    with pytest.raises(KeyError, match=r"x\.bias_hh_l0"):
        layer_of(weights, "x", "gru", 1, int8=False)


def test_weights_of_another_cell_are_refused() -> None:
    with pytest.raises(ValueError, match="rows, not 4"):
        layer_of(named(module_of("gru", 1), 0), "x", "lstm", 1, int8=False)
