"""Jobs in other processes, several at once: what all runners of them have in common."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar, Self

from ner.errors import TrainingError
from ner.extensions.runners.worker import Message, write_files
from ner.training import Begun, Done, Failed, Finished, Job, Milestone, Work, has_begun

MOST_DEATHS = 3
"""Workers that may die one after the other before a job has got any further."""
STOP_SECONDS = 10.0
"""Seconds in which workers should stop by themselves."""

_log = logging.getLogger("ner")


class WorkerDied(Exception):
    """A worker is gone, and why in a few words."""


@dataclass(eq=False)
class Running:
    """A job, the worker that does it, and how far it has come."""

    job: Job[Any]
    worker: Any = None
    asked: Any = None  # by what its message is known
    begun: bool = False
    deaths: int = 0
    last: Any = None


@dataclass
class RemoteRunner(ABC):
    """Workers that do a job each, message by message; one that dies is replaced by another."""

    on: str
    device: str
    threads: int
    running: list[Running] = field(default_factory=list, init=False)

    LAST_STATE: ClassVar[str]
    """The state in which a job has stayed, for a message."""
    ADVICE: ClassVar[str]
    """The advice where workers die again and again, for a message."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what is running."""
        self._stop_all()

    # --- what differs -----------------------------------------------------------------------------

    @property
    @abstractmethod
    def room(self) -> int:
        """The number of jobs that can be done at once, one at least."""

    @abstractmethod
    def start(self, work: Any, job: Job[Any], *, resume: bool) -> Any:
        """Start a worker, which waits to be asked; gives what it is known by."""

    @abstractmethod
    def ask(self, running: Running) -> None:
        """Ask a worker for its next message. What is wrong with it, `answer` raises."""

    @abstractmethod
    def answering(self, running: Sequence[Running]) -> Running:
        """Wait until a worker has its message or has died; all have been asked."""

    @abstractmethod
    def answer(self, running: Running) -> Message | None:
        """Take the message of such a worker; None at the end of its job. Raises `WorkerDied`."""

    @abstractmethod
    def end(self, running: Sequence[Running]) -> None:
        """Let workers stop by themselves, and kill those that do not in `STOP_SECONDS`."""

    def free(self, jobs: Iterable[Job[Any]]) -> int | None:
        """The number of jobs that may be started now; None: all."""
        return max(0, self.room - len(self.running))

    # --- jobs -------------------------------------------------------------------------------------

    def run(
        self, work: Work, jobs: Iterable[Job[Any]]
    ) -> Generator[tuple[Job[Any], Any], None, None]:
        """Run jobs; yields their events as they come.

        One whose worker dies starts again from the last state of its folder.
        """
        waiting = iter(jobs)
        try:
            while True:
                for job in islice(waiting, self.free(jobs)):
                    self._start(work, Running(job), resume=job.resume)
                if not self.running:
                    return
                yield from self._received(work, self.answering(self.running))
        finally:
            self._stop_all()

    def stop(self, job: Job[Any]) -> None:
        """Stop a job whose event has just been yielded."""
        [running] = [running for running in self.running if running.job is job]
        self._leave(running)

    def _start(self, work: Any, running: Running, *, resume: bool) -> None:
        running.worker = self.start(work, running.job, resume=resume)
        self.running.append(running)
        self.ask(running)

    def _leave(self, running: Running) -> None:
        self.running.remove(running)
        self.end([running])

    def _stop_all(self) -> None:
        left = [*self.running]
        self.running.clear()
        self.end(left)

    def _received(self, work: Any, running: Running) -> Iterator[tuple[Job[Any], Any]]:
        """Take a message of a job, and ask for the next one once it has been heeded."""
        job = running.job
        try:
            message = self.answer(running)
        except WorkerDied as death:
            self._leave(running)
            yield from self._again(work, running, str(death))
            return
        if message is None or isinstance(message.event, Failed):
            self.running.remove(running)  # nothing needs its worker any more, which then ends
        if message is None:
            yield job, Done(running.last)
            return
        for level, text in message.said:  # warnings are of the corpus: the same for all
            _log.log(level, "%s", text if level >= logging.WARNING else f"{job.name}: {text}")
        yield from self._taken(running, message)
        if running in self.running:
            self.ask(running)

    def _taken(self, running: Running, message: Message) -> Iterator[tuple[Job[Any], Any]]:
        """Keep the folder of a message, and yield its event."""
        job, event = running.job, message.event
        if message.files and job.out:
            write_files(job.out, message.files)
        if isinstance(event, Finished) and job.out:
            event = replace(event, out=job.out)
        if isinstance(event, Milestone):
            running.deaths = 0
        again = isinstance(event, Begun) and running.begun  # by a worker after the first
        if event is not None and not again:
            running.begun, running.last = True, event
            yield job, event

    def _again(self, work: Any, running: Running, reason: str) -> Iterator[tuple[Job[Any], Any]]:
        """Start a job again whose worker has died; too often, and it has failed."""
        job = running.job
        running.deaths += 1
        if running.deaths > MOST_DEATHS:
            told = f"{job.name}: its worker has died {running.deaths} times ({reason})"
            yield job, Failed(TrainingError(f"{told}; {self.ADVICE}"))
            return
        # Once it has begun, what was in the folder before is gone.
        resume = job.resume or (running.begun and job.out is not None and has_begun(job.out))
        state = f"again from {self.LAST_STATE}" if resume else "anew"
        _log.warning("%s: its worker has died (%s); it starts %s", job.name, reason, state)
        self._start(work, running, resume=resume)
