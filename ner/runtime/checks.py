"""Checks of what a kernel is given: sizes, types, order in memory, ranges of indices.

What does not fit raises `ValueError`. Messages are put together only then: a sentence takes less
time than they do.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SIGNED = 1 << 31


def require(holds: object, message: str, *values: object) -> None:
    """Raise `ValueError` with values put into the message unless something holds."""
    if not holds:
        raise ValueError(message.format(*values))


def floats(values: ArrayLike, shape: tuple[int | None, ...], name: str) -> NDArray[np.float32]:
    """Return numbers as a float32 array in C order; None in its shape stands for any size."""
    array = np.ascontiguousarray(values, np.float32)
    fits = array.ndim == len(shape)
    for want, size in zip(shape, array.shape, strict=False):
        fits = fits and want in (None, size)
    require(fits, "{} has shape {}, not {}", name, array.shape, shape)
    return array


def weights(values: ArrayLike, shape: tuple[int | None, ...], name: str) -> NDArray[np.float32]:
    """Return weights as `floats` does: finite, and of every axis at least one."""
    array = floats(values, shape, name)
    require(array.size, "{} is empty", name)
    require(np.isfinite(array).all(), "{} holds numbers that are not finite", name)
    return array


def indices(values: NDArray[Any], name: str, limit: int) -> NDArray[np.int32]:
    """Return int32 indices in C order, each from 0 to below `limit`."""
    require(values.dtype == np.int32, "{} is {}, not int32", name, values.dtype)
    array = np.ascontiguousarray(values)
    if array.size:  # seen without a sign, what is negative is large
        largest = np.maximum.reduce(array.view(np.uint32), axis=None)
        require(largest < min(limit, _SIGNED), "{} reaches beyond 0 … {}", name, limit)
    return array


def integers(values: Any, shape: tuple[int, ...], name: str) -> NDArray[np.int64]:
    """Return int64 numbers of a shape in C order."""
    array = np.ascontiguousarray(values, np.int64)
    require(array.shape == shape, "{} have shape {}, not {}", name, array.shape, shape)
    return array


def output(
    out: NDArray[Any], shape: tuple[int, ...], dtype: Any, *, contiguous: bool = True
) -> None:
    """Check an array that is written to, in C order unless not `contiguous`."""
    fits = out.shape == shape and out.dtype == dtype and out.flags.writeable
    require(fits, "out is {} {}, not writable {} {}", out.dtype, out.shape, dtype, shape)
    require(not contiguous or out.flags.c_contiguous, "out is not contiguous")
