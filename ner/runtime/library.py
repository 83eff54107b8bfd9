"""The compiled kernels: where they lie, the instruction set that runs, and calls of them.

Nothing is checked here: `ner.runtime.kernels` and the kernels do.
"""

import ctypes
import functools
import os
from collections.abc import Iterator, Sequence
from ctypes import POINTER, Structure, addressof, c_char, c_int, c_int64, c_void_p
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ner.errors import UsageError
from ner.frozen import frozen
from ner.runtime.packing import Floats, Layer, Matrix, Rule
from ner.runtime.twin import Twin

VERSION = 3
VARIABLE = "NER_KERNELS"
NUMBERS = {"c": 0, "avx2": 1, "avx512vnni": 2, "neon": 3}
"""Levels by name, as the source numbers them."""
_UNDERFLOW, _BEYOND = 2, 3  # statuses
_BEST_FIRST = ("neon", "avx512vnni", "avx2", "c")


class _Matrix(Structure):
    kept: Matrix  # what it points to
    _fields_ = (
        ("groups", c_int64),
        ("gates", c_int64),
        ("columns", c_int64),
        ("weights", c_void_p),
        ("scale", c_void_p),
        ("origin", c_void_p),
    )


class _Layer(Structure):
    kept: Layer  # what it points to
    _fields_ = (
        ("recurrent", _Matrix),
        ("cell", c_int64),
        ("kind", c_int64),
        ("directions", c_int64),
        ("hidden", c_int64),
        ("inner", c_void_p),
    )


class _Product(Structure):
    _fields_ = (
        ("kind", c_int64),
        ("quantise", c_int64),
        ("rows", c_int64),
        ("width", c_int64),
        ("half", c_int64),
        ("own", c_int64),
        ("features", c_void_p),
        ("initial", c_void_p),
        ("out", c_void_p),
    )


class _Batch(Structure):
    _fields_ = (
        ("rows", c_int64),
        ("width", c_int64),
        ("batch", c_int64),
        ("size", c_int64),
        ("table", c_void_p),
        ("numbers", c_void_p),
        ("lengths", c_void_p),
        ("out", c_void_p),
    )


class _Words(Structure):
    _fields_ = (
        ("words", c_int64),
        ("filters", c_int64),
        ("kernel", c_int64),
        ("stride", c_int64),
        ("table", c_void_p),
        ("bias", c_void_p),
        ("characters", c_void_p),
        ("starts", c_void_p),
        ("out", c_void_p),
    )


class _Chain(Structure):
    _fields_ = (
        ("tags", c_int64),
        ("padded", c_int64),
        ("start", c_void_p),
        ("between", c_void_p),
        ("transposed", c_void_p),
        ("end", c_void_p),
    )


class _Emissions(Structure):
    _fields_ = (
        ("batch", c_int64),
        ("size", c_int64),
        ("single", c_int64),
        ("emissions", c_void_p),
        ("lengths", c_void_p),
    )


class _Sums(Structure):
    _fields_ = (
        ("scores", c_void_p),
        ("powers", c_void_p),
        ("largest", c_void_p),
        ("log_z", c_void_p),
        ("marginals", c_void_p),
        ("spans", c_int64),
        ("places", c_void_p),
        ("tags", c_void_p),
        ("continues", c_void_p),
        ("probabilities", c_void_p),
    )


def _address(array: NDArray[Any]) -> int:
    """The address of an array's first number."""
    try:
        return addressof(c_char.from_buffer(array.data))
    except (TypeError, ValueError):  # read-only, or empty: this serves all, and takes longer
        return array.ctypes.data


@frozen()
class ChainPotentials:
    """Potentials in whole vectors, as `ner_viterbi` and `ner_sums` read them."""

    structure: Structure
    parts: tuple[NDArray[np.float64], ...]  # kept, since the structure points to them

    @classmethod
    def of(cls, potentials: Sequence[NDArray[np.float64]], lanes: int) -> Self:
        """Pad the columns of potentials ``[K]``, ``[K, K]`` and ``[K]`` with zeros."""
        start, between, end = potentials
        padding = (0, -len(start) % lanes)
        matrices = (np.pad(part, [(0, 0), padding]) for part in (between, between.T))
        parts = (np.pad(start, padding), *matrices, np.pad(end, padding))
        parts = tuple(np.ascontiguousarray(part) for part in parts)
        return cls(_Chain(len(start), len(parts[0]), *map(_address, parts)), parts)


