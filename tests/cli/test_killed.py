"""Training that is killed, or that the disk fails: nothing is lost, and it goes on exactly."""

import ctypes
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ner.files import exclusive_lock
from tests.cli.command import LIMIT, SMALL, Outcome, command, environment, run, sets, tree

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KILLS = 25
TIMES = {"tokens_per_second", "seconds"}


def records(out: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


@pytest.mark.slow(reason="starts the command 25 times")
def test_killed_at_25_moments_it_ends_as_if_nothing_had_been(
    empty: Path, tiny_folder: Path
) -> None:
    enough = str(KILLS + 1)  # an attempt is killed behind its first epoch, at the latest
    epochs = (f"train.epochs={enough}", f"train.patience={enough}", "train.batch_sentences=2")
    each_step = "train.checkpoint_minutes=0"
    arguments = ["--data", str(tiny_folder), *sets(*SMALL, *epochs, each_step)]
    out = empty / "killed"
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed", out, str(KILLS), "1", *arguments],
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    reached = json.loads(done.stdout.splitlines()[-1])
    assert len(reached) == KILLS
    assert reached == sorted(reached), "what was reached is never lost"
    assert any(batches for _, batches in reached)
    assert any(not batches and epoch for epoch, batches in reached)
    run("train", *arguments, "--out", "straight").good()
    assert tree(out / "model") == tree(empty / "straight" / "model")
    assert records(out) == records(empty / "straight")
    assert not list(out.rglob("*.part"))


def _started(*arguments: str, before: Callable[[], None]) -> Outcome:
    """``ner train`` in a process of its own in which `before` is called first."""
    done = subprocess.run(
        command("train", *arguments),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        preexec_fn=before,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_a_disk_that_is_full_loses_nothing(empty: Path, tiny_folder: Path) -> None:
    """As full as a limit on the size of files makes it: a checkpoint does not fit, a model does."""
    arguments = ["--data", str(tiny_folder), *sets("train.epochs=2", *SMALL)]
    run("train", *arguments, "--out", "straight").good()
    limit = Path("straight/checkpoint/tensors.safetensors").stat().st_size // 2
    full = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
    outcome = _started(*arguments, "--out", "r", before=full)
    assert outcome.code == 1
    assert outcome.complaint() == (
        "ner: error: r/checkpoint: cannot be written (File too large); choose another place or "
        "free it"
    )
    assert {path.name for path in Path("r").iterdir()} == {
        "config.toml",
        "log.txt",
        "metrics.jsonl",
    }
    run("train", *arguments, "--out", "r", "--resume").good()
    assert tree(Path("r/model")) == tree(Path("straight/model"))


def test_a_folder_that_cannot_be_written(empty: Path, tiny_folder: Path) -> None:
    Path("fixed").mkdir(mode=0o500)
    arguments = ["--data", str(tiny_folder), *sets(*SMALL), "--out", "fixed/run"]
    outcome = _started(*arguments, before=_obey_permissions)
    assert outcome.code == 1
    assert "fixed/run: cannot be written (Permission denied); choose" in outcome.complaint()
    assert list(Path("fixed").iterdir()) == []


def _obey_permissions() -> None:
    """Let the superuser be like others: drop the capabilities to write and read everywhere."""
    drop, write_all, read_all = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    for capability in (write_all, read_all):
        ctypes.CDLL(None).prctl(drop, capability)


def test_two_processes_do_not_share_a_folder(empty: Path, tiny_folder: Path) -> None:
    arguments = ["--data", tiny_folder, *sets(*SMALL), "--out", "r"]
    with exclusive_lock(Path("r")):
        for how in ([], ["--resume"], ["--overwrite"]):
            outcome = run("train", *arguments, *how)
            assert outcome.code == 2
            assert "r: another process is at work there" in outcome.complaint()
        assert list(Path("r").iterdir()) == []
    assert not Path("r").exists()
