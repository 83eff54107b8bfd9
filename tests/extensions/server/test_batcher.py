"""Requests that arrive together."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from ner.errors import UsageError
from ner.extensions.server.batcher import Batcher
from ner.extensions.server.jobs import Asked, Job
from ner.extensions.server.limits import Limits
from ner.extensions.server.models import ServedModel
from ner.extensions.server.problems import Problem
from tests.extensions.server.test_jobs import as_json


class Gate:
    """A batcher whose first call of a tagger waits until the gate is opened."""

    def __init__(self, limits: Limits) -> None:
        self.calls: list[int] = []  # the texts of each
        self.entered, self.opened = threading.Event(), threading.Event()
        self.batcher = Batcher(limits, self._watch)

    def _watch(self, texts: int) -> None:
        self.calls.append(texts)
        self.entered.set()
        self.opened.wait()


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Iterator[Gate]:
    made = Gate(getattr(request, "param", Limits()))
    yield made
    made.opened.set()
    made.batcher.close()


Make = Callable[..., Job]


@pytest.fixture
def job(loaded: ServedModel) -> Make:
    """A function that makes a job of texts."""
    return lambda *texts, **asked: Job(loaded, Asked(texts=texts, **asked), as_json)


async def first_round(gate: Gate, job: Make) -> "asyncio.Task[bytes]":
    """A request that is being tagged, and waits at the gate."""
    task = asyncio.create_task(gate.batcher.answer(job("Anna left.")))
    await asyncio.to_thread(gate.entered.wait)
    return task


def test_those_that_arrive_in_the_meantime_are_one_batch(gate: Gate, job: Make) -> None:
    async def ask() -> list[bytes]:
        first = await first_round(gate, job)
        others = [
            asyncio.create_task(gate.batcher.answer(job(f"{name} left.", "Rome.")))
            for name in ("Berta", "Dora", "Anna")
        ]
        await asyncio.sleep(0)  # each begins
        gate.opened.set()
        return [await task for task in (first, *others)]

    answers = asyncio.run(ask())
    assert gate.calls == [1, 6]
    names = [json.loads(answer)[0]["entities"][0]["text"] for answer in answers]
    assert names == ["Anna", "Berta", "Dora", "Anna"]


def test_a_short_one_does_not_wait_for_a_long_one(gate: Gate, job: Make) -> None:
    done: list[str] = []

    async def ask() -> None:
        async def noted(name: str, text: str) -> None:
            await gate.batcher.answer(job(text))
            done.append(name)

        first = await first_round(gate, job)
        long = asyncio.create_task(noted("long", "Anna visited Rome. " * 3000))
        await asyncio.sleep(0)
        short = asyncio.create_task(noted("short", "Berta left."))
        await asyncio.sleep(0)
        gate.opened.set()
        await asyncio.gather(first, long, short)

    asyncio.run(ask())
    assert done == ["short", "long"]


def test_only_the_request_that_is_wrong_fails(gate: Gate, job: Make) -> None:
    async def ask() -> list[bytes | BaseException]:
        first = await first_round(gate, job)
        several = [job("Berta left."), job("half \ud800"), job("a", force={"X": ["!"]})]
        tasks = [asyncio.create_task(gate.batcher.answer(one)) for one in several]
        await asyncio.sleep(0)
        gate.opened.set()
        await first
        return await asyncio.gather(*tasks, return_exceptions=True)

    good, half, forced = asyncio.run(ask())
    assert isinstance(good, bytes)
    assert isinstance(half, UsageError)
    assert "half a surrogate pair" in str(half)
    assert isinstance(forced, UsageError)


@pytest.mark.parametrize("gate", [Limits(waiting=1)], indirect=True)
def test_one_too_many_is_refused_unless_it_is_patient(gate: Gate, job: Make) -> None:
    async def ask() -> None:
        first = await first_round(gate, job)
        with pytest.raises(Problem, match="1 requests are waiting") as refused:
            await gate.batcher.answer(job("Rome."))
        assert refused.value.status == 503
        patient = asyncio.create_task(gate.batcher.answer(job("Rome."), patient=True))
        await asyncio.sleep(0)
        gate.opened.set()
        await asyncio.gather(first, patient)

    asyncio.run(ask())
    assert gate.batcher.waiting == 0


@pytest.mark.parametrize("gate", [Limits(seconds=0.01)], indirect=True)
def test_what_takes_too_long_is_given_up(gate: Gate, job: Make) -> None:
    async def ask() -> None:
        with pytest.raises(Problem, match=r"takes more than 0.01 s; try again"):
            await gate.batcher.answer(job("Rome."))

    asyncio.run(ask())
    assert gate.batcher.waiting == 0
    assert gate.batcher.alive


def test_an_error_of_the_work_is_that_of_its_request(gate: Gate, loaded: ServedModel) -> None:
    def broken(documents: object) -> bytes:
        raise ZeroDivisionError

    gate.opened.set()
    with pytest.raises(ZeroDivisionError):
        asyncio.run(gate.batcher.answer(Job(loaded, Asked(texts=["a"]), broken)))
    assert gate.batcher.alive
