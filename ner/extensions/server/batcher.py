"""Requests that arrive together, tagged in one batch by one thread.

The thread works in rounds. Each takes some sentences of every request that is there, up to
`ROUND_TOKENS`, and tags those that want the same in one call; a request with more sentences goes on
in the next round. A round begins at once unless further requests are known to be on their way,
for which it waits at most `WAIT`.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from ner.extensions.server.jobs import Job, Piece
from ner.extensions.server.limits import Limits
from ner.extensions.server.problems import busy

WAIT = 0.002  # seconds
ROUND_TOKENS = 4096
JOB_TOKENS = 1024  # of one request in a round
ROUND_JOBS = 128

Result = TypeVar("Result")


class _Waiting:
    """A job, who waits for its answer, and how it stands."""

    def __init__(self, job: Job, future: "asyncio.Future[bytes]") -> None:
        self.job, self.future = job, future
        self.loop = future.get_loop()
        self.pieces: list[Piece] = []  # of this round
        self.outcome: bytes | Exception | None = None

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """The result of a step of the work; what it raises is the outcome."""
        try:
            return step()
        except Exception as error:  # of this job alone: the thread goes on
            self.outcome = error
            return None

    def finish(self) -> None:
        """Make the answer of what was found the outcome."""
        answer = self.attempt(self.job.answer)
        if answer is not None:
            self.outcome = answer


class Batcher:
    """The queue in front of the tagger, and the thread behind it."""

    def __init__(self, limits: Limits, watch: Callable[[int], object] = lambda texts: None) -> None:
        """`watch` is told of how many documents each call of a tagger is."""
        self._limits, self._watch = limits, watch
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._places = asyncio.Semaphore(limits.waiting)
        self._expected = 0
        self.waiting = 0  # requests that are tagged or wait for it
        self._thread = threading.Thread(target=self._work, name="tagging", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """True as long as there is a thread that tags."""
        return self._thread.is_alive()

    @contextmanager
    def expected(self) -> Iterator[None]:
        """A block in which a request comes in: a round may wait for it."""
        self._expected += 1
        try:
            yield
        finally:
            self._expected -= 1

    async def answer(self, job: Job, *, patient: bool = False) -> bytes:
        """The answer of a job. Raises `Problem`, or what went wrong with it.

        Where there is no place for it, a job that is not `patient` is refused at once.
        """
        if not patient and self._places.locked():
            raise busy(f"{self._limits.waiting} requests are waiting")
        try:
            async with asyncio.timeout(self._limits.seconds), self._places:
                return await self._queued(job)
        except TimeoutError:
            raise busy(f"the answer takes more than {self._limits.seconds:g} s") from None
        finally:
            job.abandoned = True  # if it is not done

    async def _queued(self, job: Job) -> bytes:
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.waiting += 1
        try:
            self._queue.put(_Waiting(job, future))
            return await future
        finally:
            self.waiting -= 1

    def close(self) -> None:
        """End the thread once everything before is done."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        active: list[_Waiting] = []
        closing = False
        while active or not closing:
            arrived = self._arrivals(active)
            closing = closing or None in arrived
            active += [one for one in arrived if one is not None]
            active = self._round([one for one in active if not one.job.abandoned])

    def _arrivals(self, active: list[_Waiting]) -> list[_Waiting | None]:
        """The requests that came in; without any, those that come, and some that follow soon."""
        arrived = [] if active else [self._queue.get()]
        characters = sum(one.job.characters for one in (*active, *arrived) if one)
        until = time.monotonic() + WAIT
        while len(active) + len(arrived) < ROUND_JOBS and characters < self._limits.characters:
            left = until - time.monotonic()
            waits = not active and self._expected > 0 and left > 0
            try:
                one = self._queue.get(timeout=left) if waits else self._queue.get_nowait()
            except Empty:
                break
            arrived.append(one)
            characters += one.job.characters if one else 0
        return arrived

    def _round(self, active: list[_Waiting]) -> list[_Waiting]:
        """Tag a part of the jobs; returns those that are not done, by whose turn is next."""
        groups: dict[object, list[_Waiting]] = {}
        for one in _with_pieces(active):
            groups.setdefault(one.job.group, []).append(one)
        for group in groups.values():
            self._tag(group)
        for one in active:
            if one.outcome is None and one.job.done:
                one.finish()
        _deliver([one for one in active if one.outcome is not None])
        rest = [one for one in active if one.outcome is None]
        return sorted(rest, key=lambda one: bool(one.pieces))

    def _tag(self, group: list[_Waiting]) -> None:
        """Tag pieces in one call; where that fails, each job's alone, so that only its own does."""
        job = group[0].job
        documents = [piece.document for one in group for piece in one.pieces]
        self._watch(len(documents))
        found = group[0].attempt(
            lambda: iter(job.tagger().tag_sentences(documents, job.asked.nbest))
        )
        if found is not None:
            for one in group:
                for piece in one.pieces:
                    one.job.add(piece.number, next(found))
        elif len(group) > 1:
            group[0].outcome = None
            for one in group:
                self._tag([one])


def _with_pieces(active: list[_Waiting]) -> Iterator[_Waiting]:
    """The jobs that have their turn in this round, with their pieces."""
    left = ROUND_TOKENS
    for one in active:
        one.pieces = []
        if left > 0:
            most = min(left, JOB_TOKENS)
            one.pieces = one.attempt(partial(one.job.take, most)) or []
            left -= sum(len(s) for piece in one.pieces for s in piece.document[1])
            left -= len(one.pieces)
        if one.pieces:
            yield one


def _deliver(finished: list[_Waiting]) -> None:
    """Hand outcomes over to the loops that wait for them, all at once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
    for one in finished:
        by_loop.setdefault(one.loop, []).append(one)
    for loop, several in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, several)


def _resolve(finished: list[_Waiting]) -> None:
    for one in finished:
        if one.future.done():
            continue
        if isinstance(one.outcome, bytes):
            one.future.set_result(one.outcome)
        elif one.outcome is not None:
            one.future.set_exception(one.outcome)
