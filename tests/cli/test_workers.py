"""``ner tag --workers``: real processes, and what becomes of them when something ends early."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ner.scale.bulk import WORTHWHILE
from tests.cli.command import LIMIT, Outcome, command, environment, process, run, shell

pytestmark = pytest.mark.slow

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


def _tagging(
    when_both_work: Callable[[int, list[int]], None], options: tuple[str, ...] = TAG
) -> tuple[Outcome, list[int]]:
    """Tag with two workers an input that does not end, and do something as soon as both are there.

    Returns what is left, and the workers that were there.
    """
    tagging = subprocess.Popen(
        command(*options),
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


def _gone(processes: list[int]) -> bool:
    """Whether processes end, which are not our children: they are looked at again and again."""
    patience = time.monotonic() + LIMIT
    while any(map(_command_line, processes)) and time.monotonic() < patience:
        time.sleep(0.005)
    return not any(map(_command_line, processes))


def test_a_killed_parent_leaves_no_output_file_and_no_worker(here: Path) -> None:
    outcome, workers = _tagging(lambda pid, _: os.kill(pid, signal.SIGKILL))
    # What a worker says that was still about to start is Python's, and not in our hands.
    assert (outcome.code, outcome.out) == (-signal.SIGKILL, "")
    assert _gone(workers)
    left = [path.name for path in here.iterdir() if path.name != "runs"]
    assert all(name.startswith(".tagged.txt.") and name.endswith(".part") for name in left)


@pytest.mark.parametrize("victim", ["a worker", "the parent"])
def test_on_stdout_there_are_whole_records(here: Path, victim: str) -> None:
    """A worker is killed, or the parent, as soon as there is output."""
    path = here / "out.jsonl"
    again = LINE * 20_000
    Path("big.txt").write_text(again, encoding="utf-8")
    with path.open("wb") as out:
        tagging = subprocess.Popen(
            command("tag", "big.txt", "--workers", "2", "--format", "jsonl"),
            env=environment(),
            stdout=out,
            stderr=subprocess.PIPE,
        )
        try:
            patience = time.monotonic() + LIMIT
            while not path.stat().st_size and time.monotonic() < patience:
                time.sleep(0.005)
            workers = _children(tagging.pid)
            os.kill(workers[-1] if victim == "a worker" else tagging.pid, signal.SIGKILL)
            err = tagging.communicate(timeout=LIMIT)[1].decode()
        finally:
            tagging.kill()
    assert tagging.returncode == (1 if victim == "a worker" else -signal.SIGKILL)
    assert ("a worker process was ended" in err) == (victim == "a worker")
    assert _gone(workers)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert 0 < len(lines) < 20_000
    assert {json.loads(line)["text"] for line in lines} == {LINE.rstrip("\n")}
