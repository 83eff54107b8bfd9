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
    ],
)
def test_wrong_use_is_one_line(empty: Path, tiny_folder: Path, wrong: list[str], said: str) -> None:
    ask = ["inspect", "gradients", "--data", tiny_folder, "--out", "r.html", *wrong]
    outcome = run(*ask)
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert list(empty.iterdir()) == []
