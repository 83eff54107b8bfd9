"""Searches: what is tried, kept, given up, failed, stopped and gone on with."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config, chosen
from ner.corpus import Corpus
from ner.errors import MissingExtra, NerError, TrainingError, UsageError
from ner.evaluation import Scores, evaluate_spans
from ner.extensions.experiments.search.study import FILE, Study, Trial
from ner.extensions.experiments.search.trials import SearchFinished, TrialFinished, search_events
from ner.extensions.experiments.space import Choice, Range, Space
from ner.tagger import Tagger
from ner.text import Sentence
from ner.training.loop import Epoch, Step, Trainer
from ner.training.preparation import PreparedCorpus
from ner.training.run import Finished, Run

SPACE: Space = {
    "train.learning_rate": Range(0.001, 0.1),
    "model.hidden": Range(4, 12),
    "model.cell": Choice(("lstm", "gru")),
}

Search = Callable[..., Any]


@pytest.fixture
def search(tiny_corpus: Corpus, tiny_config: Config) -> Search:
    """`search_events` with two epochs of a tiny model."""

    def make(
        out: Path,
        trials: int,
        *,
        corpus: Corpus = tiny_corpus,
        settings: dict[str, Any] | None = None,
        space: Space = SPACE,
        resume: bool = False,
    ) -> Any:
        config = tiny_config.replace({"train.epochs": 2, **(settings or {})})
        return search_events(corpus, out, config, space, trials=trials, device="cpu", resume=resume)

    return make


def tried(events: Iterator[Any]) -> list[Trial]:
    return [event.trial for event in events if isinstance(event, TrialFinished)]


def stop(events: Any, after: type, times: int = 1) -> None:
    """Leave at the so-manieth event of a kind."""
    with closing(events):
        for event in events:
            times -= isinstance(event, after)
            if not times:
                return
    raise AssertionError("it ended before")


def refusal(events: Iterator[Any], kind: type[NerError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        list(events)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


def judged(monkeypatch: pytest.MonkeyPatch, f1: Callable[[Trainer], float]) -> None:
    """Let the models have F1 values of our choice."""
    evaluate = Trainer._evaluate

    def pretended(self: Trainer) -> Any:
        return dataclasses.replace(evaluate(self), f1=f1(self))

    monkeypatch.setattr(Trainer, "_evaluate", pretended)


@pytest.mark.slow
def test_a_search(search: Search, tmp_path: Path, tiny_corpus: Corpus) -> None:
    out = tmp_path / "s"
    *events, last = search(out, 4)
    assert isinstance(last, SearchFinished)
    trials = tried(iter(events))
    assert [trial.number for trial in trials] == [1, 2, 3, 4]
    for trial in trials:
        assert (trial.outcome, trial.epochs) == ("finished", 2)
        assert all(trial.settings[key] in part for key, part in SPACE.items())
    assert len({str(trial.settings) for trial in trials}) == 4
    best = max(trials, key=lambda trial: trial.f1)
    assert last.best == best
    assert last.trials == 4
    # Settings, folder and text are those of the best trial, and nothing else is left.
    assert {path.name for path in out.iterdir()} == {FILE, "best", "best.toml"}
    assert (out / "best.toml").read_text(encoding="utf-8") == last.text
    assert Config.load(out / "best.toml") == last.config
    assert last.config.model.hidden == best.settings["model.hidden"]
    assert last.config.train.epochs == 2
    kept = Config.load(out / "best/config.toml")  # with what `auto` came to
    assert {key: kept[key] for key in SPACE} == best.settings
    tagger = Tagger.load(out / "best", "cpu")
    report = evaluate_spans(tiny_corpus.valid, tagger.predict(tiny_corpus.valid))
    assert report.f1 == best.f1


@pytest.mark.slow
def test_the_first_trial_has_the_settings_of_the_configuration(
    search: Search, tmp_path: Path
) -> None:
    [first] = tried(search(tmp_path / "s", 1, settings={"model.hidden": 5, "model.cell": "rnn"}))
    assert first.settings["train.learning_rate"] == 0.02
    assert first.settings["model.hidden"] == 5
    assert first.settings["model.cell"] in ("lstm", "gru")  # rnn is not among them


@pytest.mark.slow
def test_test_is_never_looked_at(
    search: Search, tmp_path: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run gets it; nor does a search mind whether it is there or could be scored."""
    seen: list[Corpus] = []
    start = Run.__init__

    def watched(self: Run, corpus: PreparedCorpus, *rest: Any) -> None:
        seen.append(corpus.corpus)
        start(self, corpus, *rest)

    monkeypatch.setattr(Run, "__init__", watched)
    with_test = tried(search(tmp_path / "a", 2))
    without = tried(search(tmp_path / "b", 2, corpus=dataclasses.replace(tiny_corpus, test=())))
    assert with_test == without
    assert len(seen) == 4
    assert all(corpus.test == () for corpus in seen)
    assert '"test"' not in (tmp_path / "a/best/result.json").read_text()


