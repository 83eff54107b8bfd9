"""The speed of a piece of work, measured the same way wherever it is shown."""

import time
from collections.abc import Callable
from statistics import median

TIMINGS = 3  # of which the median counts; one more before them warms up


def measure_speed(
    work: Callable[[], object], tokens: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Tokens a second of a piece of work on so many tokens: the median of some runs."""
    seconds = []
    for _ in range(1 + TIMINGS):
        started = clock()
        work()
        seconds.append(clock() - started)
    return tokens / max(median(seconds[1:]), 1e-9)
