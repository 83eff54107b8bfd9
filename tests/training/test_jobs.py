"""Jobs: run here one after another, stopped, failed; and runners at addresses."""

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import TrainingError, UsageError
from ner.training.jobs import (
    Begun,
    Done,
    Failed,
    Job,
    LocalRunner,
    RunWork,
    Slot,
    open_runner,
)
from ner.training.loop import Epoch
from ner.training.preparation import prepare
from ner.training.run import Finished


class Counting:
    """Work that counts up to the task of a job; 13 is not to be done."""

    ticks: ClassVar[tuple[type, ...]] = ()

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.closed: list[str] = []
        self.slots: list[Slot] = []

    def __call__(self, job: Job[int], slot: Slot, /) -> Generator[int, None, None]:
        self.begun.append(job.name)
        self.slots.append(slot)
        try:
            for number in range(1, job.task + 1):
                if number == 13:
                    raise TrainingError("13 cannot be done")
                yield number
        finally:
            self.closed.append(job.name)


def job(task: int) -> Job[int]:
    return Job(f"to {task}", task)


def test_jobs_are_run_one_after_another() -> None:
    work, jobs = Counting(), [job(2), job(0), job(1)]
    events = [(told.name, event) for told, event in LocalRunner("cpu").run(work, jobs)]
    assert events == [
        ("to 2", 1),
        ("to 2", 2),
        ("to 2", Done(2)),
        ("to 0", Done(None)),
        ("to 1", 1),
        ("to 1", Done(1)),
    ]


def test_a_job_knows_its_slot(tmp_path: Path) -> None:
    work, read = Counting(), list[int]()
    jobs = [Job("here", 0, tmp_path, resume=True), Job("nowhere", 0)]
    list(LocalRunner("cpu", read.append).run(work, jobs))
    [here, nowhere] = work.slots
    assert here == Slot(torch.device("cpu"), tmp_path, True, read.append)
    assert (nowhere.out, nowhere.resume) == (Path(), False)


def test_one_that_fails_is_one_of_many() -> None:
    events = [event for _, event in LocalRunner("cpu").run(Counting(), [job(20), job(1)])]
    assert events[:12] == [*range(1, 13)]
    assert isinstance(events[12], Failed)
    assert str(events[12].error) == "13 cannot be done"
    assert events[13:] == [1, Done(1)]


def test_one_that_is_stopped_has_no_end() -> None:
    work, runner = Counting(), LocalRunner("cpu")
    events = list[Any]()
    for told, event in runner.run(work, [job(5), job(2)]):
        events.append(event)
        if (told.task, event) == (5, 2):
            assert work.closed == []
            runner.stop(told)
    assert events == [1, 2, 1, 2, Done(2)]
    assert work.closed == ["to 5", "to 2"]


def test_a_job_is_taken_when_its_turn_comes() -> None:
    """Whoever asks may decide on the next one by the end of the one before."""
    work, ended = Counting(), list[str]()

    def jobs() -> Iterator[Job[int]]:
        yield job(1)
        assert ended == ["to 1"]
        yield job(2)

    for told, event in LocalRunner("cpu").run(work, jobs()):
        if isinstance(event, Done):
            ended.append(told.name)
    assert ended == ["to 1", "to 2"]


def test_closed_it_stops_what_is_running() -> None:
    work = Counting()
    with closing(LocalRunner("cpu").run(work, [job(3), job(3)])) as events:
        next(events)
    assert work.begun == work.closed == ["to 3"]


def test_errors_that_are_none_of_ours_pass() -> None:
    class Broken(Counting):
        def __call__(self, job: Job[int], slot: Slot, /) -> Generator[int, None, None]:
            yield 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(LocalRunner("cpu").run(Broken(), [job(1)]))


def test_without_an_address_jobs_are_run_here() -> None:
    with open_runner("", "cpu", lambda _: None, Config()) as runner:
        assert isinstance(runner, LocalRunner)


@pytest.mark.parametrize("on", ["moon", "moon://a:1", "://", "Ray"])
def test_an_address_that_nobody_knows(on: str) -> None:
    with pytest.raises(UsageError, match="is unknown; write processes"):
        open_runner(on, "cpu", lambda _: None, Config())


def test_a_training_is_a_job(tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config) -> None:
    """It begins, has epochs and ends with its scores; resumed at its end, it is not repeated."""
    config = tiny_config.replace({"train.epochs": 1})
    work = RunWork(prepare(tiny_corpus, config.data))

    def events(*, resume: bool) -> list[Any]:
        trained = Job("one", config, tmp_path, resume)
        return [event for _, event in LocalRunner("cpu").run(work, [trained])]

    first = events(resume=False)
    assert isinstance(first[0], Begun)
    assert sum(isinstance(event, Epoch) for event in first) == 1
    [*_, finished, done] = first
    assert isinstance(finished, Finished)
    assert done == Done(finished)
    assert not any(isinstance(event, (Epoch, *work.ticks)) for event in events(resume=True))
