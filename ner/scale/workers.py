"""Worker processes that share a row of items, with results in the order of the items.

Each worker has a pipe of its own and one item at a time. So nothing is shared
that a worker, killed at any moment, could leave locked or half written: its end
of the pipe closes, and that is noticed. (`concurrent.futures` may hang there.)
"""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from ner.errors import NerError

if TYPE_CHECKING:  # most texts are tagged in one process, which needs none of this
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from types import TracebackType

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2  # items taken per worker before the first of them is asked for: bounds what is waiting


def available_cores() -> int:
    """The number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered_map(
    make: Callable[[], Callable[[Item], Result]],
    items: Iterable[Item],
    workers: int,
    is_ready: Callable[[], bool] = lambda: True,
) -> Generator[Result, None, None]:
    """``map(make(), items)`` in at most `workers` processes, each of which calls `make` once.

    Items are taken as they are needed, at most `AHEAD` for each worker, and while one is worked on
    only if the next `is_ready`; `make`, items and results are pickled. What a worker raises is
    raised here, at the place of its item. However this generator ends, or its process does, the
    workers end with it. Raises `NerError` if one of them ends by itself.
    """
    source = iter(items)
    taken = asked = 0
    outcomes: dict[int, _Outcome] = {}
    more = True
    with _WorkerPool(make, workers) as pool:
        while more or pool.busy:
            room = more and pool.free and taken - asked < AHEAD * workers
            if room and (not pool.busy or is_ready()):
                for item in islice(source, 1):
                    pool.submit(taken, item)
                    taken += 1
                    break
                else:
                    more = False
                outcomes |= pool.outcomes(timeout=0)
            else:
                outcomes |= pool.outcomes()
            while asked in outcomes:
                yield _unwrap(outcomes.pop(asked))
                asked += 1


class _Outcome(NamedTuple):
    """The result of a worker for an item, or the error that it raised."""

    result: Any
    error: Exception | None = None


def _unwrap(outcome: _Outcome) -> Any:
    if outcome.error is not None:
        raise outcome.error
    return outcome.result


class _WorkerPool:
    """Processes that are started when there is something to do, up to a number of them."""

    def __init__(self, make: Callable[[], Any], size: int) -> None:
        self._make = make
        self._size = size
        self._processes: list[BaseProcess] = []
        self._idle: list[Connection] = []
        self.busy: dict[Connection, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill all workers: results that are still to come are of no use."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()
        for connection in (*self._idle, *self.busy):
            connection.close()

    @property
    def free(self) -> bool:
        """True if a worker can take an item."""
        return bool(self._idle) or len(self._processes) < self._size

    def submit(self, number: int, item: Any) -> None:
        """Send an item to a free worker, which waits for one: this does not block for long."""
        connection = self._idle.pop() if self._idle else self._start()
        with _worker_loss_reported():
            connection.send(item)
        self.busy[connection] = number

    def outcomes(self, timeout: float | None = None) -> dict[int, _Outcome]:
        """The outcomes so far, by the number of the item; with time, wait for one at least."""
        from multiprocessing.connection import wait

        found = {}
        for ready in wait(self.busy, timeout):
            connection = cast("Connection", ready)
            with _worker_loss_reported():
                found[self.busy.pop(connection)] = connection.recv()
            self._idle.append(connection)
        return found

    def _start(self) -> Connection:
        process, connection = start_process(
            _serve, self._make, advice="choose fewer with --workers"
        )
        self._processes.append(process)
        return connection


def start_process(
    serve: Callable[..., None], *given: Any, advice: str
) -> tuple[BaseProcess, Connection]:
    """Start a process that calls `serve` with one end of a pipe and what is given.

    Returns it with the other end. It is deaf to Ctrl-C, and can notice by the pipe that this
    process has ended. Raises `NerError`, with an advice, where there can be none.
    """
    import multiprocessing

    # A fork would inherit locks of torch's threads, but not the threads.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, *given), daemon=True)
    with _interrupts_blocked(), _one_thread_each():
        try:
            process.start()
        except OSError as error:
            reason = error.strerror or error
            raise NerError(f"a worker process cannot be started ({reason}); {advice}") from None
    theirs.close()  # so that only the worker has it, and its end can be noticed
    return process, ours


@contextlib.contextmanager
def _worker_loss_reported() -> Iterator[None]:
    """Turn the end of a worker into `NerError`."""
    try:
        yield
    except (EOFError, ConnectionError):
        raise NerError(
            "a worker process was ended from outside (is there enough memory?); "
            "choose fewer with --workers"
        ) from None


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes in this block that ignore Ctrl-C: this one stops them.

    The signal is held back here during the block, and they inherit that for good.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else the first process starts it, and lets the signal in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Start processes in this block whose libraries compute on one thread, if nothing else is set.

    Those of others would wait for work at full speed, on the cores that all of them share.
    """
    if "OMP_NUM_THREADS" in os.environ:
        yield
        return
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        del os.environ["OMP_NUM_THREADS"]


def _serve(connection: Connection, make: Callable[[], Callable[[Any], Any]]) -> None:
    """Work on items in a worker process until the pipe closes."""
    work: Callable[[Any], Any] | None = None
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            item = connection.recv()
            try:
                work = work or make()
                outcome = _Outcome(work(item))
            except Exception as error:
                error.add_note(f"in a worker process:\n{traceback.format_exc()}")
                outcome = _Outcome(None, error)
            connection.send(outcome)
