"""The ``ner`` command as a user meets it: in this process, or as a process of its own."""

import functools
import io
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

import ner.cli

SMALL = ("model.hidden=16", "model.word_dim=16", "model.char_hidden=8", "train.threads=1")
QUICK = ("train.epochs=6", "train.batch_sentences=4", "train.learning_rate=0.02", "train.ema=0.9")
PLAIN = ("train.case_augmentation=0",)
ROOT = Path(__file__).parents[2]
WARM_HASHES = 1  # the seed of hashes in processes that are forked
LIMIT = 120  # seconds: no test waits that long, but a hanging process must not hang the suite


def sets(*assignments: str) -> list[str]:
    """``--set`` before each assignment."""
    return [word for assignment in assignments for word in ("--set", assignment)]


TINY = sets(*SMALL, *QUICK, *PLAIN)  # learns the tiny corpus by heart in a second
BRIEF = sets(*SMALL, "train.epochs=1")  # where it does not matter what is learnt


@dataclass(frozen=True)
class Outcome:
    """What a command has left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    def complaint(self) -> str:
        """The one line that says what is wrong, and is said last; nothing else went out."""
        lines = self.err.splitlines()
        assert [line for line in lines if line.startswith("ner: error: ")] == lines[-1:], self
        assert "Traceback" not in self.err
        assert self.out == ""
        return lines[-1]

    def good(self) -> "Outcome":
        """The same outcome, of a command that did its work without a complaint."""
        assert self.code == 0, self
        assert "error" not in self.err
        return self


def run(*arguments: object, stdin: bytes = b"") -> Outcome:
    """Run the command in this process; faster, since torch is there already."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with _logging_kept(), pytest.MonkeyPatch.context() as patch:
        for name, stream in (("stdin", given), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as left:
            ner.cli.main([str(argument) for argument in arguments])
        assert isinstance(left.value.code, int)
    return Outcome(left.value.code, _written(out), _written(err))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Put the log back as it was: a command takes it over for its process."""
    logger = logging.getLogger("ner")
    before = logger.handlers, logger.level, logger.propagate, logging.raiseExceptions
    try:
        yield
    finally:
        logger.setLevel(before[1])
        logger.handlers, logger.propagate = before[0], before[2]
        logging.raiseExceptions = before[3]


def command(*arguments: object) -> list[str]:
    """The command line of a second process."""
    return [sys.executable, "-m", "ner", *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """The environment of a second process: one thread, and nothing of the user's.

    Where a test asks for more, those that wait leave the cores to the tests beside it.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", **changes}


def process(*arguments: object, cwd: Path, stdin: bytes = b"") -> Outcome:
    """Run the command as a process of its own."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(),
        input=stdin,
        capture_output=True,
        timeout=LIMIT,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def warm(*arguments: object, cwd: Path) -> Outcome:
    """The same as `process`, forked from a process that has loaded all that it takes."""
    with TemporaryFile() as out, TemporaryFile() as err:
        with forked(*arguments, cwd=cwd, out=out.fileno(), err=err.fileno()) as child:
            code = child.wait()
        return Outcome(code, _content(out), _content(err))


def stopped(
    *arguments: object, when: Callable[[], bool], by: signal.Signals = signal.SIGINT
) -> Outcome:
    """Start the command here, send a signal as soon as `when` holds, and wait for the end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        with forked(*arguments, out=out.fileno(), err=err.fileno()) as child:
            patience = time.monotonic() + LIMIT
            while not when():
                assert child.runs
                assert time.monotonic() < patience
                time.sleep(0.005)  # between two looks, not in the hope that something has happened
            os.kill(child.number, by)
            code = child.wait()
        return Outcome(code, _content(out), _content(err))


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@functools.cache
def _warm() -> socket.socket:
    """The socket of the process that forks (see `tests.cli.warm`); it ends with this one."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())],
            cwd=ROOT,
            env=environment(PYTHONPATH=str(ROOT), PYTHONHASHSEED=str(WARM_HASHES)),
            pass_fds=[theirs.fileno()],
        )
    ours.settimeout(LIMIT)
    return ours


class Child:
    """A process of the command, at work; `_warm` tells when it has ended."""

    def __init__(self) -> None:
        self.number = _answer()
        self._code: int | None = None  # until it has ended

    @property
    def runs(self) -> bool:
        """True until it has ended."""
        return self._code is None and not select.select([_warm()], [], [], 0)[0]

    def wait(self) -> int:
        """Wait for the end; returns the exit code."""
        if self._code is None:
            self._code = _answer()
        return self._code


def _answer() -> int:
    """The next number on the socket."""
    digits = b""
    while (byte := _warm().recv(1)) not in (b"\n", b""):
        digits += byte
    return int(digits)


@contextmanager
def forked(
    *arguments: object,
    out: int,
    err: int,
    cwd: Path = Path(),
    changes: Mapping[str, str] | None = None,
) -> Iterator[Child]:
    """Run the command in a process that loads nothing; it is killed if it has not ended.

    `out` and `err` are handles; `changes` are those of its environment.
    """
    ignored = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) == signal.SIG_IGN]
    request = {
        "arguments": [*map(str, arguments)],
        "cwd": str(cwd.resolve()),
        "environment": environment(**changes or {}),
        "ignored": ignored,
    }
    with open(os.devnull, "rb") as nothing:
        handles = [nothing.fileno(), out, err]
        socket.send_fds(_warm(), [json.dumps(request).encode()], handles)
        child = Child()
    try:
        yield child
    finally:
        if child.runs:
            os.kill(child.number, signal.SIGKILL)
        child.wait()


def shell(script: str, *arguments: object, cwd: Path) -> Outcome:
    """Run a shell script in which ``"$@"`` is the command with its arguments."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script, "bash", *command(*arguments)],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file and folder below a folder, and what is in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }
