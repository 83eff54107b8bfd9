"""``ner calibrate``."""

import json
import re
from pathlib import Path

import pytest

from ner.corpus import Corpus, write_file
from ner.extensions.calibration import temperature
from ner.tagger import Tagger
from tests.cli.command import TINY, run, tree


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temperature, "FEWEST", 10)


def test_it_says_what_it_brings(here: Path, tiny_folder: Path) -> None:
    outcome = run("calibrate", "--data", tiny_folder).good()
    pattern = (
        r"temperature [\d.]+: expected calibration error 0\.\d{4} before, 0\.\d{4} with it, over "
        r"\d+ entities\n"
    )
    assert re.fullmatch(pattern, outcome.out)
    assert Tagger.load("runs/tiny").settings.temperature != 1


def test_as_json(here: Path, tiny_folder: Path) -> None:
    outcome = run("calibrate", "--data", tiny_folder, "--split", "test", "--json").good()
    value = json.loads(outcome.out)
    assert value.keys() == {"temperature", "before", "after"}
    assert value["after"]["ece"] <= value["before"]["ece"]


def test_scores_change_and_f1_does_not(here: Path, tiny_folder: Path) -> None:
    arguments = ("evaluate", "--data", tiny_folder, "--json", "--calibration", "x.svg")
    before = json.loads(run(*arguments).good().out)
    run("calibrate", "--data", tiny_folder).good()
    after = json.loads(run(*arguments).good().out)
    assert before["f1"] == after["f1"]
    assert before["calibration"]["score"] != after["calibration"]["score"]


def test_a_copy_leaves_the_model_alone(here: Path, tiny_folder: Path) -> None:
    before = tree(here / "runs")
    run("calibrate", "--data", tiny_folder, "--out", "copy.ner").good()
    assert tree(here / "runs") == before
    assert Tagger.load("copy.ner").settings.temperature != 1


def test_a_single_file_is_taken_as_a_whole(here: Path, tiny_corpus: Corpus) -> None:
    write_file(here / "own.conll", tiny_corpus.test)
    run("calibrate", "--data", "own.conll", "--own-types").good()
    assert "24 sentences of own" in run("info", "--card", "runs/tiny").good().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--data", "missing"], 2, "no corpus 'missing'"),
        (["--data", "empty.conll"], 1, "empty.conll"),
        (["--data", "binary.conll"], 1, "binary.conll"),
        (["--data", "folder"], 1, "folder: no file in this folder is a split"),
        ([], 2, "Missing option '--data'"),
        (["--data", "tiny", "--model", "nowhere"], 2, "no such model folder"),
        (["--data", "tiny", "--split", "train"], 2, "has learnt from 24 of its 24"),
        (["--data", "tiny", "--out", "letter.txt"], 2, "holds something that is no exported"),
        (["--data", "half"], 1, "has no sentences in valid; it has train and test"),
    ],
)
def test_mistakes_are_one_line(
    here: Path, tiny_corpus: Corpus, arguments: list[str], code: int, said: str
) -> None:
    for split, sentences in tiny_corpus.splits().items():
        write_file(here / "tiny" / f"{split}.conll", sentences)
        if split != "valid":
            write_file(here / "half" / f"{split}.conll", sentences)
    (here / "empty.conll").write_text("")
    (here / "binary.conll").write_bytes(b"\xff\x00\x81" * 30)
    (here / "folder").mkdir()
    (here / "letter.txt").write_text("Dear")
    before = tree(here)
    outcome = run("calibrate", *arguments)
    assert said in outcome.complaint()
    assert outcome.code == code
    assert tree(here) == before


def test_a_model_of_several_layers_is_refused(
    here: Path, tiny_folder: Path, layered_run: Path
) -> None:
    outcome = run("calibrate", "--data", tiny_folder, "--model", layered_run)
    assert outcome.code == 2
    assert "has several tag layers" in outcome.complaint()


@pytest.mark.slow
def test_a_training_ends_calibrated(empty: Path, tiny_folder: Path) -> None:
    ask = ["train", "--data", tiny_folder, "--seeds", "1,2", "--calibrate", *TINY]
    model, told = run(*ask).good().out.splitlines()[-2:]
    assert model == "model: runs/tiny"
    assert re.fullmatch(r"temperature [\d.]+: expected calibration error .*", told)
    value = Tagger.load("runs/tiny").settings.temperature
    assert told.startswith(f"temperature {value:g}: ")
    assert value != 1
    again = run(*ask, "--resume").good().out.splitlines()
    assert again[-1] == told
    assert Tagger.load("runs/tiny").settings.temperature == value


def test_layers_are_refused_before_the_training(empty: Path, layered_corpus: Corpus) -> None:
    for split, sentences in layered_corpus.splits().items():
        write_file(empty / "two" / f"{split}.jsonl", sentences, "jsonl")
    outcome = run("train", "--data", "two", "--calibrate", *TINY)
    assert outcome.code == 2
    assert "--calibrate goes by one tag layer" in outcome.complaint()
    assert not Path("runs").exists()


def test_text_without_labels_is_refused_before_the_training(empty: Path, tiny_run: Path) -> None:
    Path("text.txt").write_text("Anna saw Rome.\n")
    ask = ["train", "--teacher", tiny_run, "--unlabelled", "text.txt", "--calibrate", *TINY]
    outcome = run(*ask)
    assert outcome.code == 2
    assert "add --valid FILE" in outcome.complaint()


def test_without_the_extension_the_option_says_so(
    empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.cli.train.declared", lambda what: {})
    outcome = run("train", "--data", tiny_folder, "--calibrate", *TINY)
    assert outcome.code == 2
    assert "--calibrate needs an extension that this ner lacks" in outcome.complaint()
