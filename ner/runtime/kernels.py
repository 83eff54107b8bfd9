"""Recurrent layers, linear maps and character filters, run by the compiled kernels or by NumPy.

What does not fit raises `ValueError`: sizes, types and indices are checked here before a kernel
sees them, rows of a table by the kernel. All of it is safe for threads.

Shapes: ``B`` sentences of at most ``T`` tokens, ``D`` directions, ``G`` gates, ``H`` units,
``U`` rows of features, ``K`` outputs, ``F`` filters.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ner.runtime.checks import floats, indices, output, require, weights
from ner.runtime.library import available, description, level
from ner.runtime.packing import (
    MOST_COLUMNS,
    STATE_STEPS,
    Floats,
    Kind,
    Layer,
    Rule,
    grouped,
    packed,
    quantised,
)
from ner.runtime.twin import CELLS, remainder

__all__ = ["CharacterTable", "Linear", "RecurrentLayer", "available", "description"]

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
# The one gate of a cell that is a tanh: its weights are doubled, which is exact.
_TANH = {"lstm": 2, "gru": 2, "rnn": 0}
_MOST_GATES = 4


class RecurrentLayer:
    """A layer of one level, run from the left and, with two directions, from the right.

    What a token adds to the gates is a row of a table, ``[R, width]``, that `project` writes. Such
    rows are cached: only `run` is done for each token.
    """

    @np.errstate(over="ignore")  # a doubled weight may be infinite, and its gate is closed or open
    def __init__(
        self,
        cell: str,
        weight_ih: ArrayLike,
        weight_hh: ArrayLike,
        bias_ih: ArrayLike,
        bias_hh: ArrayLike,
        *,
        int8: bool,
    ) -> None:
        """`cell` is lstm, gru or rnn; weights are in torch's order of gates.

        ``[D, G · H, in]``, ``[D, G · H, H]``, and biases ``[D, G · H]``. With `int8` products are
        of 8-bit weights and 7-bit states or features, and rows in half precision.
        """
        require(cell in GATES, "cell {} is not one of {}", cell, ", ".join(GATES))
        self._level = level()
        self._int8 = int8
        gates = GATES[cell]
        recurrent = weights(weight_hh, (None, None, None), "weight_hh")
        directions, rows, hidden = recurrent.shape
        require(directions in (1, 2), "weight_hh has {} directions, not 1 or 2", directions)
        require(rows == gates * hidden, "weight_hh has {} rows, not {} · {}", rows, gates, hidden)
        inputs = weights(weight_ih, (directions, rows, None), "weight_ih")
        self._columns = inputs.shape[2]
        most = max(hidden, self._columns)
        require(most <= MOST_COLUMNS, "{} columns are more than {}", most, MOST_COLUMNS)
        factor = np.ones((gates, 1), np.float32)
        factor[_TANH[cell]] = 2.0
        shape = directions, gates, hidden
        biases = [
            weights(values, (directions, rows), name).reshape(shape) * factor
            for values, name in ((bias_ih, "bias_ih"), (bias_hh, "bias_hh"))
        ]
        lanes = self._lanes = self._level.lanes(hidden)
        inner = np.zeros((directions, 1, hidden), np.float32)
        if cell == "gru":  # its reset gate multiplies this bias, too
            inner, biases[1][:, 2:] = biases[1][:, 2:].copy(), 0.0
        self._initial = grouped(biases[0] + biases[1], lanes).ravel()  # [width]
        self._inputs, self._scale = self._rounded(inputs.reshape(*shape, -1) * factor[..., None])
        states, scale = self._rounded(recurrent.reshape(*shape, hidden) * factor[..., None])
        if scale is not None:
            scale = scale / np.float32(STATE_STEPS)
        matrix = packed(states, lanes, self._kind, scale)
        inner = np.ascontiguousarray(grouped(inner, lanes)[:, 0])
        self._layer: Any = self._level.layer(
            Layer(matrix, CELLS.index(cell), directions, hidden, inner)
        )
        self._outputs = directions * hidden
        self._parts: dict[tuple[int, int], Any] = {}
        self.width = matrix.width
        """Numbers of a row of gate inputs."""
        self.row_dtype = np.dtype(np.float16 if int8 else np.float32)

    @property
    def _kind(self) -> Kind:
        return Kind.INT8 if self._int8 else Kind.FUSED

    def _rounded(self, weights: Floats) -> tuple[NDArray[Any], Floats | None]:
        return quantised(weights) if self._int8 else (weights, None)

    def _part(self, first: int, last: int) -> Any:
        """The input weights of some columns, packed when they are first asked for."""
        if (first, last) not in self._parts:
            part = packed(self._inputs[..., first:last], self._lanes, self._kind, self._scale)
            self._parts.setdefault((first, last), self._level.matrix(part))
        return self._parts[first, last]

    def project(self, features: Floats, out: NDArray[Any]) -> None:
        """Write the gate inputs of features ``[U, in]``, biases included, to `out` ``[U, width]``.

        They may be only the first features; `add` adds the others. In 8 bits, what rounding leaves
        out of the features is rounded and multiplied, too: these have 14 bits together. It is done
        once for a word (and leaves 3 of 33 changes among the 5,923 spans of CoNLL-2003 valid).
        """
        features = floats(features, (None, None), "features")
        self._product(features, 0, self._initial, Rule.BY_LARGEST, out)
        if self._int8:
            self._product(remainder(features), 0, None, Rule.BY_LARGEST, out)

    def project_states(self, states: Floats, out: NDArray[Any]) -> None:
        """Do as `project` with states of another layer, which are known to lie in -1 … 1."""
        self._product(states, 0, self._initial, Rule.STATES, out)

    def add(self, features: Floats, rows: NDArray[Any]) -> None:
        """Add the gate inputs of the last features ``[U, …]`` to `rows` ``[U, width]``."""
        first = self._columns - np.shape(features)[-1]
        self._product(features, first, None, Rule.BY_LARGEST, rows)

    def _product(
        self, features: Floats, first: int, initial: Floats | None, rule: Rule, out: NDArray[Any]
    ) -> None:
        features = floats(features, (None, None), "features")
        count, columns = features.shape
        inside = first >= 0 and 0 < columns <= self._columns
        require(inside, "{} features, not 1 to {}", columns, self._columns)
        output(out, (count, self.width), self.row_dtype)
        if count:
            part = self._part(first, first + columns)
            self._level.product(part, features, initial, rule, out)

    def run(
        self,
        table: NDArray[Any],
        rows: NDArray[np.int32],
        lengths: NDArray[np.int32],
        out: Floats | None = None,
    ) -> Floats:
        """Compute states ``[B, T, D · H]``, 0 beyond a sentence's length, from the left first.

        `rows` ``[B, T]`` are those of the tokens in `table` ``[R, width]``; `lengths` ``[B]`` do
        not rise, and the first is T.
        """
        fits = table.ndim == 2 and table.shape[1] == self.width and table.flags.c_contiguous
        fits = fits and table.dtype == self.row_dtype
        require(fits, "table is {} {}, not contiguous", table.dtype, table.shape)
        fits = rows.ndim == 2 and rows.dtype == np.int32
        require(fits, "rows are {} {}, not int32 [B, T]", rows.dtype, rows.shape)
        batch, size = rows.shape
        if out is None:
            out = np.empty((batch, size, self._outputs), np.float32)
        else:
            output(out, (batch, size, self._outputs), np.float32)
        fits = lengths.shape == (batch,) and lengths.dtype == np.int32
        require(fits, "lengths are {} {}, not int32 [B]", lengths.dtype, lengths.shape)
        if batch:
            sizes = lengths.tolist()
            falling = sizes == sorted(sizes, reverse=True) and sizes[0] == size and sizes[-1] >= 1
            require(falling, "lengths do not fall from {} to 1 or more", size)
            arrays = np.ascontiguousarray(rows), np.ascontiguousarray(lengths)
            self._level.run(self._layer, table, *arrays, out)
        return out


class Linear:
    """A linear map, summed in one order: the same bits on every machine."""

    def __init__(self, weight: ArrayLike, bias: ArrayLike) -> None:
        """`weight` is ``[K, n]``, `bias` ``[K]``."""
        self._level = level()
        matrix = weights(weight, (None, None), "weight")
        self._outputs, self._inputs = matrix.shape
        bias = weights(bias, (self._outputs,), "bias")
        lanes = self._level.lanes(self._outputs)
        vectors = -(-self._outputs // lanes)
        # As many vectors at once as leave the least padding; of equals, most.
        gates = min(range(1, _MOST_GATES + 1), key=lambda size: (-(-vectors // size) * size, -size))
        size = -(-vectors // gates) * gates * lanes
        cut = np.pad(matrix, [(0, size - self._outputs), (0, 0)])
        groups = cut.reshape(-1, gates, lanes, self._inputs)
        self._matrix: Any = self._level.matrix(packed(groups, lanes, Kind.SEPARATE))
        self._bias = np.pad(bias, (0, size - self._outputs))

    def __call__(self, features: ArrayLike) -> Floats:
        """Map features ``[N, n]`` to ``[N, K]``."""
        features = floats(features, (None, self._inputs), "features")
        out = np.empty((len(features), self._outputs), np.float32)
        if len(features):
            self._level.product(self._matrix, features, self._bias, Rule.BY_LARGEST, out)
        return out


class CharacterTable:
    """A CNN over characters, multiplied out: products of each character with each filter column.

    A window's answer is a sum of rows, and the same bits on every machine.
    """

    def __init__(self, embedding: ArrayLike, filters: ArrayLike, bias: ArrayLike) -> None:
        """`embedding` is ``[V, C]``, `filters` ``[F, C, kernel]``, `bias` ``[F]``."""
        self._level = level()
        embedded = weights(embedding, (None, None), "embedding")
        columns = weights(filters, (None, embedded.shape[1], None), "filters")
        self._filters, channels, kernel = columns.shape
        self._bias = weights(bias, (self._filters,), "bias")
        columns = columns.transpose(2, 0, 1).reshape(-1, channels)  # [kernel · F, C]
        products = Linear(columns, np.zeros(len(columns)))(embedded)
        self._table = products.reshape(len(embedded), kernel, self._filters)

    def words(self, characters: NDArray[np.int32], starts: NDArray[np.int32], out: Floats) -> None:
        """Write the strongest answers, at least 0, to `out` ``[U, F]``; 0 for an empty word.

        The characters of word u are `starts` ``[U + 1]`` u to u + 1. Rows of `out` may be parts of
        longer ones.
        """
        require(characters.ndim == 1, "characters have shape {}", characters.shape)
        characters = indices(characters, "characters", len(self._table))
        require(starts.ndim == 1 and len(starts), "starts have shape {}", starts.shape)
        starts = indices(starts, "starts", len(characters) + 1)
        require((starts[1:] >= starts[:-1]).all(), "starts fall")
        output(out, (len(starts) - 1, self._filters), np.float32, contiguous=False)
        rows, columns = out.strides
        whole = columns == out.itemsize and rows % out.itemsize == 0 and rows >= 0
        require(whole, "the rows of out are not contiguous")
        if len(out):
            self._level.words(self._table, self._bias, characters, starts, out)
