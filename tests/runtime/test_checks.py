"""What a kernel is given is checked before it reads a byte of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.runtime.checks import floats, indices, integers, output, require, weights


def test_a_message_has_its_values() -> None:
    require([1], "never said {}", 1)
    with pytest.raises(ValueError, match=r"^a is 3, not 4$"):
        require(0, "{} is {}, not {}", "a", 3, 4)


# --- floats and weights -------------------------------------------------------------------------


def test_numbers_become_float32_in_order() -> None:
    numbers = np.arange(6, dtype=np.float64).reshape(2, 3).T
    found = floats(numbers, (3, None), "x")
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert found.tolist() == numbers.tolist()


def test_what_fits_is_not_copied() -> None:
    array = np.zeros((2, 3), np.float32)
    assert np.shares_memory(floats(array, (2, 3), "x"), array)


@pytest.mark.parametrize(
    ("shape", "wanted"), [((2, 3), (3, None)), ((2,), (2, None)), ((2, 3, 1), (2, 3)), ((), (2,))]
)
def test_another_shape_is_refused(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match=r"^x has shape \(.*\), not \(.*\)$"):
        floats(np.zeros(shape), wanted, "x")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_weights_are_finite(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"^w holds numbers that are not finite$"):
        weights([1.0, wrong], (2,), "w")


def test_there_is_a_weight_on_every_axis() -> None:
    with pytest.raises(ValueError, match=r"^w is empty$"):
        weights(np.zeros((2, 0)), (2, None), "w")
    assert weights([[1.0]], (1, 1), "w").shape == (1, 1)


# --- indices and integers -----------------------------------------------------------------------


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=5), st.integers(0, 1 << 32))
def test_indices_are_within_their_limit(numbers: list[int], limit: int) -> None:
    array = np.array(numbers, np.int32)
    if all(0 <= number < limit for number in numbers):
        assert indices(array, "rows", limit).tolist() == numbers
    else:
        with pytest.raises(ValueError, match=rf"^rows reaches beyond 0 … {limit}$"):
            indices(array, "rows", limit)


def test_indices_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^rows is int64, not int32$"):
        indices(np.zeros(2, np.int64), "rows", 5)


def test_indices_are_in_order_in_memory() -> None:
    found = indices(np.arange(6, dtype=np.int32).reshape(2, 3).T, "rows", 6)
    assert found.flags.c_contiguous
    assert found.tolist() == [[0, 3], [1, 4], [2, 5]]


def test_integers_have_their_shape() -> None:
    assert integers([[1, 2]], (1, 2), "sizes").dtype == np.int64
    with pytest.raises(ValueError, match=r"^sizes have shape \(2,\), not \(1, 2\)$"):
        integers([1, 2], (1, 2), "sizes")


# --- what is written to -------------------------------------------------------------------------


def test_an_output_fits_and_can_be_written() -> None:
    out = np.zeros((2, 3), np.float32)
    output(out, (2, 3), np.float32)
    for shape, dtype in (((3, 2), np.float32), ((2, 3), np.float16)):
        with pytest.raises(ValueError, match=r"^out is float32"):
            output(out, shape, dtype)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="not writable"):
        output(out, (2, 3), np.float32)


def test_an_output_in_parts_only_where_that_is_said() -> None:
    part = np.zeros((2, 4), np.float32)[:, :3]
    output(part, (2, 3), np.float32, contiguous=False)
    with pytest.raises(ValueError, match=r"^out is not contiguous$"):
        output(part, (2, 3), np.float32)
