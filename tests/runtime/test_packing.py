"""Rounding to 8 bits, and the order of packed weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.runtime.packing import Kind, grouped, packed, quantised


@given(
    seed=st.integers(0, 99), exponent=st.integers(-30, 30), shape=st.sampled_from([(1, 1), (3, 7)])
)
def test_rounding_is_near_and_rounds_once(seed: int, exponent: int, shape: tuple[int, int]) -> None:
    weights = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    weights *= np.float32(2.0**exponent)
    numbers, scale = quantised(weights)
    values = numbers * scale[:, None]
    assert values.dtype == np.float32
    assert (np.abs(values - weights) <= scale[:, None] * np.float32(0.51)).all()
    again, same = quantised(values)
    assert (again == numbers).all()
    assert (same == scale).all()


def test_rows_of_zeros_stay_zeros() -> None:
    numbers, scale = quantised(np.zeros((2, 3), np.float32))
    assert not numbers.any()
    assert not scale.any()


def test_gates_of_a_block_stand_together() -> None:
    values = np.arange(12).reshape(1, 2, 6)
    assert grouped(values, 4).tolist() == [
        [[0, 1, 2, 3], [6, 7, 8, 9]],
        [[4, 5, 0, 0], [10, 11, 0, 0]],
    ]


@pytest.mark.parametrize("lanes", [1, 2, 4, 8])
@pytest.mark.parametrize("int8", [False, True])
def test_dense_weights_are_those_that_were_packed(lanes: int, int8: bool) -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(-127, 128, (2, 3, 5, 7)).astype(np.int8 if int8 else np.float32)
    scale = np.ones((2, 3, 5), np.float32) if int8 else None
    kind = Kind.INT8 if int8 else Kind.FUSED
    matrix = packed(weights, lanes, kind, scale)
    dense = matrix.dense.reshape(-1, 7, 3, lanes).transpose(0, 2, 3, 1)
    assert (dense == grouped(weights, lanes)).all()
    assert matrix.width == dense[..., 0].size
