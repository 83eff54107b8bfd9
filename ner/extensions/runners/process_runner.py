"""Jobs in several processes of this machine (``--on processes``)."""

import os
import re
import signal
import time
import traceback
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, NamedTuple, Self, cast

from ner.errors import NerError, UsageError
from ner.extensions.runners.runner import STOP_SECONDS, RemoteRunner, Running, WorkerDied
from ner.extensions.runners.worker import Driver, Message, Worker, earlier_messages
from ner.model import choose_device
from ner.scale import available_cores, start_process
from ner.training import Job, Work

ASK = b""
"""All that a worker is sent: it is to go on to its next message."""


class _Process(NamedTuple):
    """A worker, and our end of its pipe."""

    process: BaseProcess
    connection: Connection


@dataclass
class ProcessRunner(RemoteRunner):
    """Processes of this machine, ``processes`` or ``processes:N``: one for each job, N at once.

    Without a number, there are as many as cores, of which each takes `threads`. They share the GPU,
    if there is one. A worker writes into the folder of its job, and ends with this process.
    """

    LAST_STATE: ClassVar = "its last checkpoint"
    ADVICE: ClassVar = "close other programs, or choose fewer with --on processes:N"

    def __enter__(self) -> Self:
        """Raise `UsageError` for a device that is not there, and a number that is none."""
        choose_device(self.device)
        _, given, number = self.on.partition(":")
        if given and not re.fullmatch("[1-9][0-9]{0,3}", number):
            raise UsageError(f"--on {self.on}: is not a number of processes; write processes:4")
        return self

    @property
    def room(self) -> int:
        """The number of jobs that can be done at once."""
        number = self.on.partition(":")[2]
        return int(number) if number else max(1, available_cores() // self.threads)

    # --- workers ----------------------------------------------------------------------------------

    def start(self, work: Any, job: Job[Any], *, resume: bool) -> _Process:
        """Start a process. Raises `NerError` where there can be none."""
        driver = Driver(self.device, self.threads, os.getcwd(), earlier_messages(), here=True)
        return _Process(*start_process(_serve, work, job, driver, resume, advice=self.ADVICE))

    def ask(self, running: Running) -> None:
        """Ask a process for its next message."""
        with suppress(ConnectionError):
            running.worker.connection.send(ASK)

    def answering(self, running: Sequence[Running]) -> Running:
        """Wait for a message, or the end of a pipe."""
        by_connection = {each.worker.connection: each for each in running}
        return by_connection[cast(Connection, wait([*by_connection])[0])]

    def answer(self, running: Running) -> Message | None:
        """Take it. Raises `WorkerDied`, and what is wrong with our own code.

        A process that could not even begin is a `NerError`: another one could not, either.
        """
        try:
            answer: Message | Exception | None = running.worker.connection.recv()
        except (EOFError, ConnectionError):
            raise self._end_of(running.worker.process) from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _end_of(self, process: BaseProcess) -> WorkerDied | NerError:
        """Tell by which signal or exit code a process has ended."""
        process.join()
        code = process.exitcode or 0
        if code < 0:
            return WorkerDied(signal.Signals(-code).name)
        return NerError(
            f"--on {self.on}: a process has ended with exit code {code}, and says why above; the "
            'main module of a script must be guarded (if __name__ == "__main__":)'
        )

    def end(self, running: Sequence[Running]) -> None:
        """Close the pipes, by which processes stop, and kill those that do not."""
        workers: list[_Process] = [each.worker for each in running]
        for worker in workers:
            worker.connection.close()
        last = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.process.join(max(0.0, last - time.monotonic()))
            worker.process.kill()
            worker.process.join()


# --- in the other process -------------------------------------------------------------------------


class _ListeningWorker(Worker):
    """A worker that is stopped by the other end of its pipe, or the end of that process.

    Nothing comes before its answer, so whatever there is to be read is that end.
    """

    def __init__(
        self, connection: Connection, work: Work, job: Job[Any], driver: Driver, *, resume: bool
    ) -> None:
        super().__init__(work, job, driver, {}, resume=resume)
        self._connection = connection

    def is_stopped(self) -> bool:
        """True if the other end is closed."""
        return self._connection.poll()


def _serve(connection: Connection, work: Work, job: Job[Any], driver: Driver, resume: bool) -> None:
    """Do a job in a process of its own until the pipe closes."""
    worker = _ListeningWorker(connection, work, job, driver, resume=resume)
    with closing(worker), suppress(EOFError, ConnectionError):
        while True:
            connection.recv()
            connection.send(_answer(worker))


def _answer(worker: Worker) -> Message | Exception | None:
    try:
        return worker.next()
    except Exception as error:
        error.add_note(f"in another process:\n{traceback.format_exc()}")
        return error
