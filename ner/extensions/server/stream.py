"""JSON Lines in, JSON Lines out, as they come: any number of requests over one connection.

Each line is a request as ``/v1/tag`` takes it, and gets its line in its turn: an answer, or problem
details. Lines are read as far ahead as `Limits.ahead` says, so a client must read while it writes.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from ner.errors import NerError
from ner.extensions.server.bodies import too_slow
from ner.extensions.server.limits import Budget, Limits, Part, check_size
from ner.extensions.server.packages import ClientDisconnect, Receive, Request, Response, Scope, Send
from ner.extensions.server.problems import Problem, problem_of

MEDIA_TYPE = "application/jsonl"
Answer = Callable[[bytes], Awaitable[bytes]]
Ahead = asyncio.Queue["asyncio.Task[bytes] | None"]


class LineStream(Response):
    """The response that reads lines of its request while it sends those of its answer."""

    def __init__(self, request: Request, answer: Answer, limits: Limits, budget: Budget) -> None:
        """`answer` makes the answer of a line; it may raise `Problem` or `NerError`."""
        super().__init__(media_type=MEDIA_TYPE)
        del self.headers["content-length"]
        self._request, self._answer, self._limits, self._budget = request, answer, limits, budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send lines in the order of those that came, each as soon as it can be."""
        ahead: Ahead = asyncio.Queue(self._limits.ahead)
        await send(
            {"type": "http.response.start", "status": 200, "headers": list(self.raw_headers)}
        )
        with self._budget.part() as part:
            await self._write(asyncio.create_task(self._read(ahead, part)), ahead, send)
        await send({"type": "http.response.body", "body": b""})

    async def _write(self, reader: "asyncio.Task[None]", ahead: Ahead, send: Send) -> None:
        """Send the answers until there are no more."""
        try:
            while task := await ahead.get():
                line = await task + b"\n"
                await send({"type": "http.response.body", "body": line, "more_body": True})
        finally:
            reader.cancel()
            while not ahead.empty():
                if task := ahead.get_nowait():
                    task.cancel()

    async def _read(self, ahead: Ahead, part: Part) -> None:
        """Begin with the answer of each line; one that breaks the stream off is the last."""
        with suppress(ClientDisconnect):
            try:
                async for line in self._lines(part):
                    await ahead.put(asyncio.create_task(self._answered(line)))
            except Problem as problem:
                await ahead.put(asyncio.create_task(_said(problem)))
        await ahead.put(None)

    async def _answered(self, line: bytes) -> bytes:
        try:
            return await self._answer(line)
        except Problem as problem:
            return problem.body()
        except NerError as error:
            return problem_of(error).body()

    async def _lines(self, part: Part) -> AsyncIterator[bytes]:
        """The lines of the body that have something in them.

        Raises `Problem` for one that is too long, and when nothing comes for a while.
        """
        rest = bytearray()
        async for chunk in self._chunks():
            *lines, tail = (rest + chunk).split(b"\n")
            for line in lines:
                check_size(len(line), self._limits)
                if line.strip():
                    yield bytes(line)
            check_size(len(tail), self._limits)
            part.grow(len(tail) - part.size)
            rest = bytearray(tail)
        if rest.strip():
            yield bytes(rest)

    async def _chunks(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._request.stream())
        while True:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    chunk = await anext(chunks)
            except TimeoutError:
                raise too_slow(self._limits.seconds) from None
            except StopAsyncIteration:
                return
            yield chunk


async def _said(problem: Problem) -> bytes:
    return problem.body()
