"""``python -m tests.cli.killed OUT KILLS SEED ARGUMENT…``: ``ner train`` killed over and over.

Each attempt is a process of its own, forked from one in which torch is loaded already. Half of
them are killed from outside, after a random while; the others kill themselves at a random one of
their accesses to files in OUT, so in the middle of writing a model, a checkpoint, or the record of
an epoch. Each goes on where the one before it was stopped, and at last one comes to its end.
Prints what each of them had come to: the epochs done, and the batches of the next one.
"""

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import ner.cli
import ner.training.run  # loads torch, once for all

LONGEST = 0.7  # seconds until an attempt is killed from outside
MOST = 120  # accesses until it kills itself: those of some three checkpoints


def main(out: Path, kills: int, seed: int, arguments: list[str]) -> None:
    rng = random.Random(seed)
    reached: list[tuple[int, int]] = []
    while len(reached) < kills:
        accesses = rng.randrange(MOST) if len(reached) % 2 else None
        child = start(out, arguments, accesses)
        if accesses is None:
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


def start(out: Path, arguments: list[str], accesses: int | None) -> int:
    """Begin an attempt, which may be one to kill itself; returns its process."""
    child = os.fork()
    if child:
        return child
    resume = ["--resume"] if (out / "metrics.jsonl").exists() else []
    if accesses is not None:
        sys.addaudithook(killer(str(out), accesses))
    try:
        ner.cli.main(["train", "--out", str(out), *arguments, *resume])
    except SystemExit as left:
        os._exit(left.code if isinstance(left.code, int) else 1)
    os._exit(1)


def killer(folder: str, accesses: int) -> Any:
    """Ends this process at an access to the folder; those before it are counted down."""
    left = accesses

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in ("open", "os.rename", "os.mkdir") and str(arguments[0]).startswith(folder):
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
