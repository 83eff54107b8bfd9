"""Several processes that train one model: each learns from its share of every batch.

All have the same weights, and make the steps that one process would make: the sum of their
gradients, each weighed by its share of the sentences, is the gradient of the batch. The first
process evaluates, writes and speaks for all.

Torch's `DistributedDataParallel` would divide by the number of processes, as if all shares were of
one size, and looks for a `forward`, where a step has one or two losses. Its sparse gradients would
not tell a table that is updated lazily (`ner.training.lazy`) which rows the others have read. One
sum of all gradients, laid end to end, is exact, since each process knows the whole batch.
"""

import os
import pickle
import re
import socket
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from ner.errors import NerError, TrainingError, UsageError
from ner.features import Batch, select
from ner.torchrun import ALONE, Rank, own_rank

JOIN = timedelta(minutes=10)  # until all processes have met
LONGEST = timedelta(days=2)  # that the others wait, while the first one evaluates
FAREWELL = timedelta(seconds=10)  # that a process which fails waits for the others
SIGNALLED = 128  # exit codes above are of signals
INTERRUPTED = 130

Found = TypeVar("Found")
Backward = Callable[[Batch], Tensor]
"""Adds the gradient of the loss of a batch, and returns the loss."""

Learn = Callable[[], Sequence[Tensor]]
"""Adds gradients of a share of a batch, and returns tensors that are to be summed, too."""

Rows = Mapping[Tensor, Tensor]
"""The rows ``[R]`` that a step reads, in order, of each table with sparse gradients."""


class Processes:
    """One process, which does everything itself; `SharedProcesses` are several."""

    def __init__(self, where: Rank = ALONE) -> None:
        self.rank = where.rank
        self.count = where.world_size
        self.local_rank = where.local_rank

    @property
    def leads(self) -> bool:
        """True for the process that evaluates, writes and speaks for all."""
        return self.rank == 0

    def together(self) -> AbstractContextManager[None]:
        """Wait at the end of the block for the others; what one of them raises, all raise."""
        return nullcontext()

    def agree(self, value: float) -> float:
        """Give all processes the value that the first one has."""
        return value

    def first(self, work: Callable[[], Found]) -> Found:
        """Let the first process do some work by itself, and give its result to all."""
        return work()

    def in_turn(self, work: Callable[[], Found]) -> Found:
        """Do work in each process: first in one of each machine, which leaves files for others."""
        return work()

    def apart(self) -> AbstractContextManager[None]:
        """Draw in the block what no other process draws, and behind it again what all do."""
        return nullcontext()

    def backward(
        self, batch: Batch, backward: Backward, weights: Sequence[Tensor], rows: Rows
    ) -> Tensor:
        """Find the gradient of a batch's loss, and return the loss, by `backward` of a share."""
        return backward(batch)

    def add(
        self, learn: Learn, weights: Sequence[Tensor], share: float, rows: Rows
    ) -> list[Tensor]:
        """Learn, and sum the gradients and what `learn` returns; `share` is of this process."""
        return list(learn())


