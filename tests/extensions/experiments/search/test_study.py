"""Studies: several trials at once, their order, and what is asked next."""

from pathlib import Path
from typing import Any

import pytest

from ner.errors import NerError
from ner.extensions.experiments.search.study import FILE, Study, best_of
from ner.extensions.experiments.space import Choice, Range, Space

pytest.importorskip("optuna")
SPACE: Space = {
    "train.learning_rate": Range(0.001, 0.1),
    "model.hidden": Range(4, 400),
    "model.cell": Choice(("lstm", "gru")),
}
START: dict[str, Any] = {
    "train.learning_rate": 0.02,
    "model.hidden": 100,
    "model.cell": "lstm",
}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path, SPACE, 1, 10)


def test_the_first_trial_alone_has_the_settings_of_the_start(study: Study) -> None:
    several = [study.ask(START) for _ in range(3)]
    assert several[0].settings == START
    assert len({str(asked.settings) for asked in several}) == 3


def test_trials_are_numbered_by_their_ends(study: Study) -> None:
    first, second, third = (study.ask(START) for _ in range(3))
    assert study.trials() == []
    assert third.end("finished", 0.7).number == 1
    assert first.end("failed", note="no number").number == 2
    assert second.end("finished", 0.9).number == 3
    assert [(t.number, t.outcome, t.settings) for t in study.trials()] == [
        (1, "finished", third.settings),
        (2, "failed", first.settings),
        (3, "finished", second.settings),
    ]
    assert best_of(study.trials()) == study.trials()[2]


def test_the_first_of_equals_is_best(study: Study) -> None:
    first, second = study.ask(START), study.ask(START)
    second.end("finished", 0.5)
    first.end("finished", 0.5)
    best = best_of(study.trials())
    assert best is not None
    assert best.settings == second.settings
    assert best_of([]) is None


def test_what_is_stopped_is_asked_again(tmp_path: Path, study: Study) -> None:
    study.ask(START).end("finished", 0.5)
    asked = study.ask(START)
    asked.stop()
    assert study.ask(START).settings == asked.settings
    again = Study(tmp_path, SPACE, 1, 10)
    again.clear_up()
    assert len(again.trials()) == 1
    assert again.ask(START).settings == asked.settings


def test_trials_that_run_have_settings_of_their_own(study: Study) -> None:
    study.ask(START).end("finished", 0.5)
    running = [study.ask(START) for _ in range(4)]
    assert len({str(asked.settings) for asked in running}) == 4
    for asked in running:
        assert all(asked.settings[key] in part for key, part in SPACE.items())


def test_each_running_trial_is_given_up_by_itself(study: Study) -> None:
    for _ in range(5):
        good = study.ask(START)
        for epoch in range(1, 6):
            assert not good.report(epoch, 0.8)
        good.end("finished", 0.8)
    bad, fine = study.ask(START), study.ask(START)
    assert [bad.report(epoch, 0.1) for epoch in (1, 2, 3)] == [False, False, True]
    assert not any(fine.report(epoch, 0.9) for epoch in (1, 2, 3))
    ended = bad.end("pruned")
    assert (ended.outcome, ended.epochs, ended.f1) == ("pruned", 3, 0.1)


def test_a_file_that_is_no_study(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database, but long enough to be taken for one" * 9)
    with pytest.raises(NerError, match="cannot be used as a study"):
        Study(tmp_path, SPACE, 1, 10)
