"""Comparisons: what is trained, gone on with, read instead of trained, and refused."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import ner.features.vectors
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.evaluation import randomisation_test
from ner.extensions.experiments.comparison.runs import (
    RunMeasured,
    compare_events,
)
from ner.extensions.experiments.comparison.table import Comparison
from ner.extensions.experiments.space import read_variants
from ner.features.vectors import read_vectors
from ner.files import exclusive_lock
from ner.tagger import Tagger
from ner.training.loop import Epoch, Step
from tests.cli.command import tree

Compare = Callable[..., Any]


@pytest.fixture
def compare(tiny_corpus: Corpus, tiny_config: Config) -> Compare:
    """`compare_events` of cells with two epochs of a tiny model."""

    def make(
        out: Path,
        vary: str = "model.cell=rnn,gru",
        seeds: tuple[int, ...] = (1, 2),
        *,
        corpus: Corpus = tiny_corpus,
        resume: bool = False,
        **changes: Any,
    ) -> Any:
        changes = {key.replace("__", "."): value for key, value in changes.items()}
        config = tiny_config.replace({"train.epochs": 2, **changes})
        variants = read_variants([vary], config)
        return compare_events(corpus, out, config, variants, seeds, device="cpu", resume=resume)

    return make


@pytest.fixture(scope="module")
def compared(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> tuple[Path, list[Any]]:
    """The folder of a comparison that nothing has stopped, and its events."""
    out = tmp_path_factory.mktemp("compared") / "c"
    config = tiny_config.replace({"train.epochs": 2})
    variants = read_variants(["model.cell=rnn,gru"], config)
    return out, [*compare_events(tiny_corpus, out, config, variants, (1, 2), device="cpu")]


def refusal(events: Iterator[Any], kind: type[NerError] = UsageError) -> str:
    with pytest.raises(kind) as caught:
        list(events)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def timeless(comparison: Comparison) -> list[Any]:
    return [
        (result.variant, result.p, [(r.seed, r.best_epoch, r.epochs, r.f1) for r in result.runs])
        for result in comparison.variants
    ]


def test_a_comparison(compared: tuple[Path, list[Any]], tiny_corpus: Corpus) -> None:
    out, [*events, last] = compared
    assert isinstance(last, Comparison)
    ended = [event for event in events if isinstance(event, RunMeasured)]
    assert [(e.number, e.runs, e.variant.name, e.result.seed) for e in ended] == [
        (1, 4, "model.cell=rnn", 1),
        (2, 4, "model.cell=rnn", 2),
        (3, 4, "model.cell=gru", 1),
        (4, 4, "model.cell=gru", 2),
    ]
    assert sum(isinstance(event, Epoch) for event in events) == 8
    assert {path.name for path in out.iterdir()} == {
        "model.cell=rnn",
        "model.cell=gru",
        "comparison.json",
        "comparison.md",
    }
    assert json.loads((out / "comparison.json").read_text()) == json.loads(
        json.dumps(last.to_dict())
    )
    gold = [sentence.spans for sentence in tiny_corpus.test]
    found = []
    for result in last.variants:
        assert result.variant.settings["model.cell"] in ("rnn", "gru")
        for run in result.runs:
            told = json.loads(Path(run.folder, "result.json").read_text())
            assert run.f1 == {split: told["scores"][split]["f1"] for split in ("valid", "test")}
            assert run.parameters > 0
            assert min(run.training_tokens_per_second, run.tagging_tokens_per_second) > 0
        taggers = [Tagger.load(run.folder, "cpu") for run in result.runs]
        found.append([[s.spans for s in t.predict(tiny_corpus.test)] for t in taggers])
    means = [sum(result.f1("valid")) for result in last.variants]
    assert last.best == means.index(max(means))
    assert [result.p for result in last.variants][last.best] is None
    assert last.variants[1 - last.best].p == randomisation_test(gold, *found)
    assert last.variants[0].runs[0].parameters < last.variants[1].runs[0].parameters


@pytest.mark.slow
def test_it_goes_on_where_it_was_stopped(
    compare: Compare, compared: tuple[Path, list[Any]], tmp_path: Path
) -> None:
    out = tmp_path / "c"
    with closing(compare(out, train__checkpoint_minutes=0.0)) as events:
        next(event for event in events if isinstance(event, RunMeasured))
        next(e for e in events if isinstance(e, Step) and (e.epoch, e.step) == (2, 2))
    first = tree(out / "model.cell=rnn/seed-1")
    assert "go on with --resume" in refusal(compare(out))
    *events, last = compare(out, resume=True)
    steps = [(event.epoch, event.step) for event in events if isinstance(event, Step)]
    assert steps[0] == (2, 3), "finished runs are not trained again, begun ones go on"
    assert timeless(last) == timeless(compared[1][-1])
    assert tree(out / "model.cell=rnn/seed-1") == first


@pytest.mark.slow
def test_what_is_finished_is_only_read_and_more_is_added(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "c"
    *_, first = compare(out, seeds=(1,))
    *events, second = compare(out, "model.cell=rnn,lstm,gru", seeds=(1,), resume=True)
    assert sum(isinstance(event, Epoch) for event in events) == 2, "lstm alone"
    assert [timeless(second)[i][2] for i in (0, 2)] == [row[2] for row in timeless(first)]
    # Other settings or another corpus would not compare; what does not matter may differ.
    list(compare(out, seeds=(1,), resume=True, train__checkpoint_minutes=9.0))
    wrong = compare(out, seeds=(1,), resume=True, model__hidden=8)
    assert "trained otherwise (model.hidden)" in refusal(wrong)


def test_another_corpus_is_refused(
    compare: Compare, compared: tuple[Path, list[Any]], tiny_corpus: Corpus
) -> None:
    other = dataclasses.replace(tiny_corpus, test=tiny_corpus.test[1:])
    assert "trained otherwise (the corpus)" in refusal(
        compare(compared[0], corpus=other, resume=True)
    )


def test_without_a_test_split(compare: Compare, tiny_corpus: Corpus, tmp_path: Path) -> None:
    corpus = dataclasses.replace(tiny_corpus, test=())
    *_, last = compare(tmp_path / "c", seeds=(1,), corpus=corpus, train__epochs=1)
    assert [result.p for result in last.variants] == [None, None]
    assert all(result.f1("test") == [] for result in last.variants)


@pytest.mark.slow
def test_vectors_are_read_once(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.vec"
    file.write_text("3 2\nrome 1 2\nanna 3 4\nleft 5 6\n")
    read: list[object] = []

    def counted(path: object, *given: Any, **how: Any) -> Any:
        read.append(path)
        return read_vectors(path, *given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(ner.features.vectors, "read_vectors", counted)
    list(compare(tmp_path / "c", resources__vectors=str(file), train__epochs=1))
    assert read == [str(file)]


def test_a_run_that_fails_is_named(compare: Compare, tmp_path: Path) -> None:
    failing = compare(tmp_path / "c", "train.learning_rate=0.01,1e30", seeds=(7,))
    said = refusal(failing, TrainingError)
    assert said.startswith("train.learning_rate=1e+30, seed 7: the loss became")


def test_folders_that_will_not_do(
    compare: Compare, compared: tuple[Path, list[Any]], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert "holds no comparison; choose" in refusal(compare(tmp_path / "mine"))
    assert "leave --resume out" in refusal(compare(tmp_path / "new", resume=True))
    assert not (tmp_path / "new").exists()
    with exclusive_lock(compared[0]):
        assert "another process" in refusal(compare(compared[0], resume=True))


def test_a_record_that_is_damaged_is_one_line(compare: Compare, tmp_path: Path) -> None:
    out = tmp_path / "c"
    list(compare(out, seeds=(1,), train__epochs=1))
    (out / "model.cell=gru/seed-1/result.json").write_text("{}")
    said = refusal(compare(out, seeds=(1,), train__epochs=1, resume=True), NerError)
    assert "is damaged; remove the folder and --resume" in said
