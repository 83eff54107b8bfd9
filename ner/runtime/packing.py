"""Weights in the order of the kernels, in float32 or 8 bits.

Shapes: ``D`` directions, ``G`` gates, ``H`` units, ``n`` columns (inputs or states).
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.frozen import frozen
from ner.lazy import cached_property

Floats = NDArray[np.float32]

# A row of more 8-bit weights could exceed the 32 bits of its sums.
MOST_COLUMNS = 1 << 16
WEIGHT_STEPS = 127.0
STATE_STEPS = 63.0
STATE_ORIGIN = 64


class Kind(IntEnum):
    """Sums by fused multiply-add where there is one, by a product and a sum, or in 8 bits."""

    FUSED = 0
    SEPARATE = 1
    INT8 = 2


class Rule(IntEnum):
    """Rounding of rows to 7 bits: by their largest magnitude, or as states in -1 … 1."""

    BY_LARGEST = 0
    STATES = 1


@frozen()
class Matrix:
    """Weights cut into groups of gates and lanes.

    They are ``[groups, n, gates, lanes]``, in 8 bits ``[groups, n / 4, gates, lanes, 4]``. `scale`
    and `origin`, ``[groups, gates, lanes]``, turn 8-bit sums into numbers: 7-bit numbers stand for
    their difference from 64, so that sums start at -64 times the sum of the weights.
    """

    kind: Kind
    groups: int
    gates: int
    lanes: int
    columns: int
    weights: NDArray[Any]
    scale: Floats
    origin: NDArray[np.int32]

    @property
    def width(self) -> int:
        """Products of a row, padding included."""
        return self.groups * self.gates * self.lanes

    @cached_property
    def dense(self) -> NDArray[Any]:
        """Weights ``[groups, n, gates · lanes]`` in which any order of sums gives exact 8 bits."""
        weights = self.weights
        if self.kind == Kind.INT8:
            exact = self.columns * WEIGHT_STEPS * STATE_STEPS < 1 << 24
            dtype = np.float32 if exact else np.float64
            weights = weights.transpose(0, 1, 4, 2, 3).astype(dtype)
        return weights.reshape(self.groups, -1, self.gates * self.lanes)[:, : self.columns]


@frozen()
class Layer:
    """The recurrent weights of a layer, `inner` ``[groups, lanes]`` the bias inside a GRU's reset.

    `cell` is the cell's number in `CELLS`.
    """

    recurrent: Matrix
    cell: int
    directions: int
    hidden: int
    inner: Floats


def grouped(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """Cut units into blocks: ``[D, G, H, …]`` to ``[D · blocks, G, lanes, …]``, 0 where padded."""
    directions, gates, hidden, *rest = values.shape
    blocks = -(-hidden // lanes)
    padding = [(0, 0), (0, 0), (0, blocks * lanes - hidden), *((0, 0) for _ in rest)]
    cut = np.pad(values, padding).reshape(directions, gates, blocks, lanes, *rest)
    return np.ascontiguousarray(cut.swapaxes(1, 2)).reshape(-1, gates, lanes, *rest)


def quantised(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Round weights ``[…, n]`` to 8 bits, and the scale ``[…]`` of each row: its largest / 127.

    Scales have 16 significant bits. 8 bits times a scale are therefore exact in float32, and what
    was rounded once is not changed by being rounded again.
    """
    largest = np.ascontiguousarray(np.abs(weights).max(-1) / np.float32(WEIGHT_STEPS))
    scale = ((largest.view(np.uint32) + 0xFF) & 0xFFFFFF00).view(np.float32)  # up
    whole = weights / np.where(scale > 0, scale, np.float32(1.0))[..., None]
    np.rint(whole, out=whole)
    np.clip(whole, -WEIGHT_STEPS, WEIGHT_STEPS, out=whole)
    return whole.astype(np.int8), scale


def packed(weights: NDArray[Any], lanes: int, kind: Kind, scale: Floats | None = None) -> Matrix:
    """Pack weights ``[D, G, H, n]``: float32, or 8 bits with their `scale` ``[D, G, H]``."""
    cut = grouped(weights, lanes)  # [groups, G, lanes, n]
    groups, gates, _, columns = cut.shape
    if scale is None:
        order, factors, origin = cut.transpose(0, 3, 1, 2), np.empty(0), np.empty(0)
    else:
        padded = np.pad(cut, [(0, 0)] * 3 + [(0, -columns % 4)])
        order = padded.reshape(groups, gates, lanes, -1, 4).transpose(0, 3, 1, 2, 4)
        factors, origin = grouped(scale, lanes), -STATE_ORIGIN * cut.sum(-1, dtype=np.int32)
    return Matrix(
        kind,
        groups,
        gates,
        lanes,
        columns,
        np.ascontiguousarray(order),
        np.ascontiguousarray(factors, np.float32),
        np.ascontiguousarray(origin, np.int32),
    )
