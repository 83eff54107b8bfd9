"""``ner inspect``: a page, figures, and tables to stdout."""

import json
from pathlib import Path

import pytest

from tests.cli.command import SMALL, run, sets

FEW = ["--cells", "gru", "--lengths", "5,20", "--epochs", "1", *sets(*SMALL)]


@pytest.mark.slow
def test_gradients(empty: Path, tiny_folder: Path) -> None:
    ask = ["inspect", "gradients", "--data", tiny_folder, *FEW, "--out", "r.html"]
    outcome = run(*ask).good()
    assert outcome.out.splitlines()[0].split()[:4] == ["cell", "state", "tokens", "when"]
    assert "update" in outcome.out
    assert outcome.err.splitlines()[-1] == "page: r.html"
    assert "<svg" in Path("r.html").read_text(encoding="utf-8")
    told = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert told["lengths"] == [5, 20]
    assert [cell["cell"] for cell in told["cells"]] == ["gru"]
    assert told["config"]["model"]["hidden"] == 16
    assert told["config"]["train"]["epochs"] == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--cells", "gru,gro"], "rnn, lstm, gru"),
        (["--lengths", "5,x"], "whole numbers above 1"),
        (["--lengths", "1"], "whole numbers above 1"),
        (["--lengths", "99999"], "too few for --lengths 99999"),
        (["--set", "model.hiden=1"], "did you mean 'model.hidden'?"),
        (["--set", "model.cell=gru"], "--set model.cell: is not to be chosen here"),
        (["--set", "train.epochs=2"], "--set train.epochs: is not to be chosen here"),
        (["--out", "x.json"], "is where the figures go"),
        (["--epochs", "0"], "--epochs"),
        (["--lengths", "99999", "--out", "a/b/c.html"], "too few for --lengths 99999"),
    ],
)
def test_wrong_use_is_one_line(empty: Path, tiny_folder: Path, wrong: list[str], said: str) -> None:
    ask = ["inspect", "gradients", "--data", tiny_folder, "--out", "r.html", *wrong]
    outcome = run(*ask)
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert list(empty.iterdir()) == []


def test_nothing_of_others_is_overwritten(empty: Path, tiny_folder: Path) -> None:
    Path("r.json").write_text('{"mine": 1}', encoding="utf-8")
    outcome = run("inspect", "gradients", "--data", tiny_folder, "--out", "r.html")
    assert outcome.code == 2
    assert outcome.complaint().startswith("ner: error: r.json: is where the figures of r.html go")
    assert Path("r.json").read_text(encoding="utf-8") == '{"mine": 1}'
    assert [path.name for path in empty.iterdir()] == ["r.json"]


def test_a_place_that_cannot_be_written_is_refused_before_the_training(
    empty: Path, tiny_folder: Path
) -> None:
    Path("file").touch()
    asked = ["inspect", "gradients", "--data", tiny_folder, *FEW, "--epochs", "100000"]
    outcome = run(*asked, "--out", "file/r.html")  # in 100,000 epochs, if it were not refused
    assert outcome.code == 1
    assert "file/r.html: cannot be written" in outcome.complaint()
