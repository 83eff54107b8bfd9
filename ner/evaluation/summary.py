"""One figure from several runs: mean ± standard deviation."""

import statistics
from collections.abc import Sequence


def summarise(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divisor n-1; 0 for a single value) of some values."""
    assert values, "there is no mean of nothing"
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return statistics.fmean(values), spread


def format_summary(values: Sequence[float]) -> str:
    """Scores from 0 to 1 as one figure in percent, like ``84.50 ± 0.12``."""
    mean, spread = summarise(values)
    return f"{100 * mean:.2f} ± {100 * spread:.2f}"
