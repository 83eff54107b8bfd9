"""Jobs on other machines, as far as they need no Ray: messages, logs, folders as bytes."""

import logging
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import MissingExtra, NerError, TrainingError, UsageError
from ner.extensions.runners.worker import (
    KEPT_SECONDS,
    Driver,
    Message,
    Worker,
    earlier_messages,
    read_files,
    write_files,
)
from ner.run_folder import EarlierMessages
from ner.training import (
    Begun,
    Epoch,
    Failed,
    Finished,
    Job,
    LocalRunner,
    RunWork,
    Slot,
    open_runner,
    prepare,
)

HERE = Driver("cpu", 1, ".")
log = logging.getLogger("ner")


class Telling:
    """Work that says and yields what it is told to, and raises errors."""

    ticks: ClassVar[tuple[type, ...]] = (float,)

    def __call__(self, job: Job[list[Any]], slot: Slot, /) -> Generator[Any, None, None]:
        for item in job.task:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, str):
                log.info("%s", item)
            else:
                yield item


def messages(*task: Any, about: Driver = HERE) -> list[Message]:
    worker = Worker(Telling(), Job("a job", [*task]), about, {}, resume=False)
    return list(iter(worker.next, None))


def test_events_travel_with_what_was_said() -> None:
    found = messages("one", 1, "two", "three", 2, "four")
    assert [message.event for message in found] == [1, 2, None]
    assert [[text for _, text in message.said] for message in found] == [
        ["one"],
        ["two", "three"],
        ["four"],
    ]


def test_ticks_stay_where_they_are() -> None:
    assert [message.event for message in messages(0.5, 1, 0.7, 0.9)] == [1, None]


def test_the_log_is_as_before() -> None:
    before = log.handlers, log.propagate, log.level
    messages("said", 1)
    assert (log.handlers, log.propagate, log.level) == before


def test_an_error_of_the_training_is_the_last_message() -> None:
    *_, last = messages(1, "so far", TrainingError("the loss is no number"))
    assert isinstance(last.event, Failed)
    assert str(last.event.error) == "the loss is no number"
    assert [text for _, text in last.said] == ["so far"]


def test_other_errors_say_where_it_was() -> None:
    [last] = messages(UsageError("a.vec: no such file; check the name"))
    error = last.event.error
    assert isinstance(error, UsageError)
    assert str(error).startswith("a job, on ")
    assert str(error).endswith(": a.vec: no such file; check the name")


def test_errors_that_are_none_of_ours_pass() -> None:
    with pytest.raises(ZeroDivisionError):
        messages(ZeroDivisionError())


def test_another_version_is_refused() -> None:
    [last] = messages(1, about=Driver("cpu", 1, ".", version="0.0.1"))
    assert "install the same version on all machines" in str(last.event.error)


def test_a_device_that_is_not_there_is_one_line() -> None:
    [last] = messages(1, about=Driver("mps", 1, "."))
    assert "device 'mps' is not to be had here" in str(last.event.error)


def test_stopped_it_ends_at_the_next_step() -> None:
    worker = Worker(Telling(), Job("a job", [1, 0.5, 2]), HERE, {}, resume=False)
    first = worker.next()
    assert first is not None
    assert first.event == 1
    worker.stop()
    assert worker.next() is None


def test_messages_from_before_the_runs_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "handlers", [EarlierMessages()])
    log.warning("an oddity of the corpus")
    assert earlier_messages() == [(logging.WARNING, "an oddity of the corpus")]
    monkeypatch.setattr(log, "handlers", [])
    assert earlier_messages() == []


# --- a training -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def here(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> tuple[RunWork, Job[Config]]:
    """The work of a training, and its job, done on this machine."""
    config = tiny_config.replace({"train.epochs": 2})
    job = Job("seed 1", config, tmp_path_factory.mktemp("here") / "seed-1")
    work = RunWork(prepare(tiny_corpus, config.data))
    list(LocalRunner("cpu").run(work, [job]))
    return work, job


def weights(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name.endswith("weights.safetensors")}


