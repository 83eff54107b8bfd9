"""Jobs in processes of this machine: how many, where they write, and how they end."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.extensions.runners.process_runner import ProcessRunner
from ner.training import Begun, Done, Epoch, Job, RunWork, Slot, open_runner, prepare


@pytest.mark.parametrize(
    ("on", "threads", "cores", "room"),
    [
        ("processes", 1, 8, 8),
        ("processes", 3, 8, 2),
        ("processes", 4, 2, 1),
        ("processes:5", 4, 2, 5),
        ("processes:1", 1, 8, 1),
    ],
)
def test_room_for_jobs(
    on: str, threads: int, cores: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.extensions.runners.process_runner.available_cores", lambda: cores)
    assert ProcessRunner(on, "cpu", threads).room == room


@pytest.mark.parametrize(
    ("on", "complaint"),
    [
        ("processes:0", "--on processes:0: is not a number of processes; write processes:4"),
        ("processes:two", "--on processes:two: is not a number of processes; write processes:4"),
        ("processes:", "--on processes:: is not a number of processes; write processes:4"),
        ("processes:-1", "--on processes:-1: is not a number of processes; write processes:4"),
        ("processes:²", "--on processes:²: is not a number of processes; write processes:4"),
        ("processes://h:1", "--on processes://h:1: is not a number of processes; write pr"),
    ],
)
def test_a_number_that_is_none(on: str, complaint: str) -> None:
    with pytest.raises(UsageError) as caught, open_runner(on, "cpu", lambda _: None, Config()):
        pass
    assert str(caught.value).startswith(complaint)


def test_a_device_that_is_not_there() -> None:
    with (
        pytest.raises(UsageError, match="device 'moon' is not to be had here"),
        open_runner("processes", "moon", lambda _: None, Config()),
    ):
        pass


class Telling:
    """Work that tells where it is done."""

    ticks: ClassVar[tuple[type, ...]] = ()

    def __call__(self, job: Job[Any], slot: Slot, /) -> Generator[Any, None, None]:
        yield os.getpid(), slot.out


@pytest.mark.slow(reason="each worker is a process that loads torch")
def test_each_job_has_a_process_and_its_own_folder(tmp_path: Path) -> None:
    jobs = [Job(name, None, tmp_path / name) for name in ("one", "two", "three")]
    with open_runner("processes:2", "cpu", lambda _: None, Config()) as runner:
        found = [(job, event) for job, event in runner.run(Telling(), jobs)]
    told = {job: event for job, event in found if not isinstance(event, Done)}
    assert {job: out for job, (_, out) in told.items()} == {job: job.out for job in jobs}
    assert len({process for process, _ in told.values()} - {os.getpid()}) == 3


@pytest.mark.slow(reason="each worker is a process that loads torch")
def test_a_run_is_on_disk_when_its_epoch_is_told(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    """Its log names the folder that it stays in."""
    out = tmp_path / "run"
    work, job = RunWork(prepare(tiny_corpus, tiny_config.data)), Job("seed 1", tiny_config, out)
    with ExitStack() as opened:
        runner = opened.enter_context(open_runner("processes", "cpu", lambda _: None, Config()))
        events = opened.enter_context(closing(runner.run(work, [job])))
        assert next(events) == (job, Begun())
        assert not out.exists(), "what stands there may only be replaced from now on"
        assert isinstance(next(events)[1], Epoch)
        assert (out / "model" / "weights.safetensors").is_file()
        assert str(out) in (out / "log.txt").read_text()


_ENDLESS = """
import itertools, os
from ner.config import Config
from ner.training import Begun, Job, open_runner

class Endless:
    ticks = (float,)
    def __call__(self, job, slot):
        yield os.getpid()
        yield from itertools.repeat(0.5)

if __name__ == "__main__":
    with open_runner("processes:1", "cpu", lambda _: None, Config()) as runner:
        for job, event in runner.run(Endless(), [Job("endless", None)]):
            print(event, flush=True)
"""


@pytest.mark.slow(reason="each worker is a process that loads torch")
@pytest.mark.skipif(sys.platform == "win32", reason="needs a signal that kills")
def test_a_worker_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    """Also where that is killed. Its streams end when nobody has them, the worker neither."""
    script = tmp_path / "script.py"
    script.write_text(_ENDLESS, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    os.kill(worker, 0)
    process.kill()
    assert process.communicate(timeout=60) == ("", "")


@pytest.mark.slow(reason="each worker is a process that loads torch")
def test_a_script_without_a_guard_is_told_what_is_missing(tmp_path: Path) -> None:
    """Its processes would start processes of their own; one refusal is enough."""
    script = tmp_path / "script.py"
    script.write_text(_ENDLESS.replace('__name__ == "__main__"', "True"), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 1
    assert "has finished its bootstrapping phase" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.endswith('must be guarded (if __name__ == "__main__":)')
    assert done.stdout == ""