class SharedProcesses(Processes):
    """The processes that ``torchrun`` has started, as one of them sees them."""

    def __init__(self, where: Rank, backend: str) -> None:
        super().__init__(where)
        # One for `_meet` alone: who fails meets others in whatever they wait for.
        self._meetings, self._group = (
            dist.new_group(timeout=LONGEST, backend=backend) for _ in range(2)
        )
        self._over = False  # all know that one of them has failed

    @contextmanager
    def together(self) -> Iterator[None]:
        """Wait at the end of the block for the others; what one of them raises, all raise."""
        try:
            yield
        except BaseException as error:
            if not self._over:
                self._say_farewell(error)
            raise
        self._meet()

    def agree(self, value: float) -> float:
        """Give all processes the value that the first one has."""
        return self._meet(value=value)

    def first(self, work: Callable[[], Found]) -> Found:
        """Let the first process do some work by itself, and give its result to all."""
        found: Any = None
        with self.together():
            if self.leads:
                with alone():
                    found = work()
        told: Found = self._told(found, 0)
        return told

    def in_turn(self, work: Callable[[], Found]) -> Found:
        """Do work in each process: first in one of each machine, which leaves files for others."""
        with self.together():
            found = [work()] if self.local_rank == 0 else []
        with self.together():
            return found[0] if found else work()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Draw in the block what no other process draws, and behind it again what all do.

        Both follow from the state of the generator, which is the same in all processes.
        """
        drawn = int(torch.randint(2**31, ()))
        _seed(drawn, 1 + self.rank)
        yield
        _seed(drawn, 0)

    def _say_farewell(self, error: BaseException) -> None:
        """Tell the others of an error. Only the first process can tell it without them."""
        code = _exit_code(error)
        wait = FAREWELL if self.leads or code > SIGNALLED else None
        with suppress(NerError, KeyboardInterrupt):
            self._meet(code, _described(error), wait=wait)
        self._over = True

    def wait_for_first(self) -> None:
        """Wait until the first process has left: it may have something to say before."""
        with suppress(TrainingError):
            self._meet(wait=FAREWELL)

    def _meet(
        self, code: int = 0, message: str = "", value: float = 0.0, wait: timedelta | None = None
    ) -> float:
        """Wait for all; returns the value of the first. Raises what one of them has told.

        `code` is the exit code of a process that fails, and `message` tells why.
        """
        said = torch.zeros(self.count + 1, dtype=torch.float64)
        said[self.rank] = code
        said[-1] = value if self.leads else 0.0
        self._collect(lambda: dist.all_reduce(said, group=self._meetings, async_op=True), wait)
        *codes, value = said.tolist()
        failed = next((rank for rank, its in enumerate(codes) if its), None)
        if failed is not None:
            self._over = True
            message = self._told(message, failed, FAREWELL)
            raise self._failure(failed, int(codes[failed]), message)
        return value

    def _failure(self, rank: int, code: int, message: str) -> BaseException:
        if code > SIGNALLED:
            return KeyboardInterrupt()
        where = f"the process of rank {rank}, on {message}" if rank else message
        return (UsageError if code == UsageError.exit_code else TrainingError)(where)

    def _told(self, what: Any, source: int, wait: timedelta | None = None) -> Any:
        """The object that one process, the `source`, tells all of them."""
        content = pickle.dumps(what) if self.rank == source else b""
        size = torch.tensor([len(content)])
        self._broadcast(size, source, wait)
        data = torch.empty(int(size), dtype=torch.uint8)
        if self.rank == source:
            data = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        self._broadcast(data, source, wait)
        return what if self.rank == source else pickle.loads(data.numpy().tobytes())

    def _broadcast(self, tensor: Tensor, source: int, wait: timedelta | None) -> None:
        self._collect(lambda: dist.broadcast(tensor, source, self._group, async_op=True), wait)

    def _collect(self, begin: Callable[[], Any], wait: timedelta | None = None) -> None:
        """Begin something that all processes take part in, and wait for its end."""
        try:
            begin().wait(*([wait] if wait else []))
        except RuntimeError as error:
            self._over = True  # nobody is left to be told
            raise TrainingError(
                "another process has ended, or cannot be reached any more "
                f"({_brief(error)}); go on with --resume"
            ) from None

    # --- learning -------------------------------------------------------------------------------

    def backward(
        self, batch: Batch, backward: Backward, weights: Sequence[Tensor], rows: Rows
    ) -> Tensor:
        """Find the gradient of a batch's loss, and return the loss, by `backward` of a share."""
        own = deal(batch.lengths.tolist(), self.count)[self.rank]
        learning = [weight for weight in weights if weight.requires_grad]
        share = len(own) / len(batch.lengths)

        def learn() -> list[Tensor]:
            loss = learning[0].new_zeros(())
            if own:
                loss += share * backward(select(batch, own))
            return [loss]

        return self.add(learn, learning, share, rows)[0]

    def add(
        self, learn: Learn, weights: Sequence[Tensor], share: float, rows: Rows
    ) -> list[Tensor]:
        """Learn, and sum the gradients and what `learn` returns; `share` is of this process."""
        # All that may fail here alone, for want of memory, comes before others wait for the sum.
        with self.together():
            with self.apart():
                values = learn()
            known = weights[0].new_tensor([float(weight.grad is not None) for weight in weights])
            dense = [_dense(weight, rows.get(weight)) for weight in weights]
            gradients = torch.cat([known, *(part.flatten() for part in dense)]) * share
            flat = torch.cat([gradients, *(value.flatten() for value in values)])
        self._collect(lambda: dist.all_reduce(flat, group=self._group, async_op=True))
        sizes = [len(weights), *(part.numel() for part in (*dense, *values))]
        known, *parts = torch.split(flat, sizes)
        for weight, here, part, like in zip(weights, known, parts, dense, strict=False):
            if weight.grad is not None or here:  # all zeros where no process has any
                weight.grad = _gradient(part.view_as(like), weight, rows.get(weight))
        added = parts[len(weights) :]
        return [part.view_as(like) for part, like in zip(added, values, strict=True)]


