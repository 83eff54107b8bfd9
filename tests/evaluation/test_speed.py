"""Speed, by a clock that is wound by hand."""

from ner.evaluation import measure_speed
from ner.evaluation.speed import TIMINGS


def test_the_median_counts_and_the_first_run_does_not() -> None:
    runs: list[int] = []
    now = 0.0
    lengths = [100.0, 2.0, 50.0, 4.0]  # the first warms up

    def clock() -> float:
        return now

    def work() -> None:
        nonlocal now
        now += lengths[len(runs)]
        runs.append(1)

    assert measure_speed(work, 40, clock) == 10.0
    assert len(runs) == 1 + TIMINGS == len(lengths)


def test_no_time_at_all_is_no_division_by_zero() -> None:
    assert measure_speed(lambda: None, 1, lambda: 0.0) > 0
