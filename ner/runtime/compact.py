"""Weights in little room: those of layers in 8 bits, tables of embeddings in half precision.

A layer's weights become 8-bit integers and a float32 scale for each row, by the rule of the
kernels (`quantised`): in int8, a layer computes the same bits from them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.runtime.packing import quantised
from ner.stored import Arrays, Form, StoredTensors, damaged

_LAYER = re.compile(r".*\.weight_[ih]h_l0(_reverse)?")
_TABLE = re.compile(r"embedder\..*\b(trained|embed|kinds\.\d+)\.weight")
_SCALE = ".scale"  # behind the name of the weights


def read_weights(stored: StoredTensors, forms: Mapping[str, Form]) -> Arrays:
    """Read weights of these forms, in full or in little room, which their names tell.

    Raises `ValidationError`.
    """
    if not is_compact(stored):
        stored.expect(forms)
        return stored.read()
    stored.expect(compact_forms(forms))
    try:
        return expanded(stored.read())
    except ValueError as error:
        raise damaged(stored.path, str(error)) from None


def is_compact(stored: StoredTensors) -> bool:
    """Tell if weights are in little room."""
    return any(name.endswith(_SCALE) for name in stored.entries)


def compact_forms(forms: Mapping[str, Form]) -> dict[str, Form]:
    """The forms of weights of these forms in little room."""
    return dict(_forms(forms))


def _forms(forms: Mapping[str, Form]) -> Iterator[tuple[str, Form]]:
    for name, form in forms.items():
        if _LAYER.fullmatch(name):
            yield name, Form(np.dtype(np.int8), form.shape)
            yield name + _SCALE, Form(np.dtype(np.float32), form.shape[:1])
        elif _TABLE.fullmatch(name):
            yield name, Form(np.dtype(np.float16), form.shape)
        else:
            yield name, form


def compacted(weights: Arrays) -> Arrays:
    """The weights in little room. Raises `ValueError` for one that half precision cannot hold."""
    found: dict[str, NDArray[Any]] = {}
    for name, values in weights.items():
        if _LAYER.fullmatch(name):
            found[name], found[name + _SCALE] = quantised(values)
        elif _TABLE.fullmatch(name):
            with np.errstate(over="ignore"):
                found[name] = values.astype(np.float16)
            if not np.isfinite(found[name]).all():
                raise ValueError(f"{name} holds numbers beyond half precision")
        else:
            found[name] = values
    return found


def expanded(weights: Arrays) -> Arrays:
    """The weights in float32, out of what `compacted` made.

    Raises `ValueError` for scales that make a number that is not finite.
    """
    found = {}
    for name, values in weights.items():
        if _LAYER.fullmatch(name):
            with np.errstate(over="ignore"):
                found[name] = values * weights[name + _SCALE][:, None]
            if not np.isfinite(found[name]).all():
                raise ValueError(f"{name} holds numbers that are not finite")
        elif _TABLE.fullmatch(name):
            found[name] = values.astype(np.float32)
        elif not name.endswith(_SCALE):
            found[name] = values
    return found
