"""Jobs in other processes, on this machine or on a cluster: the same as here, whoever dies."""

import itertools
import logging
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ner.api import train_events
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import TrainingError
from ner.extensions.audit.run import Ranking, audit_events
from ner.extensions.experiments.comparison.runs import RunMeasured, compare_events
from ner.extensions.experiments.search.trials import SearchFinished, TrialFinished, search_events
from ner.extensions.experiments.space import Range, read_variants
from ner.training import (
    Begun,
    Done,
    Epoch,
    Failed,
    Job,
    LocalRunner,
    Runner,
    RunWork,
    SeedsFinished,
    Slot,
    open_runner,
    prepare,
)

pytestmark = pytest.mark.slow(reason="each worker is a process that loads torch")


@pytest.fixture(params=["processes:2", "ray"])
def on(request: pytest.FixtureRequest) -> str:
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return str(request.param)


@pytest.fixture
def runner(on: str) -> Iterator[Runner]:
    with open_runner(on, "cpu", lambda _: None, Config()) as opened:
        yield opened


@pytest.fixture(scope="module")
def config(tiny_config: Config) -> Config:
    return tiny_config.replace({"train.epochs": 2})


def same(one: Path, other: Path) -> bool:
    """Tell if two folders hold the same files, and the same weights in them."""
    files = [{p.relative_to(out).as_posix() for p in out.rglob("*")} for out in (one, other)]
    weights = [name for name in files[0] if name.endswith((".safetensors", "words.json"))]
    assert weights
    return files[0] == files[1] and all(
        (one / name).read_bytes() == (other / name).read_bytes() for name in weights
    )


# --- what is trained ------------------------------------------------------------------------------


