"""Jobs on a cluster of Ray (``--on ray``); the only module that imports ray."""

import logging
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ner.errors import MissingExtra, NerError, UsageError, reason_of
from ner.extensions.runners.runner import STOP_SECONDS, RemoteRunner, Running, WorkerDied
from ner.extensions.runners.worker import (
    Driver,
    Files,
    Message,
    Worker,
    earlier_messages,
    read_files,
)
from ner.training import Job, Work

try:
    import ray
    import ray.exceptions
except ImportError:
    raise MissingExtra('--on ray needs a package: pip install "ray[client,data]"') from None

_log = logging.getLogger("ner")


class _Worker(Worker):
    stop = ray.method(concurrency_group="control")(Worker.stop)  # called while `next` works


_Actor = ray.remote(concurrency_groups={"control": 1}, max_restarts=0, max_task_retries=0)(_Worker)


@dataclass
class RayRunner(RemoteRunner):
    """A cluster of Ray, at ``ray`` or ``ray://HOST:PORT``, on which jobs are run at once.

    ``ray`` is the cluster that this machine belongs to, or ``RAY_ADDRESS`` names; without one, the
    cores of this machine. A connection that the program has made already is used, and left.
    """

    _connected: bool = field(default=False, init=False)  # by us

    LAST_STATE: ClassVar = "the last checkpoint that came back"
    ADVICE: ClassVar = "give it more memory, or see Ray's logs"

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
        super().__exit__()
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

    def free(self, jobs: Iterable[Job[Any]]) -> int | None:
        """All of a list are asked for, so that a cluster that can grow does."""
        return None if isinstance(jobs, Sequence) else super().free(jobs)

    # --- workers ----------------------------------------------------------------------------------

    def run(
        self, work: Work, jobs: Iterable[Job[Any]]
    ) -> Generator[tuple[Job[Any], Any], None, None]:
        """Run jobs on the cluster, to which their work travels once; yields their events."""
        yield from super().run(ray.put(work), jobs)

    def start(self, work: Any, job: Job[Any], *, resume: bool) -> Any:
        """Start an actor; the cluster finds it a place as soon as there is one."""
        driver = Driver(
            "cuda" if self.on_gpu else self.device, self.threads, os.getcwd(), earlier_messages()
        )
        files: Files = read_files(job.out) if resume and job.out else {}
        needs = {"num_cpus": self.threads, "num_gpus": int(self.on_gpu)}
        return _Actor.options(**needs).remote(work, job, driver, files, resume=resume)

    def ask(self, running: Running) -> None:
        """Ask an actor for its next message."""
        running.asked = running.worker.next.remote()

    def answering(self, running: Sequence[Running]) -> Running:
        """Wait for a message that is ready."""
        by_message = {each.asked: each for each in running}
        [ready], _ = ray.wait([*by_message], num_returns=1)
        return by_message[ready]

    def answer(self, running: Running) -> Message | None:
        """Take it. Raises `WorkerDied`."""
        try:
            message: Message | None = ray.get(running.asked)
        except ray.exceptions.RayTaskError:
            raise  # an error of ours in the job: as it would be here
        except ray.exceptions.RayError as error:
            raise WorkerDied(_reason(error)) from None
        return message

    def end(self, running: Sequence[Running]) -> None:
        """Stop actors, and kill those that do not stop, or have found no place yet."""
        begun = [each.worker for each in running if each.begun]
        with suppress(ray.exceptions.RayError):
            for actor in begun:
                actor.stop.remote()
            if last := [actor.next.remote() for actor in begun]:
                ray.wait(last, num_returns=len(last), timeout=STOP_SECONDS)
        for each in running:
            with suppress(ray.exceptions.RayError):
                ray.kill(each.worker)


def _reason(error: Exception) -> str:
    """The line of an error that says most: of a traceback the last, else the first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if line.partition(":")[0].endswith("Error")]
    return (raised or lines or [type(error).__name__])[-1 if raised else 0][:200]
