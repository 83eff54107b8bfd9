"""The ``ner`` command as a user meets it: in this process, or as a process of its own."""

import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import ner.cli

SMALL = ("model.hidden=16", "model.word_dim=16", "model.char_hidden=8", "train.threads=1")
QUICK = ("train.epochs=6", "train.batch_sentences=4", "train.learning_rate=0.02", "train.ema=0.9")
LIMIT = 120  # seconds: no test waits that long, but a hanging process must not hang the suite


def sets(*assignments: str) -> list[str]:
    """``--set`` before each assignment."""
    return [word for assignment in assignments for word in ("--set", assignment)]


TINY = sets(*SMALL, *QUICK)  # learns the tiny corpus by heart in a second
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
    """The environment of a second process: one thread, and nothing of the user's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", **changes}


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


def stopped(
    *arguments: object, when: Callable[[], bool], by: signal.Signals = signal.SIGINT
) -> Outcome:
    """Start the command here, send a signal as soon as `when` holds, and wait for the end."""
    process = subprocess.Popen(
        command(*arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that was started in the background would hand its deafness to SIGINT down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        patience = time.monotonic() + LIMIT
        while not when():
            assert process.poll() is None
            assert time.monotonic() < patience
            time.sleep(0.005)  # between two looks, not in the hope that something has happened
        process.send_signal(by)
        out, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    return Outcome(process.returncode, out, err)


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
