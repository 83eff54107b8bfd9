"""Independent jobs, such as the trainings of several seeds, and where they are run.

Here they run one after another. Extensions declare other runners (``RUNNERS``), which an address
chooses (``--on``).
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch

from ner.config import Config
from ner.errors import NerError
from ner.model import choose_device
from ner.plugins import load, runner_place
from ner.training.examples import SoftLabels
from ner.training.loop import Step
from ner.training.preparation import PreparedCorpus
from ner.training.run import Run
from ner.training.start import StartModel

Task = TypeVar("Task")


@dataclass(frozen=True, eq=False)
class Job(Generic[Task]):
    """A task that needs nothing of others, under a name for people."""

    name: str
    task: Task
    out: Path | None = None  # its run folder, which whoever runs the job may write
    resume: bool = False  # go on with what the folder holds


@dataclass(frozen=True)
class Slot:
    """All that a machine gives a job: a device and a folder."""

    device: torch.device
    out: Path = Path()
    resume: bool = False
    progress: Callable[[int], None] = lambda _: None  # gets the bytes of vectors files read


@dataclass(frozen=True)
class Begun:
    """The first event of a job with a folder: what stood there may be replaced from now on."""


@dataclass(frozen=True)
class Done:
    """The end of a job, with its last event before."""

    last: Any


@dataclass(frozen=True)
class Failed:
    """The end of a job that cannot be done."""

    error: NerError


class Work(Protocol):
    """The way in which tasks of one kind are done; it can be pickled."""

    ticks: ClassVar[tuple[type, ...]]
    """Events that only move a bar, and need not travel."""

    def __call__(self, job: Job[Any], slot: Slot, /) -> Generator[Any, None, None]:
        """Do a job; yields what happens. Raises `NerError`."""


class Runner(Protocol):
    """A machine, or many, on which jobs are run."""

    def run(
        self, work: Work, jobs: Iterable[Job[Task]]
    ) -> Generator[tuple[Job[Task], Any], None, None]:
        """Run jobs; yields their events, and `Done` or `Failed` at the end of each.

        An iterator is asked for a job as there is room. Closed, it stops them all.
        """

    def stop(self, job: Job[Any]) -> None:
        """Stop a job whose event has just been yielded; no other follows, and no end."""


class LocalRunner:
    """This process, which runs jobs one after another."""

    def __init__(self, device: str, progress: Callable[[int], None] = lambda _: None) -> None:
        """Choose the device. Raises `UsageError` for one that is not there."""
        self._device = choose_device(device)
        self._progress = progress
        self._stopped: Job[Any] | None = None

    def run(
        self, work: Work, jobs: Iterable[Job[Task]]
    ) -> Generator[tuple[Job[Task], Any], None, None]:
        """Run each job to its end before the next one."""
        for job in jobs:
            slot = Slot(self._device, job.out or Path(), job.resume, self._progress)
            event: Any = None
            end: Done | Failed | None = None
            with closing(work(job, slot)) as events:
                try:
                    for event in events:
                        yield job, event
                        if self._stopped is job:
                            break
                    else:
                        end = Done(event)
                except NerError as error:
                    end = Failed(error)
            if end is not None:
                yield job, end

    def stop(self, job: Job[Any]) -> None:
        """Leave a job at the event that has just been yielded."""
        self._stopped = job


def open_runner(
    on: str, device: str, progress: Callable[[int], None], config: Config
) -> AbstractContextManager[Runner]:
    """The runner at an address that an extension declares; for "", this process.

    `progress` gets the bytes of vectors files that this process reads; of the settings, a runner
    elsewhere needs ``train.threads``. Raises `UsageError` for an address or device without a
    runner, and `NerError` where it cannot be reached.
    """
    if not on:
        return nullcontext(LocalRunner(device, progress))
    threads = 1 if config.train.threads == "auto" else config.train.threads
    opened: AbstractContextManager[Runner] = load(runner_place(on))(on, device, threads)
    return opened


# --- trainings ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunWork:
    """The work of jobs that train a tagger on one corpus, each with a configuration for a task."""

    corpus: PreparedCorpus
    start: StartModel | None = None
    soft_labels: SoftLabels | None = None
    ticks: ClassVar[tuple[type, ...]] = (Step,)

    def run(self, config: Config, slot: Slot) -> Run:
        """The run of a configuration."""
        return Run(
            self.corpus, config, slot.out, slot.device, slot.progress, self.soft_labels,
            self.start,
        )  # fmt: skip

    def __call__(self, job: Job[Config], slot: Slot, /) -> Generator[Any, None, None]:
        """Train; yields `Begun`, then the events of the run. Raises `NerError`."""
        run = self.run(job.task, slot)
        if slot.resume:
            run.resume()
        yield Begun()
        yield from run.events()
