"""The kernels in NumPy, for machines without a compiler, and the tests' reference.

In 8 bits each operation is that of `kernels.c`, in its order: the results are the same bits.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ner.runtime.checks import require
from ner.runtime.packing import STATE_STEPS, Floats, Kind, Layer, Matrix, Rule

CELLS = ("lstm", "gru", "rnn")
_MAGIC = np.float32(12582912.0)  # adding it rounds to an integer, half to even, in the lowest bits
_ONE = np.float32(1.0)
_LARGEST_HALF = np.float32(65504.0)
# Of exp(-x), highest power first (Cephes, expf).
_COEFFICIENTS = [
    np.float32(x)
    for x in (
        -1.9875691500e-4,
        1.3981999507e-3,
        -8.3334519073e-3,
        4.1665795894e-2,
        -1.6666665459e-1,
        5.0000001201e-1,
    )
]


def exp_of_minus(x: Floats) -> Floats:
    """exp(-x) of x in -25 … 25, and of the nearer of these beyond, to 1e-7."""
    x = np.minimum(np.fmax(x, np.float32(-25.0)), np.float32(25.0))
    shifted = x * np.float32(-1.44269504) + _MAGIC
    whole = shifted - _MAGIC
    rest = whole * np.float32(0.693359375) + x
    rest = whole * np.float32(-2.12194440e-4) + rest
    power = np.full_like(rest, _COEFFICIENTS[0])
    for coefficient in _COEFFICIENTS[1:]:
        power *= rest
        power += coefficient
    power *= rest * rest
    power += _ONE - rest
    found: Floats = (power.view(np.uint32) + (shifted.view(np.uint32) << 23)).view(np.float32)
    return found


def _rounded(x: Floats) -> Floats:
    """Round 63 times states, or numbers as large, to whole numbers of 7 bits, less their origin."""
    limit = np.float32(STATE_STEPS)
    found: Floats = (np.minimum(np.fmax(x, -limit), limit) + _MAGIC) - _MAGIC
    return found


def _quantised(features: Floats, rule: Rule) -> tuple[Floats, Floats]:
    """Round features ``[U, n]`` to 7 bits, and the worth ``[U, 1]`` of a step."""
    steps = np.float32(STATE_STEPS)
    if rule == Rule.STATES:
        top: Any = np.ones((len(features), 1), np.float32)
    else:
        top = np.fmax.reduce(np.abs(features), axis=1, keepdims=True, initial=np.float32(0.0))
    least = np.float32(1e-30)
    factor = np.where(top > least, steps / np.fmax(top, least), np.float32(0.0))
    return _rounded(features * factor), top / steps


def remainder(features: Floats) -> Floats:
    """Return what rounding features ``[U, n]`` to 7 bits leaves out, the same on every machine."""
    whole, worth = _quantised(features, Rule.BY_LARGEST)
    rest: Floats = features - whole * worth
    return rest


def _sums(rows: Floats, matrix: Matrix, group: int) -> Floats:
    """Products of rows ``[N, n]`` with a group, ``[N, gates · lanes]``; no row sees the others."""
    weights: Any = matrix.dense[group]
    if matrix.kind == Kind.FUSED:
        single: Floats = np.matmul(rows[:, None], weights)[:, 0]  # N products of a row each
        return single
    if matrix.kind == Kind.INT8:  # exact in any order
        whole: Any = np.matmul(rows.astype(weights.dtype), weights)
        scaled: Floats = whole.astype(np.float32) * matrix.scale[group].ravel()
        return scaled
    sums: Floats = np.zeros((len(rows), weights.shape[1]), np.float32)
    for column, weight in zip(rows.T, weights, strict=True):
        sums += column[:, None] * weight
    return sums


def _lstm(product: Floats, x: Floats, inner: Floats, memory: Floats) -> Floats:
    i, f, g, o = np.split(exp_of_minus(product + x), 4, axis=1)
    both, forget = (_ONE + i) * (_ONE + g), _ONE + f
    memory[:] = (memory * both + (_ONE - g) * forget) / (both * forget)
    e: Any = exp_of_minus(memory + memory)
    found: Floats = (_ONE - e) / ((_ONE + o) * (_ONE + e))
    return found


def _gru(product: Floats, x: Floats, inner: Floats, memory: Floats) -> Floats:
    hidden = memory.shape[1]
    r, z = np.split(exp_of_minus((product + x)[:, : 2 * hidden]), 2, axis=1)
    n = exp_of_minus((product[:, 2 * hidden :] + inner) / (_ONE + r) + x[:, 2 * hidden :])
    state = (memory * (_ONE + n) + z * (_ONE - n)) / ((_ONE + z) * (_ONE + n))
    memory[:] = np.minimum(np.maximum(state, -_ONE), _ONE)
    return memory


def _rnn(product: Floats, x: Floats, inner: Floats, memory: Floats) -> Floats:
    e = exp_of_minus(product + x)
    return (_ONE - e) / (_ONE + e)


_STEPS = (_lstm, _gru, _rnn)


class Twin:
    """The level without compiled kernels: all units are one block."""

    name: ClassVar[str] = "numpy"

    def lanes(self, units: int) -> int:
        """Units of a block."""
        return units

    def matrix(self, matrix: Matrix) -> Matrix:
        """Prepare a matrix for `product`."""
        return matrix

    def layer(self, layer: Layer) -> Layer:
        """Prepare a layer for `run`."""
        return layer

    def product(
        self, matrix: Matrix, features: Floats, initial: Floats | None, rule: Rule, out: Any
    ) -> None:
        """Write products of features ``[U, n]``, plus `initial` ``[width]``, to `out` ``[U, …]``.

        Without `initial` add them to `out`, which may lack columns of padding.
        """
        worth: Any = _ONE
        if matrix.kind == Kind.INT8:
            features, worth = _quantised(features, rule)
        size = matrix.gates * matrix.lanes
        for group in range(matrix.groups):
            place = slice(group * size, (group + 1) * size)
            start = out[:, place].astype(np.float32) if initial is None else initial[place]
            sums = _sums(features, matrix, group) * worth + start
            if out.dtype == np.float16:
                sums = np.minimum(np.fmax(sums, -_LARGEST_HALF), _LARGEST_HALF)
            out[:, place] = sums

    def run(
        self,
        layer: Layer,
        table: NDArray[Any],
        rows: NDArray[np.int32],
        lengths: NDArray[np.int32],
        out: Floats,
    ) -> None:
        """Write the states of a batch to `out` ``[B, T, D · H]``."""
        require((rows >= 0).all() and (rows < len(table)).all(), "rows lie beyond the table")
        out[:] = 0.0
        inputs = table.reshape(len(table), layer.directions, -1)
        states = out.reshape(*rows.shape, layer.directions, layer.hidden)
        for direction in range(layer.directions):
            self._run(layer, direction, inputs[:, direction], rows, lengths, states)

    def _run(
        self,
        layer: Layer,
        direction: int,
        inputs: NDArray[Any],
        rows: NDArray[np.int32],
        lengths: NDArray[np.int32],
        states: Floats,
    ) -> None:
        memory = np.zeros((len(rows), layer.hidden), np.float32)
        int8 = layer.recurrent.kind == Kind.INT8
        before = np.zeros_like(memory)
        for step in range(rows.shape[1]):
            count = int((lengths > step).sum())
            here = np.arange(count)
            time = lengths[:count] - 1 - step if direction else step
            x = inputs[rows[here, time]].astype(np.float32)
            product = np.zeros_like(x)
            if step:
                product = _sums(before[:count], layer.recurrent, direction)
            before = _STEPS[layer.cell](product, x, layer.inner[direction], memory[:count])
            states[here, time, direction] = before
            if int8:
                before = _rounded(before * np.float32(STATE_STEPS))

    def words(
        self,
        table: Floats,
        bias: Floats,
        characters: NDArray[np.int32],
        starts: NDArray[np.int32],
        out: Floats,
    ) -> None:
        """Write the strongest answers of filters to words ``[U, F]``; `table` ``[V, kernel, F]``.

        The characters of word u are `starts` u to u + 1.
        """
        kernel = table.shape[1]
        sizes = np.diff(starts)
        out[:] = 0.0
        for last in range(int(sizes.max(initial=0)) + kernel - 1):  # of the window
            words = np.flatnonzero((sizes > 0) & (last < sizes + kernel - 1))
            sums = np.repeat(bias[None], len(words), axis=0)
            for offset in range(kernel):
                place = last - kernel + 1 + offset
                inside = (place >= 0) & (place < sizes[words])
                read = characters[starts[words[inside]] + place]
                sums[inside] += table[read, offset]
            out[words] = np.fmax(sums, out[words])
