"""Processes as ``torchrun`` starts them, forked from this one, so that nothing is loaded again."""

import multiprocessing
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ner.cli
import ner.training.parallel  # loads torch, once for all
from tests.cli.command import LIMIT, Outcome


def variables(rank: int, size: int, port: int = 1) -> dict[str, str]:
    """The variables by which a process knows its place, all on one machine."""
    values = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "MASTER_PORT": port}
    return {"MASTER_ADDR": "127.0.0.1", **{name: str(value) for name, value in values.items()}}


class Together:
    """Some processes at work, with a folder of their own for what they leave behind."""

    def __init__(self, work: Callable[[], Any], folder: Path, size: int = 2) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        context = multiprocessing.get_context("fork")
        self._started = [
            context.Process(target=_begin, args=(work, folder, rank, variables(rank, size, port)))
            for rank in range(size)
        ]
        for process in self._started:
            process.start()

    def __enter__(self) -> "Together":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.kill()
            process.join()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that comes true while all are at work."""
        patience = time.monotonic() + LIMIT
        while not holds():
            assert all(process.is_alive() for process in self._started), "ended before"
            assert time.monotonic() < patience
            time.sleep(0.005)  # between two looks, not in the hope that something has happened

    def send(self, number: signal.Signals, *ranks: int) -> None:
        """Send a signal to some."""
        for rank in ranks:
            pid = self._started[rank].pid
            assert pid is not None
            os.kill(pid, number)

    def outcomes(self) -> list[Outcome]:
        """Wait for the end of all; gives what each has printed, and its exit code."""
        for process in self._started:
            process.join(LIMIT)
            assert process.exitcode is not None, "it hangs"
        return [
            Outcome(process.exitcode or 0, self._read(rank, "out"), self._read(rank, "err"))
            for rank, process in enumerate(self._started)
        ]

    def results(self) -> list[Any]:
        """Wait for the end of all; gives what `work` has returned in each."""
        outcomes = self.outcomes()
        assert [outcome.code for outcome in outcomes] == [0] * len(outcomes), outcomes
        ranks = range(len(outcomes))
        return [pickle.loads((self._folder / f"{rank}.found").read_bytes()) for rank in ranks]

    def _read(self, rank: int, name: str) -> str:
        return (self._folder / f"{rank}.{name}").read_text(encoding="utf-8")


def together(work: Callable[[], Any], folder: Path, size: int = 2) -> list[Any]:
    """Do some work in each of several processes that have joined; gives what each returns."""

    def joined() -> Any:
        with ner.training.parallel.joined("cpu"):
            return work()

    with Together(joined, folder, size) as at_work:
        return at_work.results()


def commands(*arguments: object, folder: Path, size: int = 2) -> Together:
    """Start the command in each of several processes."""
    return Together(lambda: ner.cli.main([str(one) for one in arguments]), folder, size)


def _begin(work: Callable[[], Any], folder: Path, rank: int, changes: dict[str, str]) -> None:
    """Be one of the processes; ends it."""
    os.environ.update(changes)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("out", "err"):
        stream = open(folder / f"{rank}.{name}", "w", 1, encoding="utf-8")  # noqa: SIM115
        setattr(sys, f"std{name}", stream)
    code = 0
    try:
        (folder / f"{rank}.found").write_bytes(pickle.dumps(work()))
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
