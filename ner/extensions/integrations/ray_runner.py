"""Jobs on a cluster of Ray (``--on ray``); the only module that imports ray."""

import logging
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Self

from ner.errors import MissingExtra, NerError, TrainingError, UsageError, reason_of
from ner.extensions.integrations.ray_worker import (
    Driver,
    Files,
    Message,
    Worker,
    earlier_messages,
    read_files,
    write_files,
)
from ner.training import Begun, Done, Failed, Finished, Job, Milestone, Work

try:
    import ray
    import ray.exceptions
except ImportError:
    raise MissingExtra('--on ray needs a package: pip install "ray[client,data]"') from None

MOST_DEATHS = 3
"""Workers that may die one after the other before a job has got any further."""
STOP_SECONDS = 10.0
"""Seconds in which workers should stop by themselves."""

_log = logging.getLogger("ner")


class _Worker(Worker):
    stop = ray.method(concurrency_group="control")(Worker.stop)  # called while `next` works


_Actor = ray.remote(concurrency_groups={"control": 1}, max_restarts=0, max_task_retries=0)(_Worker)


@dataclass(eq=False)
class _Running:
    """A job, the actor that does it, and how far it has come."""

    job: Job[Any]
    actor: Any
    begun: bool = False
    kept: bool = False  # its folder has come back at least once
    deaths: int = 0
    last: Any = None


