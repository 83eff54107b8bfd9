"""Several processes that serve at one address, and the one that watches over them.

Each process has its own socket and its own models. One that ends by itself is replaced; SIGTERM and
Ctrl-C end them all, once they have answered; SIGHUP, or a request that had one of them read its
models again, reaches the others. Without the watching process, they end by themselves.
"""

import logging
import os
import selectors
import signal
import socket
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from ner.errors import NerError, UsageError
from ner.extensions.server.serving import EXCHANGED, READY, Serving, listen, url
from ner.frozen import frozen

_log = logging.getLogger("ner")


@frozen()
class _Worker:
    """A process, the socket that it serves at, and the end of the line to it."""

    pid: int
    listener: socket.socket
    line: socket.socket


def serve(serving: Serving) -> None:
    """Serve until a signal comes. Raises `NerError` for what cannot be served, and where."""
    if serving.workers > 1 and not hasattr(os, "fork"):  # on Windows
        raise UsageError("several processes cannot share a port here; leave --workers out")
    listeners = listen(serving.host, serving.port, serving.workers)
    if serving.workers == 1:
        from ner.extensions.server.process import serve_in_process

        serve_in_process(serving, listeners[0])
        return
    with tempfile.TemporaryDirectory() as figures:
        # Before the packages are imported that read them. With more threads, processes would wait
        # for work at full speed on the cores that they share.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        _Supervisor(serving, listeners, Path(figures)).run()


class _Supervisor:
    """The process that watches over those that serve."""

    def __init__(self, serving: Serving, listeners: list[socket.socket], figures: Path) -> None:
        self._serving, self._listeners, self._figures = serving, listeners, figures
        self._workers: dict[int, _Worker] = {}  # by the handle of the line
        self._ready = 0
        self._ending = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Start the processes and watch. Raises `NerError` if one cannot serve at all."""
        with _signals_as_bytes() as signals:
            self._selector.register(signals, selectors.EVENT_READ)
            self._start(self._listeners[0])  # the others once the first one serves
            while self._workers:
                for key, _ in self._selector.select():
                    if key.fileobj is signals:
                        self._signalled(signals.recv(64))
                    else:
                        self._told(self._workers[key.fd])
        if not self._ending:
            raise NerError("no process can serve; the lines above say why")

    def _start(self, listener: socket.socket) -> None:
        """Fork a process: this one has one thread and holds no lock of a library."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            self._forget(listener)
            ours.close()
            _work(self._serving, listener, theirs)
        theirs.close()
        worker = _Worker(pid, listener, ours)
        self._workers[ours.fileno()] = worker
        self._selector.register(ours, selectors.EVENT_READ)

    def _forget(self, own: socket.socket) -> None:
        """Close what belongs to other processes: open here, it would not end there."""
        for listener in self._listeners:
            if listener is not own:
                listener.close()
        for worker in self._workers.values():
            worker.line.close()

    def _told(self, worker: _Worker) -> None:
        """Act on what a process says; nothing is its end."""
        message = worker.line.recv(1)
        if message == READY:
            self._served(worker)
        elif message == EXCHANGED:
            self._signal(signal.SIGHUP, but=worker)
        else:
            self._ended(worker)

    def _served(self, worker: _Worker) -> None:
        self._ready += 1
        if self._ready == 1:
            for listener in self._listeners[1:]:
                self._start(listener)
        if self._ready == self._serving.workers:
            names, count = ", ".join(self._serving.models), self._serving.workers
            _log.info("%s: %d processes serve %s", url(worker.listener), count, names)

    def _ended(self, worker: _Worker) -> None:
        self._selector.unregister(worker.line)
        del self._workers[worker.line.fileno()]
        worker.line.close()
        _, status = os.waitpid(worker.pid, 0)
        for figure in self._figures.glob(f"gauge_live*_{worker.pid}.db"):
            figure.unlink()  # what it had of the moment; what it counted stays
        if not self._ending and self._ready:
            code = os.waitstatus_to_exitcode(status)
            _log.warning("a process that serves has ended (%d); another takes its place", code)
            self._start(worker.listener)

    def _signalled(self, numbers: bytes) -> None:
        if signal.SIGHUP in numbers:
            self._signal(signal.SIGHUP)
        if self._ending and signal.SIGINT in numbers:
            self._signal(signal.SIGKILL)  # Ctrl-C once more: without waiting
        elif signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self._ending = True
            for listener in self._listeners:
                listener.close()  # else connections would go on coming in, to nobody
            for worker in self._workers.values():
                worker.line.shutdown(socket.SHUT_WR)  # for one that cannot hear signals yet
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals, but: _Worker | None = None) -> None:
        for worker in self._workers.values():
            if worker is not but:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, number)


@contextmanager
def _signals_as_bytes() -> Iterator[socket.socket]:
    """A socket from which the numbers of signals can be read, while the block runs."""
    ours, theirs = socket.socketpair()
    for one in (ours, theirs):
        one.setblocking(False)
    heard = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: None) for number in heard}
    wakeup = signal.set_wakeup_fd(theirs.fileno())
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)


def _work(serving: Serving, listener: socket.socket, parent: socket.socket) -> NoReturn:
    """Serve in a forked process, and end it without what the other one has still to do."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        # While it loads, nothing is in flight; Ctrl-C reaches every process, and is for the other.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        from ner.extensions.server.process import serve_in_process

        serve_in_process(serving, listener, parent)
        code = 0
    except NerError as error:
        _log.error("%s", error)
        code = error.exit_code
    except BaseException:
        _log.error("%s", traceback.format_exc())
    finally:
        os._exit(code)
