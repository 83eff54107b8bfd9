"""Worker processes: order, bounds, errors, and that nothing is left of them."""

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ner.errors import CorpusError, NerError
from ner.scale.workers import AHEAD, available_cores, ordered_map
from tests.scale import jobs

WORKERS = 2


@pytest.fixture(autouse=True)
def _nobody_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(ordered_map(jobs.make_uneven, range(20), 3)) == [*range(20)]


def test_nothing_in_nothing_out() -> None:
    """And no process either: there is nothing to do."""
    assert list(ordered_map(jobs.make_nothing, [], WORKERS)) == []


def test_there_are_no_more_processes_than_items() -> None:
    for pid in ordered_map(jobs.make_telling, [0], 50):
        assert [child.pid for child in multiprocessing.active_children()] == [pid]


def test_items_are_taken_as_they_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        for taken in itertools.count(1):
            assert taken < 100, "it is read on and on"
            yield taken

    results = ordered_map(jobs.make_doubling, endless(), WORKERS)
    assert taken == 0, "nothing is taken before somebody asks"
    for number in range(1, 10):
        assert next(results) == 2 * number
        assert taken <= number + AHEAD * WORKERS
    results.close()


def test_nobody_runs_far_ahead_of_a_slow_one(tmp_path: Path) -> None:
    """What is done waits for the first, so it must not become more and more."""
    go = tmp_path / "go"
    taken = 0

    def items() -> Iterator[str]:
        nonlocal taken
        for taken in range(1, 1000):
            if taken == AHEAD * WORKERS:
                go.touch()
            yield str(go) if taken == 1 else ""

    results = ordered_map(jobs.make_waiting, items(), WORKERS)
    assert next(results) == str(go)
    assert taken == AHEAD * WORKERS
    results.close()


def test_an_error_comes_at_the_place_of_its_item() -> None:
    results = ordered_map(jobs.make_refusing, range(9), WORKERS)
    assert list(itertools.islice(results, 3)) == [0, 1, 2]
    with pytest.raises(CorpusError) as caught:
        next(results)
    assert str(caught.value) == "in.txt:3: is no good"


def test_a_mistake_of_ours_shows_where_it_happened() -> None:
    with pytest.raises(KeyError) as caught:
        list(ordered_map(jobs.make_refusing, [5], WORKERS))
    assert "jobs.py" in caught.value.__notes__[0]


def test_an_error_of_the_beginning_is_that_of_the_first_item() -> None:
    with pytest.raises(CorpusError, match="model: is damaged"):
        list(ordered_map(jobs.make_nothing, range(9), WORKERS))


def test_an_error_of_the_items_passes() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise CorpusError("in.txt:2: breaks off")

    with pytest.raises(CorpusError, match="breaks off"):
        list(ordered_map(jobs.make_doubling, broken(), WORKERS))


def test_a_killed_worker_is_noticed() -> None:
    """Even while others are in the middle of what they have to say."""
    with pytest.raises(NerError, match="a worker process was ended from outside"):
        list(ordered_map(jobs.make_dying, range(20), WORKERS))


def test_an_idle_worker_that_was_killed_is_noticed() -> None:
    results = ordered_map(jobs.make_telling, itertools.count(), 1)
    os.kill(next(results), signal.SIGKILL)
    with pytest.raises(NerError, match="a worker process was ended from outside"):
        list(itertools.islice(results, 10))


def test_workers_are_deaf_to_ctrl_c() -> None:
    """It goes to all processes of a terminal; only the first one has something to say to it."""
    results = ordered_map(jobs.make_telling, itertools.count(), 1)
    pid = next(results)
    os.kill(pid, signal.SIGINT)
    assert set(itertools.islice(results, 10)) == {pid}
    results.close()


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_a_worker_computes_on_one_thread_unless_it_is_told_otherwise(
    given: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert list(ordered_map(jobs.make_computing, [0], 1)) == [expected]
    assert os.environ.get("OMP_NUM_THREADS") == given


def test_there_is_a_core_at_least() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