@pytest.mark.slow
def test_stops_change_nothing(search: Search, tmp_path: Path) -> None:
    """Stopped in a trial, after one, before the first step's end: the same trials in the end."""
    straight = tried(search(tmp_path / "a", 13))
    out = tmp_path / "b"
    stop(search(out, 13), Step)
    assert not (out / "trial").exists()
    stop(search(out, 13, resume=True), TrialFinished, 2)
    stop(search(out, 13, resume=True), Epoch)
    stop(
        search(out, 13, resume=True), TrialFinished, 9
    )  # from the eleventh on, trials learn from others
    assert [trial.number for trial in tried(search(out, 13, resume=True))] == [12, 13]
    [last] = search(out, 13, resume=True)
    assert isinstance(last, SearchFinished)
    assert (out / "best.toml").read_bytes() == (tmp_path / "a/best.toml").read_bytes()
    assert [t.settings for t in straight] == [t.settings for t in Study(out, SPACE, 1, 2).trials()]


@pytest.mark.slow
def test_more_trials_than_were_wanted_first(search: Search, tmp_path: Path) -> None:
    out = tmp_path / "s"
    assert len(tried(search(out, 2))) == 2
    assert [trial.number for trial in tried(search(out, 3, resume=True))] == [3]
    [last] = search(out, 1, resume=True)  # fewer: nothing is lost
    assert last.trials == 3


@pytest.mark.slow
def test_a_process_that_was_killed(search: Search, tmp_path: Path) -> None:
    """What is left of it is a trial that nobody works on, and its folder."""
    out = tmp_path / "s"
    list(search(out, 1))
    study = Study(out, SPACE, 1, 2)
    asked = study.ask({}).settings
    (out / "trial").mkdir()
    (out / "trial/weights").write_text("half")
    [second] = tried(search(out, 2, resume=True))
    assert second.settings == asked
    assert not (out / "trial").exists()


