"""``ner evaluate``: figures as text and as JSON."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import ner
from ner.corpus import Corpus, load_corpus
from tests.cli.command import BRIEF, Outcome, process, run


def _json(*arguments: str | Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(run("evaluate", *arguments, "--json").good().out)
    return report


@pytest.fixture
def confused(here: Path) -> Path:
    """A file with one entity that is found, one that is not, and one that is found wrongly."""
    path = here / "confused.conll"
    path.write_text("Anna B-PER\nvisited O\nParis B-PER\n. O\n", encoding="utf-8")
    return path


def test_json_has_the_promised_keys_and_the_figures_of_the_run(
    here: Path, tiny_folder: Path
) -> None:
    result = json.loads((here / "runs/tiny/result.json").read_text())
    for split in ("valid", "test"):
        report = _json("--model", "runs/tiny", "--data", tiny_folder, "--split", split)
        assert {"precision", "recall", "f1", "per_type"} <= report.keys()
        assert report == result["scores"][split]
    assert _json("--data", tiny_folder) == result["scores"]["test"]  # newest run, split test


def test_figures_of_a_case_done_by_hand(confused: Path) -> None:
    report = _json("--data", confused)
    assert (report["precision"], report["recall"], report["f1"]) == (0.5, 0.5, 0.5)
    assert (report["support"], report["predicted"], report["correct"]) == (2, 2, 1)
    assert report["per_type"]["PER"]["precision"] == 1.0
    assert report["per_type"]["PER"]["recall"] == 0.5
    assert report["per_type"]["LOC"]["f1"] == 0.0
    assert report["sentences"] == 1


def test_text_has_the_same_figures_as_json(confused: Path) -> None:
    report = _json("--data", confused)
    text = run("evaluate", "--data", confused).good().out
    rows = {row[0].strip(): row[1:] for row in re.findall(r"(.+?)" + r" +([\d.]+)" * 4, text)}
    assert {*rows} == {"PER", "LOC", "micro avg", "macro avg", "weighted avg"}
    each = {**report["per_type"], "micro avg": report, "macro avg": report["macro"]}
    for name, scores in each.items():
        shown = [float(cell) for cell in rows[name][:3]]
        assert shown == [round(scores[key], 4) for key in ("precision", "recall", "f1")]
    assert rows["micro avg"][3] == "2"


def test_scores_are_shares_and_equal_the_library(
    here: Path, tiny_folder: Path, tiny_corpus: Corpus
) -> None:
    report = _json("--data", tiny_folder, "--split", "train")
    assert all(0 <= report[key] <= 1 for key in ("precision", "recall", "f1"))
    tagger = ner.Tagger.load("runs/tiny")
    assert report == ner.evaluate(tagger, load_corpus(tiny_folder).train).to_dict()
    assert report["sentences"] == len(tiny_corpus.train)


def test_a_file_is_data_as_a_whole(here: Path, tiny_folder: Path) -> None:
    report = _json("--data", tiny_folder / "valid.conll")
    assert report == _json("--data", tiny_folder, "--split", "valid")
    outcome = run("evaluate", "--data", tiny_folder / "valid.conll", "--split", "test")
    assert outcome.code == 1
    assert "has no sentences in test; it has train: leave --split out" in outcome.complaint()


def test_jsonl_is_data_too(here: Path, tiny_folder: Path) -> None:
    run("data", "convert", tiny_folder / "test.conll", "test.jsonl", "--to", "jsonl").good()
    assert _json("--data", "test.jsonl") == _json("--data", tiny_folder)


def test_a_split_that_is_not_there(here: Path, tiny_folder: Path) -> None:
    Path("c").mkdir()
    for split in ("train", "valid"):
        shutil.copy(tiny_folder / f"{split}.conll", "c")
    for arguments in (["--split", "test"], []):
        outcome = run("evaluate", "--data", "c", *arguments)
        assert outcome.code == 1
        said = "c: has no sentences in test; it has train and valid: choose with --split"
        assert outcome.complaint().endswith(said)
    run("evaluate", "--data", "c", "--split", "valid").good()


def test_types_that_the_model_does_not_know_are_said_once(here: Path) -> None:
    Path("x.conll").write_text("Anna B-PER\n\nRome B-CITY\n\nAnna B-CITY\nleft B-ODD\n")
    outcome = run("evaluate", "--data", "x.conll", "--json").good()
    said = "warning: types that the model does not know count as missed: CITY, ODD\n"
    assert outcome.err == said
    report = json.loads(outcome.out)
    assert report["per_type"]["CITY"]["recall"] == 0.0
    assert report["support"] == 4


def test_data_without_any_entity(here: Path) -> None:
    Path("o.conll").write_text("nothing O\n\n. O\n")
    report = _json("--data", "o.conll")
    assert (report["support"], report["recall"]) == (0, 0.0)
    run("evaluate", "--data", "o.conll").good()


def test_a_real_process_keeps_stdout_clean(
    trained: tuple[Path, Outcome], tiny_folder: Path
) -> None:
    arguments = ["evaluate", "--model", "runs/tiny", "--data", tiny_folder, "--json"]
    outcome = process(*arguments, cwd=trained[0]).good()
    assert json.loads(outcome.out)["f1"] == 1.0
    assert outcome.err == ""


def test_the_valid_split_that_training_cut_is_cut_again(empty: Path, tiny_folder: Path) -> None:
    content = (tiny_folder / "train.conll").read_text(encoding="utf-8")
    Path("c").mkdir()
    Path("c/train.conll").write_text(content, encoding="utf-8")
    run("train", "--data", "c", "--out", "r", *BRIEF).good()
    report = json.loads(
        run("evaluate", "--model", "r", "--data", "c", "--split", "valid", "--json").good().out
    )
    result = json.loads(Path("r/result.json").read_text(encoding="utf-8"))
    assert report == result["scores"]["valid"]