def _dense(weight: Tensor, rows: Tensor | None) -> Tensor:
    """The gradient of a weight, 0 without; of a table with sparse ones, that of its rows."""
    gradient = weight.grad
    if rows is None:
        return torch.zeros_like(weight) if gradient is None else gradient
    found = weight.new_zeros(len(rows), weight.shape[1])
    if gradient is not None:
        gradient = gradient.coalesce()
        found[torch.searchsorted(rows, gradient.indices()[0])] = gradient.values()
    return found


def _gradient(values: Tensor, weight: Tensor, rows: Tensor | None) -> Tensor:
    """The gradient with these values, sparse where it has only some rows."""
    if rows is None:
        return values
    return torch.sparse_coo_tensor(
        rows[None], values, weight.shape, check_invariants=False, is_coalesced=True
    )


def deal(sizes: Sequence[int], count: int) -> list[list[int]]:
    """Deal positions out in `count` shares of nearly the same total size, each in rising order."""
    shares: list[list[int]] = [[] for _ in range(count)]
    totals = [0] * count
    for position in sorted(range(len(sizes)), key=lambda position: -sizes[position]):
        least = totals.index(min(totals))
        shares[least].append(position)
        totals[least] += sizes[position]
    return [sorted(share) for share in shares]


def _seed(*numbers: int) -> None:
    # Torch's generator on the CPU takes 32 bits of a seed.
    torch.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1)[0]))


def _brief(error: BaseException) -> str:
    """The first sentence of an error of torch, without the place in its code."""
    line = re.sub(r"^\[.*?\] *", "", str(error).splitlines()[0])
    return re.split(r"\.(?: |$)", line)[0][:160]


def _exit_code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return getattr(error, "exit_code", NerError.exit_code)  # the command line has one, too


def _described(error: BaseException) -> str:
    """The machine that an error is of, and its message in one line."""
    if isinstance(error, NerError):
        return f"{socket.gethostname()}: {error}"
    *_, frame = traceback.extract_tb(error.__traceback__)
    said = " ".join(str(error).split())[:300]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
    return f"{socket.gethostname()}: {type(error).__name__}: {said} ({place})"


# --- the processes of now -----------------------------------------------------------------------

_NOW = [Processes()]


def processes() -> Processes:
    """The processes that train together now: this one alone, unless it has joined others."""
    return _NOW[-1]


@contextmanager
def alone() -> Iterator[None]:
    """Train without the others in the block."""
    _NOW.append(Processes())
    try:
        yield
    finally:
        _NOW.pop()


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Train together with the other processes that ``torchrun`` has started, if it has.

    Raises `UsageError` where a process has no `device` (as of `choose_device`) of its own, and
    what any of the others raises.
    """
    where = own_rank()
    if not where.shared:
        yield processes()
        return
    own = _join(where, device)
    _NOW.append(own)
    try:
        with own.together():
            yield own
    except BaseException:
        if not own.leads:
            own.wait_for_first()
        raise
    finally:
        _NOW.pop()
    dist.destroy_process_group()


def _join(where: Rank, device: str) -> SharedProcesses:
    backend = "gloo"
    if device in ("auto", "cuda") and torch.cuda.is_available():
        there = torch.cuda.device_count()
        if where.local_rank >= there:
            raise UsageError(
                f"this machine has {there} GPU(s), one for each process; start torchrun with "
                f"--nproc-per-node {there}, or ner with --device cpu"
            )
        torch.cuda.set_device(where.local_rank)
        backend = "cpu:gloo,cuda:nccl"
    try:
        dist.init_process_group(backend, timeout=JOIN)
        return SharedProcesses(where, backend)
    except RuntimeError as error:
        raise TrainingError(
            f"the process of rank {where.rank} does not find the others ({_brief(error)}); see "
            "that all are started alike, and that the machines reach one another"
        ) from None
