"""The protocol of everything that is trained: a run in a folder that can be stopped and resumed.

Taggers, classifiers and language models bring a trainer and save their model; the folder and its
lock, checkpoints, resumption, metrics and the log are the same for all.
"""

import json
import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

from torch import Tensor

from ner.checkpoint import damaged, read_checkpoint, write_checkpoint
from ner.errors import NerError, TrainingError
from ner.files import clear_leftovers, exclusive_lock
from ner.model import threads
from ner.run_folder import (
    FINISHED,
    RunFolder,
    check_restart,
    log_file,
    write_file,
    write_records,
)
from ner.training.parallel import processes

_log = logging.getLogger("ner")


class Milestone(ABC):
    """The model has been evaluated on the way; a trainer yields it, its run puts it on disk."""

    best: bool  # better than all before

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Give its record in ``metrics.jsonl``."""


class Outcome(Protocol):
    """The end of a run."""

    def to_dict(self) -> Mapping[str, Any]:
        """Give the content of ``result.json``."""

    def lines(self) -> Iterator[str]:
        """Report it to people."""


class AnyTrainer(Protocol):
    """Everything that changes while a model is trained, and the loop that changes it."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Take tensors and plain values between two steps."""

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Go back to where `state` was taken.

        Raises `KeyError`, `RuntimeError`, `TypeError` or `ValueError` for anything else.
        """

    def run(self) -> Iterator[Any]:
        """Train to the end; yields steps, and a `Milestone` after each evaluation."""


def has_begun(out: Path) -> bool:
    """True if there is something in a folder to go on from."""
    return any((out / name).exists() for name in ("model", "checkpoint"))


def _is_empty(out: Path) -> bool:
    """True for a folder with nothing but hidden files."""
    return not any(out.glob("[!.]*"))


def _stopped_early(out: Path) -> bool:
    """True for a folder that is empty, or has the mark of a run and nothing to go on from."""
    marked = (out / "metrics.jsonl").exists() or (out.is_dir() and _is_empty(out))
    return marked and not has_begun(out)


def check_resumable(folder: RunFolder, *places: Path, new: bool) -> None:
    """Refuse to go on where nothing has begun in the first place or others of the same run.

    One that is empty, and not `new`, is of a run that was killed early. Raises `UsageError`.
    """
    if new or not _is_empty(places[0]):
        folder.check_begun(*places)


class BaseRun(ABC):
    """One training run in one folder; `events` does the work."""

    folder: ClassVar[RunFolder]
    record_keys: ClassVar[tuple[str, ...]]  # of each record in ``metrics.jsonl``
    config: Any
    trainer: AnyTrainer

    def __init__(self, config: Any, out: Path) -> None:
        self.config = config
        self.out = out
        self._seconds = 0.0
        self._saved = -math.inf
        self._resumed = False
        self._history: list[dict[str, Any]] = []
        self._processes = processes()

    @property
    def has_begun(self) -> bool:
        """True if there is something in the folder to go on from."""
        return has_begun(self.out)

    def resume(self) -> None:
        """Go back to the last checkpoint.

        A run that was killed before its first one begins anew. Raises `TrainingError` if it is of
        another run, damaged or missing, and `UsageError` if the best model is missing.
        """
        if not self._processes.leads:
            return  # the first process tells it where to go on
        if _stopped_early(self.out):
            _log.info("%s: stopped before its first checkpoint; the run begins anew", self.out)
            return
        place = self.out / "checkpoint"
        tensors, state = read_checkpoint(place)
        self._tell_of_others(state)
        try:
            if other := self._differences(state):
                raise TrainingError(
                    f"{self.out}: was started with other settings ({', '.join(other)}); resume "
                    f"with the same (--config {self.out / 'config.toml'}), or start anew elsewhere"
                )
            self._restore(tensors, state)
        except NerError:
            raise
        except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise damaged(place, error) from None
        self._resumed = True
        if self._history:
            self._check_best()

    def _tell_of_others(self, state: Mapping[str, Any]) -> None:
        before, now = state.get("processes", 1), self._processes.count
        if before != now:
            _log.info(
                "processes: %s until now, %d from now on; batches stay, and what is drawn does not",
                before, now,
            )  # fmt: skip

    def _restore(self, tensors: dict[str, Tensor], state: Mapping[str, Any]) -> None:
        """Take over the content of a checkpoint."""
        self.trainer.restore(tensors, state["trainer"])
        self._history = [dict(record) for record in state["history"]]
        for record in self._history:
            for key in self.record_keys:
                record[key]
        self._seconds = float(state.get("seconds", 0.0))

    @abstractmethod
    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        """Name the differences from the run that wrote a checkpoint."""

    @abstractmethod
    def _check_best(self) -> None:
        """Read of the best model so far all that going on needs. Raises `NerError`."""

    def events(self) -> Generator[Any, None, Any]:
        """Train; yields each step, each milestone, and the outcome at last, and returns that.

        Everything is on disk before a `Milestone` is yielded. The folder must be locked.
        """
        if not self._processes.leads:
            return (yield from self._follow())
        clear_leftovers(self.out, self.folder.contents)
        self._write_metrics()  # first: it marks the folder as one of a run
        write_file(self.out / "config.toml", self.config.to_toml())
        with log_file(self.out / "log.txt") as note, threads(self.config.train.threads):
            _log.info("run folder: %s", self.out)
            started = time.perf_counter() - self._seconds
            self._prepare()
            if not self._resumed:
                self._checkpoint()
            if self._processes.count > 1:
                self._processes.first(self._position)
            for event in self._train():
                self._seconds = time.perf_counter() - started
                if isinstance(event, Milestone):
                    self._keep(event)
                elif time.monotonic() >= self._saved + 60 * self.config.train.checkpoint_minutes:
                    self._checkpoint()
                yield event
            outcome = self._processes.first(self._finish)
            for text in outcome.lines():
                note(text)
            write_file(self.out / FINISHED, json.dumps(outcome.to_dict(), indent=2) + "\n")
            yield outcome
        return outcome

    def _follow(self) -> Generator[Any, None, Any]:
        """Do the part of any process but the first: learn, and write nothing."""
        with threads(self.config.train.threads):
            self._prepare()
            self._begin_at(*self._processes.first(self._position))
            yield from self._train()
            outcome = self._processes.first(self._finish)
            yield outcome
        return outcome

    def _begin_at(self, settings: str, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Go where the first process is. Raises `TrainingError` if it trains something else."""
        mine = {"settings": self.config.to_toml(), **self._identity()}
        theirs = {"settings": settings, **state}
        if unlike := [key for key, value in mine.items() if theirs[key] != value]:
            raise TrainingError(
                f"has not what the first process has ({', '.join(unlike)}); give all machines the "
                "same command and files"
            )
        self._restore(tensors, state)

    def _prepare(self) -> None:  # noqa: B027 (most have nothing to do)
        """Do what takes a while, and is to be logged, before the first step."""

    def _train(self) -> Iterator[Any]:
        yield from self.trainer.run()

    def _keep(self, milestone: Milestone) -> None:
        """Put a milestone on disk: the model if it is the best, a record, a checkpoint."""
        self._history.append(milestone.to_dict())
        if milestone.best:
            self._save(milestone)
        self._checkpoint()
        self._write_metrics()  # last: a milestone that is listed can be gone on from
        _log.info("%s", self._line(milestone))

    @abstractmethod
    def _save(self, milestone: Any) -> None:
        """Write the model as it is now, as the best one."""

    @abstractmethod
    def _line(self, milestone: Any) -> str:
        """Describe a milestone for the log."""

    def _checkpoint(self) -> None:
        """Put on disk what going on from here needs."""
        _, tensors, state = self._position()
        write_checkpoint(self.out / "checkpoint", tensors, state)
        self._saved = time.monotonic()

    def _position(self) -> tuple[str, dict[str, Tensor], dict[str, Any]]:
        """Give the settings, and all that going on from here needs."""
        tensors, plain = self.trainer.state()
        state = {
            "kind": self.folder.kind,
            "trainer": plain,
            "history": self._history,
            "seconds": self._seconds,
        }
        if self._processes.count > 1:
            state["processes"] = self._processes.count
        return self.config.to_toml(), tensors, state | self._identity()

    @abstractmethod
    def _identity(self) -> dict[str, Any]:
        """Give the part of a checkpoint by which `_differences` knows its run."""

    def _write_metrics(self) -> None:
        write_records(self.out / "metrics.jsonl", self._history)

    @abstractmethod
    def _finish(self) -> Outcome:
        """Evaluate the best model, and write all but ``result.json``."""


def run_events(
    out: Path,
    kind: type[BaseRun],
    start: Callable[[], BaseRun],
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Any]:
    """Let a run of some kind happen in a folder of its own; to be run to its end.

    Raises `NerError` for a folder that will not do, and whatever `start` raises.
    """
    check_restart(resume=resume, overwrite=overwrite)
    if not processes().leads:
        yield from start().events()
        return
    with exclusive_lock(out) as new:
        if resume:
            check_resumable(kind.folder, out, new=new)
        else:
            kind.folder.check(out, overwrite=overwrite)
        run = start()
        if resume:
            run.resume()
        else:
            kind.folder.clear(out)  # only now: errors of the new run have been raised
        yield from run.events()