def _emissions(emissions: NDArray[Any], lengths: NDArray[np.int64]) -> _Emissions:
    batch, size, _ = emissions.shape
    single = emissions.itemsize == 4
    return _Emissions(batch, size, single, _address(emissions), _address(lengths))


def _checked(status: int, beyond: str = "") -> None:
    if status == _BEYOND:
        raise ValueError(beyond)
    if status:
        raise MemoryError("no memory for the kernels' scratch space")


class Compiled:
    """A level of the compiled kernels. Calls release the lock of the interpreter."""

    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self.name = name
        self._library = library
        self._number = NUMBERS[name]
        self._lanes: int = library.ner_lanes(self._number)

    def lanes(self, units: int) -> int:
        """Units of a block: the lanes of a vector."""
        return self._lanes

    def matrix(self, matrix: Matrix) -> _Matrix:
        """Prepare a matrix for `product`."""
        arrays = (matrix.weights, matrix.scale, matrix.origin)
        prepared = _Matrix(matrix.groups, matrix.gates, matrix.columns, *map(_address, arrays))
        prepared.kept = matrix
        return prepared

    def layer(self, layer: Layer) -> _Layer:
        """Prepare a layer for `run`."""
        recurrent = layer.recurrent
        numbers = (layer.cell, recurrent.kind, layer.directions, layer.hidden)
        prepared = _Layer(self.matrix(recurrent), *numbers, _address(layer.inner))
        prepared.kept = layer
        return prepared

    def product(
        self, matrix: _Matrix, features: Floats, initial: Floats | None, rule: Rule, out: Any
    ) -> None:
        """Do as `Twin.product`."""
        product = _Product(
            matrix.kept.kind,
            rule,
            len(features),
            out.shape[1],
            out.dtype == np.float16,
            initial is None,
            _address(features),
            None if initial is None else _address(initial),
            _address(out),
        )
        _checked(self._library.ner_product(self._number, matrix, product))

    def run(
        self,
        layer: _Layer,
        table: NDArray[Any],
        rows: NDArray[np.int32],
        lengths: NDArray[np.int32],
        out: Floats,
    ) -> None:
        """Do as `Twin.run`."""
        batch = _Batch(*table.shape, *rows.shape, *map(_address, (table, rows, lengths, out)))
        _checked(self._library.ner_run(self._number, layer, batch), "rows lie beyond the table")

    def words(
        self,
        table: Floats,
        bias: Floats,
        characters: NDArray[np.int32],
        starts: NDArray[np.int32],
        out: Floats,
    ) -> None:
        """Do as `Twin.words`."""
        _, kernel, filters = table.shape
        pointers = map(_address, (table, bias, characters, starts, out))
        words = _Words(len(out), filters, kernel, out.strides[0] // out.itemsize, *pointers)
        self._library.ner_words(self._number, words)

    @property
    def doubles(self) -> int:
        """Numbers of 64 bits in a vector."""
        return self._lanes // 2

    def viterbi(
        self,
        scores: ChainPotentials,
        emissions: NDArray[Any],
        lengths: NDArray[np.int64],
        path: NDArray[np.int64],
    ) -> None:
        """Write the best sequences of emissions ``[B, T, K]`` to `path` ``[B, T]``."""
        batch = _emissions(emissions, lengths)
        found = self._library.ner_viterbi
        _checked(found(self._number, scores.structure, batch, _address(path)))

    def sums(
        self,
        potentials: tuple[ChainPotentials, ChainPotentials, NDArray[np.float64]],
        emissions: NDArray[Any],
        lengths: NDArray[np.int64],
        *,
        log_z: NDArray[np.float64] | None = None,
        marginals: NDArray[np.float64] | None = None,
        spans: tuple[NDArray[Any], ...] = (),
    ) -> bool:
        """Write sums over sequences to `log_z` ``[B]``, `marginals` ``[B, T, K]`` and `spans`.

        `spans` are their places ``[N, 3]``, tags ``[B, T]``, the tags that continue others
        ``[K, K]``, and the output ``[N]``. False if something has underflowed. Raises `ValueError`
        for spans that do not fit.
        """
        scores, powers, largest = potentials
        sums = _Sums(
            addressof(scores.structure),
            addressof(powers.structure),
            _address(largest),
            None if log_z is None else _address(log_z),
            None if marginals is None else _address(marginals),
            len(spans[0]) if spans else 0,
            *map(_address, spans),
        )
        batch = _emissions(emissions, lengths)
        status: int = self._library.ner_sums(self._number, batch, sums)
        if status == _UNDERFLOW:
            return False
        _checked(status, "spans or their tags lie beyond their sentences")
        return True


Level = Compiled | Twin


def _declare(library: ctypes.CDLL) -> None:
    """Declare the types of the library's functions."""
    library.ner_version.restype = c_int64
    library.ner_lanes.argtypes, library.ner_lanes.restype = [c_int64], c_int64
    library.ner_product.argtypes = [c_int64, POINTER(_Matrix), POINTER(_Product)]
    library.ner_run.argtypes = [c_int64, POINTER(_Layer), POINTER(_Batch)]
    library.ner_product.restype = library.ner_run.restype = c_int
    library.ner_viterbi.argtypes = [c_int64, POINTER(_Chain), POINTER(_Emissions), c_void_p]
    library.ner_sums.argtypes = [c_int64, POINTER(_Emissions), POINTER(_Sums)]
    library.ner_viterbi.restype = library.ner_sums.restype = c_int
    library.ner_words.argtypes, library.ner_words.restype = [c_int64, POINTER(_Words)], None


@functools.cache
def _library() -> tuple[ctypes.CDLL | None, str]:
    """Load the library; without one, the reason."""
    folder = Path(__file__).parent
    for suffix in EXTENSION_SUFFIXES:
        path = folder / f"_kernels{suffix}"
        if not path.exists():
            continue
        try:
            library = ctypes.CDLL(str(path))
            _declare(library)
        except (OSError, AttributeError) as error:
            return None, f"{path.name} cannot be loaded: {error}"
        if library.ner_version() != VERSION:
            return None, f"{path.name} is of another version: install again"
        return library, ""
    return None, "no compiled kernels: there was no C compiler when ner was installed"


def available() -> list[str]:
    """The names of the levels that run here, the fastest first."""
    return [*_compiled(), Twin.name]


def _compiled() -> Iterator[str]:
    library, _ = _library()
    if library is not None:
        yield from (name for name in _BEST_FIRST if library.ner_lanes(NUMBERS[name]))


def level() -> Level:
    """The level that runs: the fastest, or that of the environment. Raises `UsageError`."""
    return _level(os.environ.get(VARIABLE, ""))


@functools.cache
def _level(asked: str) -> Level:
    name = asked or available()[0]
    if name == Twin.name:
        return Twin()
    if name not in NUMBERS:
        raise UsageError(f"{VARIABLE}={name}: not one of {', '.join([Twin.name, *NUMBERS])}")
    library, reason = _library()
    if library is None:
        raise UsageError(f"{VARIABLE}={name}: {reason}; without {VARIABLE}, NumPy serves")
    if name not in available():
        here = ", ".join(available())
        raise UsageError(f"{VARIABLE}={name}: this processor or build lacks it; it has {here}")
    return Compiled(library, name)


def description() -> str:
    """The level that runs, and why, in a line. Raises `UsageError`."""
    name = level().name
    if os.environ.get(VARIABLE):
        return f"{name} (asked for by {VARIABLE})"
    library, reason = _library()
    return f"{name} ({'the fastest that this processor has' if library else reason})"