@pytest.mark.slow
def test_what_does_not_look_well_is_given_up(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the sixth trial on, and not in the first fifth of the epochs."""
    started: list[Trainer] = []

    def f1(trainer: Trainer) -> float:
        if trainer not in started:
            started.append(trainer)
        return (0.5 if len(started) <= 5 else 0.4) + trainer.epoch / 100

    judged(monkeypatch, f1)
    monkeypatch.setattr(Run, "_finish", _finished)
    monkeypatch.setattr(Finished, "lines", lambda finished: iter(()))
    trials = tried(search(tmp_path / "s", 6, settings={"train.epochs": 5}))
    assert [trial.outcome for trial in trials] == ["finished"] * 5 + ["pruned"]
    assert trials[5].epochs == 2
    assert trials[5].f1 == pytest.approx(0.42)
    assert trials[0].f1 == 0.55


def _finished(run: Run) -> Finished:
    """The end of a run whose F1 is what we pretended in its last epoch."""
    records = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
    scores = Scores(precision=0.0, recall=0.0, f1=records[-1]["valid_f1"])
    return Finished(run.out, len(records), 1, 0.0, {"valid": scores})


@pytest.mark.slow
def test_a_trial_that_fails_is_one_of_many(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn = Trainer._learn

    def diverging(self: Trainer, batch: Any) -> Any:
        if chosen(self.config.learning_rate) > 0.03:
            self._check_finite("loss", float("nan"))
        return learn(self, batch)

    monkeypatch.setattr(Trainer, "_learn", diverging)
    rates = {"train.learning_rate": Choice((0.02, 0.04))}
    trials = tried(search(tmp_path / "s", 8, space=rates))
    failed = [trial for trial in trials if trial.outcome == "failed"]
    assert {trial.settings["train.learning_rate"] for trial in failed} == {0.04}
    assert {trial.settings["train.learning_rate"] for trial in trials} == {0.02, 0.04}
    assert all("the loss became nan in epoch 1" in trial.note for trial in failed)
    assert len(trials) == 8

    monkeypatch.setattr(Trainer, "_learn", lambda self, _: self._check_finite("loss", float("nan")))
    message = refusal(search(tmp_path / "t", 2), NerError)
    assert "none of 2 trials came to its end; the last one: the loss became nan" in message
    assert message == refusal(search(tmp_path / "t", 2, resume=True), NerError)


@pytest.mark.slow
def test_what_is_wrong_with_every_trial_ends_the_search(
    search: Search, tmp_path: Path, tiny_corpus: Corpus
) -> None:
    out = tmp_path / "s"
    empty = dataclasses.replace(tiny_corpus, valid=())
    assert "no validation split" in refusal(search(out, 2, corpus=empty), TrainingError)
    nothing = dataclasses.replace(tiny_corpus, train=(Sentence(("a",)),))
    assert "is in an entity" in refusal(search(out, 2, corpus=nothing), TrainingError)
    assert not out.exists()
    missing = {"resources.vectors": str(tmp_path / "no.vec")}
    refusal(search(out, 2, settings=missing))
    assert not (out / "trial").exists()
    lists: Space = {"resources.clusters": Choice(("", str(tmp_path / "no.clusters")))}
    events = search(out, 2, space=lists)
    with pytest.raises(UsageError, match=r"no\.clusters"):
        next(events)  # before anything is trained
    assert not (out / "trial").exists()
    assert len(tried(search(out, 1))) == 1  # with the mistake mended, in the same folder


def test_nothing_to_search(search: Search, tmp_path: Path) -> None:
    assert "name some with --range" in refusal(search(tmp_path / "s", 1, space={}))


# --- folders ----------------------------------------------------------------------


@pytest.fixture
def begun(search: Search, tmp_path: Path) -> Path:
    out = tmp_path / "begun"
    list(search(out, 1))
    return out


def test_a_search_goes_on_only_if_asked(search: Search, begun: Path, tmp_path: Path) -> None:
    assert "go on with --resume" in refusal(search(begun, 2))
    assert "no search to go on with" in refusal(search(tmp_path / "no", 2, resume=True))
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("changed", ["settings", "space", "corpus"])
def test_a_search_goes_on_with_the_same(
    search: Search, begun: Path, tiny_corpus: Corpus, changed: str
) -> None:
    other: dict[str, Any] = {
        "settings": {"train.epochs": 3},
        "space": {**SPACE, "model.hidden": Range(4, 13)},
        "corpus": dataclasses.replace(tiny_corpus, train=tiny_corpus.train[1:]),
    }
    said = {"settings": "(train.epochs)", "space": "(--range model.hidden)"}
    message = refusal(search(begun, 2, resume=True, **{changed: other[changed]}))
    assert f"was started otherwise {said.get(changed, '(the corpus)')}" in message


def test_folders_of_others_are_left_alone(search: Search, tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    assert "is not empty" in refusal(search(tmp_path, 1))
    (tmp_path / "file").write_text("mine")
    assert "cannot be written" in refusal(search(tmp_path / "file", 1), NerError)
    assert "cannot be written" in refusal(search(tmp_path / "file/s", 1), NerError)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / FILE).write_text("mine " * 100)
    message = refusal(search(tmp_path / "s", 1, resume=True), NerError)
    assert f"{tmp_path / 's' / FILE}: cannot be used as a study" in message


@pytest.mark.slow
def test_a_name_that_is_no_good_in_a_url(search: Search, tmp_path: Path) -> None:
    out = tmp_path / "a?b=c#d %41;e"
    list(search(out, 1))
    assert (out / FILE).stat().st_size > 0
    assert len(tried(search(out, 2, resume=True))) == 1


@pytest.mark.slow
def test_one_search_at_a_time(search: Search, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    out = tmp_path / "s"
    with closing(search(out, 2)) as events:
        while not isinstance(next(events), TrialFinished):
            pass
        next(events)
        assert "another process is at work there" in refusal(search(out, 2, resume=True))
    assert [trial.number for trial in tried(search(out, 2, resume=True))] == [2]


@pytest.mark.slow
def test_whoever_comes_second_changes_nothing(search: Search, tmp_path: Path) -> None:
    """Not even before a trial has ended, when the study is not bound to its settings yet."""
    pytest.importorskip("fcntl")
    out = tmp_path / "s"
    with closing(search(out, 1)) as events:
        next(events)
        other = search(out, 1, settings={"train.learning_rate": 0.5})
        assert "another process is at work there" in refusal(other)
        about = Study(out, SPACE, 1, 2).about
        assert about["train.learning_rate"] != 0.5
        assert len(tried(events)) == 1


def test_what_a_killed_search_has_left_goes(search: Search, begun: Path) -> None:
    left = begun / ".best.toml.1-01234567.part"
    left.write_text("half of it")
    list(search(begun, 1, resume=True))
    assert not left.exists()


def test_without_optuna(search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert refusal(search(tmp_path / "s", 1), MissingExtra) == (
        'a search needs a package: pip install "optuna>=4"'
    )
    assert not (tmp_path / "s").exists()


@pytest.mark.slow
def test_nothing_loads_optuna_before_it_is_needed() -> None:
    home = "ner.extensions.experiments"
    modules = f"ner.api, {home}.search.trials, {home}.cli"
    code = f"import sys, {modules}; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
