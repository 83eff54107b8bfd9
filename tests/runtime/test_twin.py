"""The polynomial of the gates."""

import numpy as np

from ner.runtime.twin import exp_of_minus


def test_exponentials_are_exact_to_float32() -> None:
    x = np.linspace(-25, 25, 1_000_001).astype(np.float32)
    expected = np.exp(-x.astype(np.float64))
    assert (np.abs(exp_of_minus(x) / expected - 1) < 2e-7).all()


def test_exponentials_are_bounded() -> None:
    ends = exp_of_minus(np.array([-25, 25], np.float32))
    beyond = np.array([-np.inf, np.inf, -1e30, 1e30, np.nan], np.float32)
    assert exp_of_minus(beyond).tolist() == [*ends, *ends, ends[0]]