def test_a_training_far_away_is_the_same(here: tuple[RunWork, Job[Config]]) -> None:
    work, job = here
    about = Driver("cpu", 1, ".", earlier=((logging.WARNING, "an oddity"),))
    found = list(iter(Worker(work, job, about, {}, resume=False).next, None))
    kinds = [type(message.event) for message in found]
    assert kinds == [Begun, Epoch, Epoch, Finished, type(None)]
    sent = [bool(message.files) for message in found]
    assert sent == [False, True, False, False, True], f"twice within {KEPT_SECONDS} seconds"
    assert job.out is not None
    last = found[-1].files
    assert {*last} == {path.relative_to(job.out).as_posix() for path in files_of(job.out)}
    assert weights(last) == weights(read_files(job.out)) != {}
    assert "an oddity" in last["log.txt"].decode().splitlines()[0]
    assert "epoch 1/2" in found[1].said[-1][1]


def test_it_goes_on_from_what_came_back(here: tuple[RunWork, Job[Config]]) -> None:
    work, job = here
    assert job.out is not None
    worker = Worker(work, job, HERE, {}, resume=False)
    state = next(message.files for message in iter(worker.next, None) if message.files)
    worker.stop()
    assert worker.next() is None
    again = list(iter(Worker(work, job, HERE, state, resume=True).next, None))
    assert [message.event.number for message in again[1:2]] == [2]
    assert weights(again[-1].files) == weights(read_files(job.out))


def test_an_error_names_the_folder_that_stays(here: tuple[RunWork, Job[Config]]) -> None:
    work, job = here
    assert job.out is not None
    other = Job(job.name, job.task.replace({"train.epochs": 3}), job.out)
    [*_, last] = iter(Worker(work, other, HERE, read_files(job.out), resume=True).next, None)
    assert isinstance(last.event, Failed)
    told = str(last.event.error)
    assert told.startswith(f"{job.out}: was started with other settings (train.epochs")
    assert f"--config {job.out / 'config.toml'}" in told


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- folders --------------------------------------------------------------------------------------

_names = st.text("ab.", min_size=1, max_size=3).filter(lambda name: not name.startswith("."))


@settings(max_examples=12)  # each syncs its files
@given(st.dictionaries(_names, st.one_of(st.binary(), st.dictionaries(_names, st.binary()))))
def test_what_is_read_is_written(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    files = dict[str, bytes]()
    for name, inside in content.items():
        if isinstance(inside, bytes):
            files[name] = inside
        else:
            files |= {f"{name}/{part}": data for part, data in inside.items()}
    out = tmp_path_factory.mktemp("written") / "run"
    write_files(out, files)
    assert read_files(out) == files


def test_a_folder_in_it_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_files(tmp_path, {"model/a": b"1", "model/b": b"1", "log.txt": b"1"})
    write_files(tmp_path, {"model/a": b"2", "result.json": b"{}"})
    assert read_files(tmp_path) == {"model/a": b"2", "log.txt": b"1", "result.json": b"{}"}


def test_what_a_killed_process_has_left_goes(tmp_path: Path) -> None:
    (tmp_path / ".model.1-01234567.part").mkdir()
    write_files(tmp_path, {"metrics.jsonl": b""})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_links_and_hidden_files_do_not_travel(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoint").symlink_to(secret)
    (run / "key").symlink_to(secret / "key")
    (run / ".half.part").write_text("half")
    (run / ".hidden").mkdir()
    (run / ".hidden" / "a").write_text("a")
    (run / "config.toml").write_text("")
    assert read_files(run) == {"config.toml": b""}


def test_no_files_change_nothing(tmp_path: Path) -> None:
    write_files(tmp_path / "new", {})
    assert not (tmp_path / "new").exists()


def test_parts_come_in_the_order_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is listed is there: whenever the process is killed, the folder can be gone on with."""
    files = {"result.json": b"{}", "metrics.jsonl": b"{}", "contexts.json": b"", "log.txt": b""}
    files |= {"checkpoint/state.json": b"", "model/config.json": b""}
    order = list[str]()
    rename = Path.replace

    def noted(path: Path, target: Path) -> Path:
        order.append(Path(target).name)
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    write_files(tmp_path, files)
    assert order[0] == "metrics.jsonl", "it marks the folder first"
    assert order[-2:] == ["metrics.jsonl", "result.json"]
    assert {*order[1:3]} == {"contexts.json", "log.txt"}
    assert order[3:-2] == ["config.json", "state.json"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(NerError, match="cannot be written"):
        write_files(tmp_path / "run", {"log.txt": b""})


# --- the package --------------------------------------------------------------------------------


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ner.extensions.runners.ray_runner", raising=False)
    with pytest.raises(MissingExtra, match=r'pip install "ray\[client,data\]"'):
        open_runner("ray", "cpu", lambda _: None, Config())
