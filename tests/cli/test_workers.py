"""``ner tag --workers``: real processes, and what becomes of them when something ends early."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ner.scale.bulk import WORTHWHILE
from tests.cli.command import LIMIT, Outcome, command, environment, process, run, shell

LINE = "Anna visited New York. " + "And so on and on, for quite a while and longer. " * 4 + "\n"
BIG = LINE.encode() * (WORTHWHILE * 3 // 2 // len(LINE))
TAG = ("tag", "-", "--workers", "2", "--out", "tagged.txt")


def _children(pid: int) -> list[int]:
    """The worker processes of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not Path("/proc/self/task", str(os.getpid()), "children").exists():
        pytest.skip("this system does not list child processes")
    found = [int(word) for word in listed.read_text().split()] if listed.exists() else []
    return [child for child in found if b"spawn_main" in _command_line(child)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it is gone
        return b""


def _tagging(when_both_work: Callable[[int, list[int]], None]) -> tuple[Outcome, list[int]]:
    """Tag with two workers an input that does not end, and do something as soon as both are there.

    Returns what is left, and the workers that were there.
    """
    tagging = subprocess.Popen(
        command(*TAG),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its Ctrl-C is not ours
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert tagging.stdin
        tagging.stdin.write(BIG.decode())
        tagging.stdin.flush()
        patience = time.monotonic() + LIMIT
        while len(workers := _children(tagging.pid)) < 2 and time.monotonic() < patience:
            time.sleep(0.005)  # between two looks, not in the hope that something has happened
        when_both_work(tagging.pid, workers)
        tagging.wait(LIMIT)  # its input stays open: it has to end by itself
        out, err = tagging.communicate(timeout=LIMIT)
    finally:
        tagging.kill()
    return Outcome(tagging.returncode, out, err), workers


def test_the_output_is_that_of_one_process(here: Path) -> None:
    Path("big.txt").write_bytes(BIG)
    alone = run("tag", "big.txt", "--format", "html", "--out", "alone.html").good()
    shared = process("tag", "big.txt", "--format", "html", "--workers", "2", cwd=here).good()
    assert (alone.out, alone.err, shared.err) == ("", "", "")
    assert shared.out.encode() == Path("alone.html").read_bytes()
    assert shared.out.count("<p ") == BIG.count(b"\n")


def test_an_error_leaves_no_output(here: Path) -> None:
    Path("big.txt").write_bytes(BIG + b"\xff\n")
    outcome = process("tag", "big.txt", "--workers", "2", "--out", "tagged.txt", cwd=here)
    said = f"big.txt:{BIG.count(10) + 1}: byte 0xFF at offset {len(BIG)} is not utf-8"
    assert said in outcome.complaint()
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert sorted(path.name for path in here.iterdir()) == ["big.txt", "runs"]


def test_head_ends_quietly(here: Path) -> None:
    Path("big.txt").write_bytes(BIG * 2)
    outcome = shell('"$@" | head -n 1', "tag", "big.txt", "--workers", "2", cwd=here)
    assert (outcome.code, outcome.err, outcome.out.count("\n")) == (0, "", 1)


def test_ctrl_c_stops_all_of_them(here: Path) -> None:
    outcome, workers = _tagging(lambda pid, _: os.killpg(pid, signal.SIGINT))
    assert (outcome.code, outcome.out, outcome.err.strip()) == (130, "", "ner: stopped")
    assert [path.name for path in here.iterdir()] == ["runs"]
    assert [worker for worker in workers if _command_line(worker)] == []


def test_a_killed_worker_ends_the_work(here: Path) -> None:
    outcome, workers = _tagging(lambda _, workers: os.kill(workers[0], signal.SIGKILL))
    assert outcome.complaint().startswith("ner: error: a worker process was ended from outside")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert [path.name for path in here.iterdir()] == ["runs"]
    assert [worker for worker in workers if _command_line(worker)] == []
