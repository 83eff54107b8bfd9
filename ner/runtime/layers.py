"""Recurrent layers out of a network's weights, and one upon the other."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.runtime.kernels import RecurrentLayer
from ner.stored import Arrays, Form

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
"""Gates of every cell that a network may have; kernels have a table of those that they run."""
SIDES = ("", "_reverse")
SINGLE = np.dtype(np.float32)

Named = Iterator[tuple[str, Form]]


def layer_forms(
    name: str, cell: str, inputs: int, hidden: int, sides: tuple[str, ...] = SIDES[:1]
) -> Named:
    """The forms of the weights of a recurrent layer of that name."""
    rows = GATES[cell] * hidden
    for side in sides:
        yield f"{name}.weight_ih_l0{side}", Form(SINGLE, (rows, inputs))
        yield f"{name}.weight_hh_l0{side}", Form(SINGLE, (rows, hidden))
        yield f"{name}.bias_ih_l0{side}", Form(SINGLE, (rows,))
        yield f"{name}.bias_hh_l0{side}", Form(SINGLE, (rows,))


def layer_of(
    weights: Arrays, name: str, cell: str, directions: int, *, int8: bool
) -> RecurrentLayer:
    """A recurrent layer out of the weights of a module of that name."""
    sides = SIDES[:directions]
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    stacked = [
        np.stack([np.asarray(weights[f"{name}.{part}_l0{side}"], np.float32) for side in sides])
        for part in parts
    ]
    return RecurrentLayer(cell, *stacked, int8=int8)


def run_layers(
    layers: Sequence[RecurrentLayer],
    table: NDArray[Any],
    rows: NDArray[np.int32],
    lengths: NDArray[np.int32],
) -> NDArray[np.float32]:
    """The states ``[B, T, D · H]`` of the last layer; 0 beyond the lengths ``[B]``, which fall.

    The first layer reads `rows` ``[B, T]`` of a `table` of its gate inputs, and each other layer
    the states of that below.
    """
    states = layers[0].run(table, rows, lengths)
    for layer in layers[1:]:
        every = np.arange(rows.size, dtype=np.int32).reshape(rows.shape)
        flat = states.reshape(rows.size, -1)
        inputs = np.empty((rows.size, layer.width), layer.row_dtype)
        layer.project_states(flat, inputs)
        states = layer.run(inputs, every, lengths)
    return states
