"""Repeating pieces of work in turn."""

import statistics
from collections.abc import Callable, Mapping

Work = Callable[[], float]
"""Does something once; returns what was measured: seconds, or tokens per second."""


def alternate(works: Mapping[str, Work], repetitions: int) -> dict[str, list[float]]:
    """Measure each piece of work in turn, again and again; the first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for round_ in range(repetitions + 1):
        for name, work in works.items():
            value = work()
            if round_:
                found[name].append(value)
    return found


def medians(found: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(values) for name, values in found.items()}


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def spread(values: list[float]) -> str:
    """How far single repetitions lie from their median, at most, in percent."""
    middle = statistics.median(values)
    return f"±{100 * max(abs(value - middle) for value in values) / middle:.0f} %"