def test_seeds_are_the_same_as_here(
    on: str, tmp_path: Path, tiny_corpus: Corpus, config: Config
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    how: dict[str, Any] = {"seeds": (1, 2), "device": "cpu"}
    *_, local = train_events(tiny_corpus, here, config, **how)
    *_, last = train_events(tiny_corpus, there, config, on=on, **how)
    assert isinstance(last, SeedsFinished)
    assert isinstance(local, SeedsFinished)
    assert same(here, there)
    assert [run.out for run in last.runs.values()] == [there / "seed-1", there / "seed-2"]
    assert (last.best, last.f1("test")) == (local.best, local.f1("test"))
    assert "seed 2: epoch 2/2" in (there / "log.txt").read_text()


def test_stopped_it_goes_on_anywhere(
    on: str, tmp_path: Path, tiny_corpus: Corpus, config: Config
) -> None:
    """What has come back is a run that was stopped, which this machine can finish."""
    here, there = tmp_path / "here", tmp_path / "there"
    list(train_events(tiny_corpus, here, config, seeds=(1,), device="cpu"))
    how: dict[str, Any] = {"seeds": (1,), "device": "cpu"}
    begun: Any = train_events(tiny_corpus, there, config, on=on, **how)
    with closing(begun) as events:
        next(event for event in events if isinstance(event, Epoch))
    resumed = list(train_events(tiny_corpus, there, config, resume=True, **how))
    assert [event.number for event in resumed if isinstance(event, Epoch)] == [2]
    assert same(here, there)


def test_a_search(on: str, tmp_path: Path, tiny_corpus: Corpus, config: Config) -> None:
    space = {"model.hidden": Range(4, 12)}
    how: dict[str, Any] = {"trials": 2, "device": "cpu", "on": on}
    *events, last = search_events(tiny_corpus, tmp_path / "s", config, space, **how)
    trials = [event.trial for event in events if isinstance(event, TrialFinished)]
    assert [(trial.number, trial.outcome) for trial in trials] == [
        (number, "finished") for number in (1, 2)
    ]
    assert len({trial.settings["model.hidden"] for trial in trials}) > 1
    assert isinstance(last, SearchFinished)
    names = {path.name for path in (tmp_path / "s").iterdir()}
    assert names == {"study.sqlite", "best", "best.toml"}


def test_a_comparison(on: str, tmp_path: Path, tiny_corpus: Corpus, config: Config) -> None:
    variants = read_variants(["model.cell=rnn,gru"], config)
    how: dict[str, Any] = {"device": "cpu", "on": on}
    events = list(compare_events(tiny_corpus, tmp_path / "c", config, variants, (1,), **how))
    measured = [event for event in events if isinstance(event, RunMeasured)]
    assert [event.number for event in measured] == [1, 2]
    assert {event.variant.name for event in measured} == {"model.cell=rnn", "model.cell=gru"}
    assert (tmp_path / "c" / "comparison.md").is_file()


def test_an_audit(on: str, tmp_path: Path, tiny_corpus: Corpus, config: Config) -> None:
    how: dict[str, Any] = {"folds": 2, "seeds": 1, "device": "cpu"}
    *_, here = audit_events(tiny_corpus, tmp_path / "here", config, **how)
    *_, there = audit_events(tiny_corpus, tmp_path / "there", config, on=on, **how)
    assert isinstance(here, Ranking)
    assert isinstance(there, Ranking)
    assert here.items == there.items


# --- workers that die -----------------------------------------------------------------------------


class Dying:
    """Work whose worker kills itself before an event, as often as its task says."""

    ticks: ClassVar[tuple[type, ...]] = ()

    def __init__(self, marks: Path) -> None:
        self.marks = marks

    def __call__(self, job: Job[int], slot: Slot, /) -> Generator[Any, None, None]:
        yield Begun()
        deaths = len([*self.marks.iterdir()])
        if deaths < job.task:
            (self.marks / str(deaths)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield "resumed" if slot.resume else "anew"


class DyingRun(RunWork):
    """A training whose worker kills itself once, behind the first epoch."""

    mark: Path

    def __call__(self, job: Job[Config], slot: Slot, /) -> Generator[Any, None, None]:
        for event in super().__call__(job, slot):
            yield event
            if isinstance(event, Epoch) and not self.mark.exists():
                self.mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)


def test_a_training_goes_on_from_its_checkpoint(
    on: str,
    runner: Runner,
    tmp_path: Path,
    tiny_corpus: Corpus,
    config: Config,
    caplog: pytest.LogCaptureFixture,
) -> None:
    prepared = prepare(tiny_corpus, config.data)
    jobs = [Job("seed 1", config, tmp_path / name) for name in ("here", "there")]
    list(LocalRunner("cpu").run(RunWork(prepared), jobs[:1]))
    work = DyingRun(prepared)
    object.__setattr__(work, "mark", tmp_path / "mark")
    with caplog.at_level(logging.INFO, "ner"):
        events = [event for _, event in runner.run(work, jobs[1:])]
    assert "(SIGKILL)" in caplog.text or on == "ray"
    assert "it starts again from " in caplog.text
    assert "last checkpoint" in caplog.text
    assert [event.number for event in events if isinstance(event, Epoch)] == [1, 2]
    assert sum(isinstance(event, Begun) for event in events) == 1
    assert same(tmp_path / "here", tmp_path / "there")


def test_without_a_checkpoint_it_starts_anew(
    runner: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job("a job", 1)
    with caplog.at_level(logging.WARNING, "ner"):
        events = list(runner.run(Dying(tmp_path), [job]))
    assert "a job: its worker has died (" in caplog.text
    assert "it starts anew" in caplog.text
    assert [event for _, event in events] == [Begun(), "anew", Done("anew")]


def test_a_job_that_kills_every_worker_fails(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.extensions.runners.runner.MOST_DEATHS", 1)
    *_, (_, last) = runner.run(Dying(tmp_path), [Job("a job", 9)])
    assert isinstance(last, Failed)
    assert isinstance(last.error, TrainingError)
    assert "its worker has died 2 times (" in str(last.error)
    assert "\n" not in str(last.error)


# --- what is taken and stopped --------------------------------------------------------------------


class Endless:
    """Work without an end, that leaves a mark when it is left."""

    ticks: ClassVar[tuple[type, ...]] = (float,)

    def __call__(self, job: Job[Path], slot: Slot, /) -> Generator[Any, None, None]:
        try:
            yield Begun()
            yield from itertools.repeat(0.5)
        finally:
            job.task.touch()


def test_closed_it_stops_the_jobs(runner: Runner, tmp_path: Path) -> None:
    jobs = [Job(name, tmp_path / name) for name in ("one", "two")]
    with closing(runner.run(Endless(), jobs)) as events:
        assert {next(events)[0], next(events)[0]} == {*jobs}
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}


def test_one_that_is_stopped_has_no_end(runner: Runner, tmp_path: Path) -> None:
    """An iterator is asked for as many jobs as there is room for."""
    asked = list[str]()

    def jobs() -> Iterator[Job[Path]]:
        for name in ("one", "two", "three"):
            asked.append(name)
            yield Job(name, tmp_path / name)

    events = list[str]()
    with closing(runner.run(Endless(), jobs())) as running:
        for job, _ in running:
            assert len(asked) - len(events) <= 2
            events.append(job.name)
            runner.stop(job)
    assert sorted(events) == sorted(asked) == ["one", "three", "two"]


class Raising:
    """Work that raises the error of its task."""

    ticks: ClassVar[tuple[type, ...]] = ()

    def __call__(self, job: Job[Exception], slot: Slot, /) -> Generator[Any, None, None]:
        yield Begun()
        raise job.task


def test_errors_come_back(runner: Runner) -> None:
    events = list(runner.run(Raising(), [Job("bad", TrainingError("no number"))]))
    [(_, begun), (_, failed)] = events
    assert begun == Begun()
    assert str(failed.error) == "no number"
    with pytest.raises(ZeroDivisionError):
        list(runner.run(Raising(), [Job("bug", ZeroDivisionError("a bug"))]))
