"""Layers of the tests on each level that runs here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from ner.runtime.kernels import GATES, RecurrentLayer, available

LEVELS = available()
COMPILED = [name for name in LEVELS if name != "numpy"]


@contextmanager
def level(name: str) -> Iterator[None]:
    """A block in which new layers are for a level."""
    with mock.patch.dict(os.environ, NER_KERNELS=name):
        yield


class Weights(NamedTuple):
    """Weights of a recurrent layer in torch's order, and what they are for."""

    cell: str
    parts: tuple[NDArray[np.float32], ...]

    @property
    def inputs(self) -> int:
        """Input features."""
        return int(self.parts[0].shape[2])

    def layer(self, name: str, *, int8: bool) -> RecurrentLayer:
        """The layer on a level."""
        with level(name):
            return RecurrentLayer(self.cell, *self.parts, int8=int8)


def random_weights(
    cell: str, directions: int, inputs: int, hidden: int, spread: float = 1.0, seed: int = 1
) -> Weights:
    """Weights as torch draws them, times `spread`: a large one drives gates to their limits."""
    rng = np.random.default_rng(seed)
    rows = GATES[cell] * hidden
    shapes = (rows, inputs), (rows, hidden), (rows,), (rows,)
    bound = spread * hidden**-0.5
    return Weights(
        cell,
        tuple(
            rng.uniform(-bound, bound, (directions, *shape)).astype(np.float32) for shape in shapes
        ),
    )


def states(
    layer: RecurrentLayer, features: NDArray[np.float32], lengths: NDArray[np.int32]
) -> NDArray[np.float32]:
    """States of features ``[B, T, in]``."""
    batch, size, inputs = features.shape
    table = np.empty((batch * size, layer.width), layer.row_dtype)
    layer.project(features.reshape(-1, inputs), table)
    rows = np.arange(batch * size, dtype=np.int32).reshape(batch, size)
    return layer.run(table, rows, lengths)


def same_bits(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """True if two arrays are the same, signs of zeros included."""
    return (
        one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    )