@dataclass
class RayRunner:
    """A cluster of Ray, at ``ray`` or ``ray://HOST:PORT``, on which jobs are run at once.

    ``ray`` is the cluster that this machine belongs to, or ``RAY_ADDRESS`` names; without one, the
    cores of this machine. A connection that the program has made already is used, and left.
    """

    on: str
    device: str
    threads: int
    _running: dict[Any, _Running] = field(default_factory=dict)  # by what is waited for
    _connected: bool = False  # by us

    def __enter__(self) -> Self:
        """Connect. Raises `NerError` where there is no cluster, or not what is asked for."""
        if not ray.is_initialized():
            self._connect()
        try:
            self._check_cluster()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what is running, and disconnect."""
        self._stop_all()
        if self._connected:
            ray.shutdown()

    def _connect(self) -> None:
        address = self.on if "://" in self.on else None
        try:
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except Exception as error:  # the library raises what it likes
            reason = reason_of(error)
            raise NerError(
                f"--on {self.on}: the cluster cannot be reached ({reason}); check the address, and "
                "that Ray has the same version there"
            ) from None
        self._connected = True

    def _check_cluster(self) -> None:
        if self.device == "cuda" and not self._gpus():
            raise UsageError(
                f"--on {self.on}: the cluster has no GPU; use --device auto or --device cpu"
            )
        most = max(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])
        if most < self.threads:
            _log.warning(
                "no machine of the cluster has %d processors (train.threads): jobs wait for one",
                self.threads,
            )

    def _gpus(self) -> float:
        return float(ray.cluster_resources().get("GPU", 0))

    @property
    def on_gpu(self) -> bool:
        """True if each job takes a GPU."""
        return self.device in ("auto", "cuda") and self._gpus() > 0

    @property
    def room(self) -> int:
        """The number of jobs that the cluster can do at once, one at least."""
        processors = ray.cluster_resources().get("CPU", 0) // self.threads
        return max(1, int(min(processors, self._gpus()) if self.on_gpu else processors))

    # --- jobs -------------------------------------------------------------------------------------

    def run(
        self, work: Work, jobs: Iterable[Job[Any]]
    ) -> Generator[tuple[Job[Any], Any], None, None]:
        """Run jobs on the cluster; yields their events as they come.

        One whose worker dies starts again from the folder that has come back last.
        """
        shared = ray.put(work)
        listed, waiting = isinstance(jobs, Sequence), iter(jobs)
        try:
            while True:
                # All of a list are asked for, so that a cluster that can grow does.
                free = None if listed else max(0, self.room - len(self._running))
                for job in islice(waiting, free):
                    self._start(shared, _Running(job, None), resume=job.resume)
                if not self._running:
                    return
                [ready], _ = ray.wait([*self._running], num_returns=1)
                yield from self._received(shared, ready)
        finally:
            self._stop_all()

    def stop(self, job: Job[Any]) -> None:
        """Stop a job whose event has just been yielded."""
        for ref, running in [*self._running.items()]:
            if running.job is job:
                del self._running[ref]
                running.actor.stop.remote()  # it ends when nothing refers to it any more

    def _start(self, work: Any, running: _Running, *, resume: bool) -> None:
        job = running.job
        driver = Driver(
            "cuda" if self.on_gpu else self.device, self.threads, os.getcwd(), earlier_messages()
        )
        files: Files = read_files(job.out) if resume and job.out else {}
        needs = {"num_cpus": self.threads, "num_gpus": int(self.on_gpu)}
        running.actor = _Actor.options(**needs).remote(work, job, driver, files, resume=resume)
        self._running[running.actor.next.remote()] = running

    def _received(self, work: Any, ref: Any) -> Iterator[tuple[Job[Any], Any]]:
        """Take a message of a job, and ask for the next one."""
        running = self._running[ref]
        job = running.job
        try:
            message = ray.get(ref)
        except ray.exceptions.RayTaskError:
            raise  # an error of ours in the job: as it would be here
        except ray.exceptions.RayError as error:
            del self._running[ref]
            yield from self._again(work, running, error)
            return
        del self._running[ref]
        if message is None:
            yield job, Done(running.last)
            return
        if not isinstance(message.event, Failed):
            self._running[running.actor.next.remote()] = running
        for level, text in message.said:  # warnings are of the corpus: the same for all
            _log.log(level, "%s", text if level >= logging.WARNING else f"{job.name}: {text}")
        yield from self._taken(running, message)

    def _taken(self, running: _Running, message: Message) -> Iterator[tuple[Job[Any], Any]]:
        """Keep the folder of a message, and yield its event."""
        job, event = running.job, message.event
        if message.files and job.out:
            write_files(job.out, message.files)
            running.kept = True
        if isinstance(event, Finished) and job.out:
            event = replace(event, out=job.out)
        if isinstance(event, Milestone):
            running.deaths = 0
        again = isinstance(event, Begun) and running.begun  # by a worker after the first
        if event is not None and not again:
            running.begun, running.last = True, event
            yield job, event

    def _again(
        self, work: Any, running: _Running, error: Exception
    ) -> Iterator[tuple[Job[Any], Any]]:
        """Start a job again whose worker has died; too often, and it has failed."""
        job = running.job
        running.deaths += 1
        reason = _reason(error)
        if running.deaths > MOST_DEATHS:
            told = f"{job.name}: its worker has died {running.deaths} times ({reason})"
            yield job, Failed(TrainingError(f"{told}; give it more memory, or see Ray's logs"))
            return
        resume = running.kept or job.resume
        _log.warning(
            "%s: its worker has died (%s); it starts %s",
            job.name, reason, "again from the last checkpoint that came back" if resume else "anew",
        )  # fmt: skip
        self._start(work, running, resume=resume)

    def _stop_all(self) -> None:
        """Let workers stop by themselves, and kill those that do not, or have not begun."""
        waiting = {ref: running for ref, running in self._running.items() if running.begun}
        actors = [running.actor for running in self._running.values()]
        self._running.clear()
        with suppress(ray.exceptions.RayError):
            for running in waiting.values():
                running.actor.stop.remote()
            if waiting:
                ray.wait([*waiting], num_returns=len(waiting), timeout=STOP_SECONDS)
        for actor in actors:
            with suppress(ray.exceptions.RayError):
                ray.kill(actor)


def _reason(error: Exception) -> str:
    """The line of an error that says most: of a traceback the last, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if line.partition(":")[0].endswith("Error")]
    return (raised or lines or [type(error).__name__])[-1 if raised else 0][:200]
