"""``python -m tests.cli.killed OUT KILLS SEED ARGUMENT…``: ``ner train`` killed over and over.

Each attempt is a process of its own, forked from one that has loaded all that training takes. It is
killed from outside, after a random while; or it kills itself, at a random one of its accesses to
files in OUT, so in the middle of writing a model or a checkpoint, or in the middle of an epoch, or
between two: at the latest there, so that no machine is too fast. Each goes on where the one before
it was stopped, and at last one comes to its end.
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
from tests.cli.warm import load

Hook = Callable[[str, tuple[Any, ...]], None]

WAYS = ("outside", "access") * 3 + ("between", "middle")
LONGEST = 0.7  # seconds until an attempt is killed from outside
MOST = 120  # accesses until it kills itself: those of some three checkpoints
RECORD = "metrics.jsonl"
ACCESSES = ("open", "os.rename", "os.mkdir")


def main(out: Path, kills: int, seed: int, arguments: list[str]) -> None:
    load()
    rng = random.Random(seed)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    reached: list[tuple[int, int]] = []
    while len(reached) < kills:
        way = WAYS[len(reached) % len(WAYS)]
        child = start(out, arguments, self_killers(way, out, rng))
        if way == "outside":
            signal.sigtimedwait([signal.SIGCHLD], rng.uniform(0, LONGEST))
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        signal.sigtimedwait([signal.SIGCHLD], 0)  # its end, where nobody has waited for it
        if not os.WIFSIGNALED(status):
            sys.exit(f"an attempt ended by itself: {status}; reached {reached}")
        reached.append(position(out))
    status = os.waitpid(start(out, arguments, []), 0)[1]
    print(json.dumps(reached))
    sys.exit(os.waitstatus_to_exitcode(status))


def self_killers(way: str, out: Path, rng: random.Random) -> list[Hook]:
    """By which an attempt kills itself."""
    # Files and folders are written to temporary names, which are hidden. The record is written
    # once before the first epoch; a checkpoint behind each step.
    hooks = [killer(f"{out}/.{RECORD}", 1, ["os.rename"])]
    if way == "access":
        hooks.append(killer(str(out), rng.randrange(MOST), ACCESSES))
    elif way == "middle":
        hooks.append(killer(f"{out}/.checkpoint", 2, ["os.mkdir"]))
    return hooks


def start(out: Path, arguments: list[str], hooks: Sequence[Hook]) -> int:
    """Begin an attempt; returns its process."""
    child = os.fork()
    if child:
        return child
    resume = ["--resume"] if (out / RECORD).exists() else []
    for hook in hooks:
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
