"""Figures of a report: those of the evaluation, whatever shows them."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ner.api import Evaluation, evaluate
from ner.corpus import Corpus, count
from ner.errors import NerError, UsageError
from ner.evaluation import randomisation_test
from ner.extensions.report.figures import Model, ReportFigures, report_events
from ner.tagger import Tagger
from tests.extensions.report.conftest import measured


def test_scores_are_those_of_an_evaluation(
    one: ReportFigures, tiny_tagger: Tagger, hard_corpus: Corpus
) -> None:
    (run,) = one.runs
    found = Evaluation(tiny_tagger, hard_corpus.test)
    assert run.scores == evaluate(tiny_tagger, hard_corpus.test)
    assert run.calibration == found.calibration()
    assert run.mistakes == found.mistakes(hard_corpus.train)
    assert run.trade_off == found.trade_off()
    low, high = run.intervals.f1
    assert low < run.scores.f1 <= high
    assert (one.corpus, one.split, one.sentences) == ("tiny", "test", len(hard_corpus.test))
    assert one.units.name == "documents"
    assert one.stats == count(hard_corpus)


def test_facts_on_the_model(one: ReportFigures, tiny_run: Path) -> None:
    (run,) = one.runs
    assert [record["epoch"] for record in run.curves] == [1, 2, 3, 4, 5, 6]
    assert run.size == sum(f.stat().st_size for f in (tiny_run / "model").iterdir())
    assert run.card == (tiny_run / "model" / "README.md").read_text(encoding="utf-8")
    assert run.parameters > 1000
    assert run.tokens_per_second > 0
    assert run.learnt_from == 0


def test_training_sentences_are_counted(tiny_model: Model, tiny_corpus: Corpus) -> None:
    (run,) = measured([tiny_model], tiny_corpus, "train").runs
    assert run.learnt_from == len(tiny_corpus.train)
    assert "seen" not in run.mistakes.slices, "all of it is seen"


def test_the_difference_of_two(two: ReportFigures) -> None:
    first, second = two.runs
    found = two.difference
    assert found is not None
    assert found.f1 == second.scores.f1 - first.scores.f1 < 0
    assert found.interval[0] <= found.f1 <= found.interval[1] < 0
    assert found.gold["both"] + found.gold["first"] == first.scores.correct
    assert found.gold["both"] + found.gold["second"] == second.scores.correct
    assert sum(found.gold.values()) == first.scores.support


def test_the_significance_is_that_of_the_test(
    two: ReportFigures, tiny_model: Model, wary_model: Model, hard_corpus: Corpus
) -> None:
    gold = [s.spans for s in hard_corpus.test]
    rows = [[s.spans for s in m.tagger.predict(hard_corpus.test)] for m in (tiny_model, wary_model)]
    assert two.difference is not None
    assert two.difference.p == randomisation_test(gold, rows[:1], rows[1:])


def test_a_model_and_itself_do_not_differ(tiny_model: Model, hard_corpus: Corpus) -> None:
    found = measured([tiny_model, tiny_model], hard_corpus).difference
    assert found is not None
    assert (found.f1, found.interval, found.p) == (0.0, (0.0, 0.0), 1.0)
    assert (found.gold["first"], found.gold["second"]) == (0, 0)


def test_all_of_it_is_json(two: ReportFigures) -> None:
    values = json.loads(json.dumps(two.to_dict(), allow_nan=False))
    assert values["resampled"] == {"units": "documents", "count": len({*two.units.numbers})}
    assert [run["scores"]["f1"] for run in values["runs"]] == [r.scores.f1 for r in two.runs]
    assert {*values["runs"][0]} == {
        "name", "scores", "intervals", "mistakes", "calibration", "trade_off", "curves",
        "segmentation", "tokens_per_second", "parameters", "size", "learnt_from", "card",
    }  # fmt: skip
    assert len(values["runs"][0]["trade_off"]["o_bias"]) > 10
    assert values["findings"][0].keys() >= {"severity", "kind", "message", "places"}
    assert two.to_dict()["difference"]["gold"].keys() == {"both", "first", "second", "neither"}


def test_one_model_has_no_difference(one: ReportFigures) -> None:
    assert one.difference is None
    assert one.to_dict()["difference"] is None


def test_work_is_announced_before_it_begins(tiny_model: Model, hard_corpus: Corpus) -> None:
    stages = [s for s in report_events([tiny_model], hard_corpus, "test") if isinstance(s, str)]
    name = tiny_model.name
    assert stages == [
        f"{name}: tagging", f"{name}: bias of O", f"{name}: raw text", f"{name}: speed", "data"
    ]  # fmt: skip


def test_models_that_cut_otherwise_are_not_held_against_each_other(
    tiny_model: Model, tiny_run: Path, hard_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(tiny_model, tagger=Tagger.load(tiny_run, "cpu"))
    cut = [replace(s, tokens=(*s.tokens[:-1], "…")) for s in hard_corpus.test]
    monkeypatch.setattr(other.tagger, "as_raw_text", lambda sentences: cut if sentences else [])
    with pytest.raises(UsageError, match="cut the text into other tokens"):
        measured([tiny_model, other], hard_corpus)


# --- models ---------------------------------------------------------------------------------------


def test_a_bundle_alone_has_no_curves(tiny_run: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_run / "model", tmp_path / "bundle")
    model = Model.load(str(tmp_path / "bundle"), "cpu", {})
    assert model.curves == ()
    assert model.name == str(tmp_path / "bundle")


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", '{"epoch": 1}', '{"epoch": "x", "loss": 1}', "[" * 100_000, "\udcff", "",
     '{"epoch": 1, "loss": NaN, "valid_precision": 1, "valid_recall": 1, "valid_f1": 1}',
     '{"epoch": 1e999, "loss": 1, "valid_precision": 1, "valid_recall": 1, "valid_f1": 1}'],
)  # fmt: skip
def test_damaged_curves_are_one_line(tiny_run: Path, tmp_path: Path, line: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run / "model", run / "model")
    (run / "metrics.jsonl").write_text(f"{line}\n", encoding="utf-8", errors="surrogateescape")
    with pytest.raises(NerError, match=r"metrics\.jsonl: is damaged; move it away"):
        Model.load(str(run), "cpu", {})


def test_a_missing_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such model folder"):
        Model.load(str(tmp_path / "none"), "cpu", {})
