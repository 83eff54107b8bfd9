"""``ner search``: settings to stdout, progress to stderr, and Ctrl-C."""

import re
import sys
from pathlib import Path

import pytest

from ner.config import Config
from tests.cli.command import SMALL, run, sets, stopped, warm

pytestmark = pytest.mark.slow

FEW = sets(*SMALL, "train.epochs=2", "train.batch_sentences=4", "train.learning_rate=0.02")
RANGES = ["--range", "model.dropout=0.1..0.6", "--range", "train.word_dropout=0,0.1"]


def test_a_search_prints_a_configuration(empty: Path, tiny_folder: Path) -> None:
    outcome = run("search", "--data", tiny_folder, *FEW, *RANGES, "--trials", "2").good()
    out = Path("runs/tiny-search")
    assert outcome.out == (out / "best.toml").read_text(encoding="utf-8")
    lines = outcome.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "run folder",
        "trial 1 of 2",
        "trial 2 of 2",
        "best of 2 trials",
    ]
    assert lines.pop(0) == f"run folder: {out}"
    assert re.fullmatch(
        r"trial 1 of 2: valid F1 ([\d.]+); best \1 \(trial 1\); "
        r"model.dropout=0.5, train.word_dropout=[\d.]+",
        lines[0],
    )
    assert f"settings: {out / 'best.toml'}, model: {out / 'best'}" in lines[-1]
    Path("best.toml").write_text(outcome.out, encoding="utf-8")
    config = Config.load("best.toml")
    assert (config.model.hidden, config.train.epochs) == (16, 2)
    assert 0.1 <= config.model.dropout <= 0.6
    run("train", "--data", tiny_folder, "--config", "best.toml", "--out", "again").good()
    weights = "model/weights.safetensors"
    assert Path("again", weights).read_bytes() == (out / "best" / weights).read_bytes()
    run("evaluate", "--model", out / "best", "--data", tiny_folder).good()


@pytest.mark.slow(reason="searches three times, once in a process of its own")
def test_a_real_second_process_goes_on(empty: Path, tiny_folder: Path) -> None:
    ask = ["search", "--data", tiny_folder, *FEW, *RANGES, "--out", "my search"]
    first = run(*ask, "--trials", "2").good()
    assert "trial 2 of 2" in first.err
    refused = run(*ask, "--trials", "3")
    assert refused.code == 2
    assert "go on with --resume" in refused.complaint()
    second = warm(*ask, "--trials", "3", "--resume", cwd=empty).good()
    assert [line[:12] for line in second.err.splitlines()] == [
        "run folder: ",
        "trial 3 of 3",
        "best of 3 tr",
    ]
    third = run(*ask, "--trials", "3", "--resume").good()
    assert third.out == second.out
    assert third.err.splitlines() == [second.err.splitlines()[0], second.err.splitlines()[-1]]


@pytest.mark.slow(reason="searches in a process until a trial is at work")
def test_ctrl_c_and_on(empty: Path, tiny_folder: Path) -> None:
    longer = sets("train.epochs=15", "train.patience=15")
    ask = ["search", "--data", str(tiny_folder), *FEW, *longer, *RANGES, "--out", "my search"]
    out = Path("my search")

    def between_trials() -> bool:
        return (out / "best.toml").exists() and (out / "trial/metrics.jsonl").exists()

    outcome = stopped(*ask, "--trials", "50", when=between_trials)
    said = outcome.err
    assert (outcome.code, outcome.out) == (130, "")
    assert "Traceback" not in said
    assert said.splitlines()[-1] == (
        "ner: stopped; the best settings so far are in my search/best.toml; "
        "go on with --out 'my search' --resume"
    )
    assert not (out / "trial").exists()
    done = len(re.findall(r"^trial \d+ of 50", said, re.MULTILINE))
    assert done >= 1
    on = run(*ask, "--trials", str(done + 1), "--resume").good()
    assert on.err.splitlines()[1].startswith(f"trial {done + 1} of {done + 1}: ")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--range", "model.hiden=1..2"], "did you mean 'model.hidden'?"),
        (["--range", "model.hidden=1..2", "--set", "model.hidden=3"], "is set as well"),
        (["--range", "model.hidden=1"], "two or more"),
        (["--trials", "0"], "--trials"),
        (["--set", "model.hiden=1"], "did you mean 'model.hidden'?"),
        (["--resume"], "no search to go on with"),
        (["--config", "no.toml"], "no such file"),
        (["--out", ""], "the name is empty"),
    ],
)
def test_wrong_use_is_one_line(empty: Path, tiny_folder: Path, wrong: list[str], said: str) -> None:
    outcome = run("search", "--data", tiny_folder, *wrong)
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert list(empty.iterdir()) == []


def test_warnings_of_every_trial_are_said_once(empty: Path, tiny_folder: Path) -> None:
    Path("c").mkdir()
    for split in ("train", "valid"):
        text = (tiny_folder / f"{split}.conll").read_text(encoding="utf-8")
        Path(f"c/{split}.conll").write_text(text, encoding="utf-8")
    with Path("c/valid.conll").open("a", encoding="utf-8") as file:
        file.write("\nZeus B-GOD\n")
    outcome = run("search", "--data", "c", *FEW, *RANGES, "--trials", "3", "--out", "s").good()
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning: ")]
    assert len([line for line in warnings if "GOD" in line]) == 1


def test_without_optuna(empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    for corpus in (tiny_folder, "a-corpus-that-is-not-there"):  # nothing is read before
        outcome = run("search", "--data", corpus)
        assert outcome.code == 2
        assert 'pip install "optuna>=4"' in outcome.complaint()
    assert list(empty.iterdir()) == []
