"""A job in another process: what happens there comes back as messages.

Machines of a cluster often share no disk: the job works in a temporary folder, which travels as
bytes, and comes back with the first epoch, from then on every half minute, and at the end. The
files of whoever asked are then as those of a run that was killed there, or finished. On one machine
the job works in its own folder.
"""

import contextlib
import logging
import os
import platform
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ner.errors import NerError, TrainingError
from ner.files import clear_leftovers, write_binary, write_folder
from ner.model import choose_device, threads
from ner.run_folder import FINISHED, EarlierMessages
from ner.training import CorpusRun, Failed, Job, Milestone, Slot, Work
from ner.version import __version__

KEPT_SECONDS = 30.0
"""Seconds after which the folder of a run comes back again."""
METRICS = "metrics.jsonl"
# As a run writes them: what is listed in the metrics is there, and a result comes last.
_LATE = ("model", "checkpoint", METRICS, FINISHED)

_log = logging.getLogger("ner")

Files = Mapping[str, bytes]
"""The files of a folder by their path in it, with slashes."""
Said = tuple[int, str]
"""A message for the log, with its level."""


class Message(NamedTuple):
    """An event of a job, with the log since the one before, and its folder from time to time."""

    said: Sequence[Said]
    event: Any
    files: Files


@dataclass(frozen=True)
class Driver:
    """All that a job needs of the process that asks for it."""

    device: str
    threads: int
    folder: str  # in which relative paths begin
    earlier: Sequence[Said] = ()  # for the log of each run
    version: str = __version__
    here: bool = False  # the same machine: the job writes its folder itself


class Worker:
    """A job that is done message by message; between two of them it waits."""

    def __init__(
        self, work: Work, job: Job[Any], driver: Driver, files: Files, *, resume: bool
    ) -> None:
        """With `resume`, the job goes on with `files`, the content of its folder."""
        self._stopped = False
        self._messages = self._run(work, job, driver, files, resume)

    def next(self) -> Message | None:
        """Go on to the next message; None at the end."""
        return next(self._messages, None)

    def close(self) -> None:
        """Leave the job where it is."""
        self._messages.close()

    def stop(self) -> None:
        """Let `next` come to its end at the next step; called from another thread."""
        self._stopped = True

    def is_stopped(self) -> bool:
        """True if the job is to come to its end; asked at each step."""
        return self._stopped

    def _run(
        self, work: Work, job: Job[Any], driver: Driver, files: Files, resume: bool
    ) -> Generator[Message, None, None]:
        with (
            _folder(job, driver) as (out, content),
            _collected(driver.earlier) as said,
            threads(driver.threads),
        ):
            due = 0.0
            try:
                _settle(driver)
                write_files(out, files)
                slot = Slot(choose_device(driver.device), out, resume)
                for event in self._events(work, job, slot):
                    kept: Files = {}
                    if isinstance(event, Milestone) and time.monotonic() >= due:
                        kept, due = content(), time.monotonic() + KEPT_SECONDS
                    yield Message(_taken(said), event, kept)
            except NerError as error:
                told = error if driver.here else _placed(error, job, out)
                yield Message(_taken(said), Failed(told), content())
            else:
                if not self.is_stopped():
                    yield Message(_taken(said), None, content())

    def _events(self, work: Work, job: Job[Any], slot: Slot) -> Iterator[Any]:
        """The events of a job that are worth a message, until it is stopped."""
        with closing(work(job, slot)) as events:
            for event in events:
                if self.is_stopped():
                    return
                if not isinstance(event, work.ticks):
                    yield event


@contextmanager
def _folder(job: Job[Any], driver: Driver) -> Iterator[tuple[Path, Callable[[], Files]]]:
    """The folder in which a job works, and a function that gives what of it is to travel."""
    if driver.here and job.out:
        yield job.out, dict
        return
    with tempfile.TemporaryDirectory(prefix="ner-") as scratch:
        out = Path(scratch, job.out.name if job.out else "job")
        yield out, partial(read_files, out)


def _settle(driver: Driver) -> None:
    """Make this process like the one that asks. Raises `TrainingError` for another `ner`."""
    if driver.version != __version__:
        raise TrainingError(
            f"{platform.node()}: has ner {__version__}, and {driver.version} is asked for; install "
            "the same version on all machines"
        )
    with contextlib.suppress(OSError):
        os.chdir(driver.folder)


def _placed(error: NerError, job: Job[Any], out: Path) -> NerError:
    """An error that says where it was, and names the folder that stays.

    Errors of the training itself are the same anywhere, and need no place.
    """
    told = str(error).replace(str(out), str(job.out or job.name))
    if isinstance(error, TrainingError):
        return type(error)(told)
    return type(error)(f"{job.name}, on {platform.node()}: {told}")


# --- the log --------------------------------------------------------------------------------------


@contextmanager
def _collected(earlier: Sequence[Said]) -> Iterator[list[Said]]:
    """Collect what is said while the block runs; logs of runs begin with what was said before."""
    said: list[Said] = []
    collector, before = _Collector(said), EarlierMessages()
    for level, text in earlier:
        before.handle(logging.LogRecord(_log.name, level, "", 0, text, None, None))
    level, handlers, upwards = _log.level, _log.handlers, _log.propagate
    _log.handlers, _log.propagate = [collector, before], False
    _log.setLevel(logging.INFO)
    try:
        yield said
    finally:
        _log.handlers, _log.propagate = handlers, upwards
        _log.setLevel(level)


class _Collector(logging.Handler):
    def __init__(self, said: list[Said]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append((record.levelno, record.getMessage()))


def _taken(said: list[Said]) -> list[Said]:
    """All that has been collected; the list is empty then."""
    taken = said.copy()
    said.clear()
    return taken


def earlier_messages() -> list[Said]:
    """Messages from before the runs, which belong into the log of each."""
    handlers = [each for each in _log.handlers if isinstance(each, EarlierMessages)]
    return [
        (record.levelno, record.getMessage())
        for handler in handlers
        for record in handler.records.values()
    ]


# --- the folder -----------------------------------------------------------------------------------


def read_files(folder: Path) -> dict[str, bytes]:
    """The files of a folder; links and hidden ones, which no run has, are left out."""
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(parent, name) for name in names if not name.startswith(".")]
        for path in paths:
            if path.is_file() and not path.is_symlink():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def write_files(folder: Path, files: Files) -> None:
    """Bring the folder of a run to a later state; a folder in it is replaced as a whole.

    Each part appears whole or not at all, in the order in which a run writes them. Raises
    `NerError` where nothing can be written.
    """
    if not files:
        return
    clear_leftovers(folder, CorpusRun.folder.contents)
    if METRICS in files and not (folder / METRICS).exists():
        _write(folder / METRICS, b"")  # it marks the folder as that of a run
    parts: dict[str, dict[str, bytes]] = {}
    for name, content in files.items():
        part, _, inside = name.partition("/")
        parts.setdefault(part, {})[inside] = content
    for part in sorted(parts, key=lambda part: 1 + _LATE.index(part) if part in _LATE else 0):
        _write_part(folder / part, parts[part])


def _write_part(path: Path, files: Files) -> None:
    if "" in files:
        _write(path, files[""])
        return
    with write_folder(path) as folder:
        for name, content in files.items():
            _write(folder / name, content)


def _write(path: Path, content: bytes) -> None:
    with write_binary(path) as file:
        file.write(content)
