"""Durations as people read them."""

import pytest

from ner.run_folder import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1:00 min"),
        (185.4, "3:05 min"),
        (3599.6, "1:00:00 h"),
        (7385, "2:03:05 h"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_suits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
