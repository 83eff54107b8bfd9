"""``python -m tests.cli.killed OUT KILLS SEED ARGUMENT…``: ``ner train`` killed over and over.

Each attempt is a process of its own, forked from one in which torch is loaded already. Half of
them are killed from outside, after a random while; the others kill themselves at a random one of
their accesses to files in OUT, so in the middle of writing a model or a checkpoint; some of these
as they write the record of an epoch. Each goes on where the one before it was stopped, and at last
one comes to its end.
Prints what each of them had come to: the epochs done, and the batches of the next one.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ner.cli
import ner.training.run  # loads torch, once for all

Hook = Callable[[str, tuple[Any, ...]], None]

LONGEST = 0.7  # seconds until an attempt is killed from outside
MOST = 120  # accesses until it kills itself: those of some three checkpoints
RECORDS = range(7, 30, 8)  # attempts that are killed between two epochs
RECORD = "metrics.jsonl"
ACCESSES = ("open", "os.rename", "os.mkdir")


def main(out: Path, kills: int, seed: int, arguments: list[str]) -> None:
    rng = random.Random(seed)
    reached: list[tuple[int, int]] = []
    while len(reached) < kills:
        child = start(out, arguments, self_killer(out, len(reached), rng))
        if len(reached) % 2 == 0:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            signal.sigtimedwait([signal.SIGCHLD], rng.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if not os.WIFSIGNALED(status):
            sys.exit(f"an attempt ended by itself: {status}; reached {reached}")
        reached.append(position(out))
    status = os.waitpid(start(out, arguments, None), 0)[1]
    print(json.dumps(reached))
    sys.exit(os.waitstatus_to_exitcode(status))


def self_killer(out: Path, attempt: int, rng: random.Random) -> Hook | None:
    """By which an attempt kills itself; None for one that is killed from outside."""
    if attempt in RECORDS:  # it is written once before an epoch, to a temporary name that is hidden
        return killer(f"{out}/.{RECORD}", 1, ["os.rename"])
    return killer(str(out), rng.randrange(MOST), ACCESSES) if attempt % 2 else None


def start(out: Path, arguments: list[str], hook: Hook | None) -> int:
    """Begin an attempt, which may be one to kill itself; returns its process."""
    child = os.fork()
    if child:
        return child
    resume = ["--resume"] if (out / RECORD).exists() else []
    if hook:
        sys.addaudithook(hook)
    try:
        ner.cli.main(["train", "--out", str(out), *arguments, *resume])
    except SystemExit as left:
        os._exit(left.code if isinstance(left.code, int) else 1)
    os._exit(1)


def killer(place: str, accesses: int, events: Sequence[str]) -> Hook:
    """Ends this process at an access to a place; those before it are counted down."""
    left = accesses

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in events and str(arguments[0]).startswith(place):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def position(out: Path) -> tuple[int, int]:
    """What the next attempt goes on from."""
    state = out / "checkpoint" / "state.json"
    if not state.exists():
        return 0, 0
    trainer = json.loads(state.read_text())["trainer"]
    batches = trainer["begun"]["batches"]
    return trainer["epoch"] - bool(batches), batches


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
