"""``ner compare``: a table to stdout, progress to stderr, and Ctrl-C."""

import json
from pathlib import Path

import pytest

from tests.cli.command import BRIEF, SMALL, run, sets, stopped

pytestmark = pytest.mark.slow

CELLS = ["--vary", "model.cell=rnn,gru"]


def test_a_table(empty: Path, tiny_folder: Path) -> None:
    ask = ["compare", "--data", tiny_folder, *CELLS, "--seeds", "3", *BRIEF]
    outcome = run(*ask).good()
    lines = outcome.out.splitlines()
    assert lines[0].split()[:2] == ["model.cell", "parameters"]
    assert [line.split()[0] for line in lines[1:3]] == ["rnn", "gru"]
    assert [line.partition(":")[0] for line in outcome.err.splitlines()] == [
        "run folder",
        "run 1 of 2",
        "run 2 of 2",
        "table",
    ]
    out = Path("runs/tiny-compare")
    assert outcome.err.splitlines()[0] == f"run folder: {out}"
    assert outcome.err.splitlines()[1].endswith("model.cell=rnn, seed 3")
    assert lines[1].split()[1] in (out / "comparison.md").read_text(encoding="utf-8")
    printed = json.loads(run(*ask, "--resume", "--json").good().out)
    assert printed == json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    run("evaluate", "--model", out / "model.cell=gru/seed-3", "--data", tiny_folder).good()


def test_files_of_splits_make_a_corpus(empty: Path, tiny_folder: Path) -> None:
    files = [f"--{split}={tiny_folder / split}.conll" for split in ("train", "valid")]
    outcome = run("compare", *files, *CELLS, "--seeds", "3", *BRIEF, "--out", "c").good()
    assert "test F1" in outcome.out.splitlines()[0]
    comparison = json.loads(Path("c", "comparison.json").read_text(encoding="utf-8"))
    assert comparison["test_sentences"] == 0
    for command in (["search"], ["inspect", "gradients", "--out", "g.html"]):
        refused = run(*command, "--train", tiny_folder / "train.conll", "--valid", "none.conll")
        assert refused.code == 2
        assert "none.conll: no such file" in refused.complaint()


def test_ctrl_c_and_on(empty: Path, tiny_folder: Path) -> None:
    long = sets(*SMALL, "train.epochs=300", "train.patience=300", "train.ema=0")
    ask = ["compare", "--data", str(tiny_folder), *CELLS, "--seeds", "1", "--out", "my runs"]
    outcome = stopped(*ask, *long, when=Path("my runs/model.cell=rnn/seed-1/model").exists)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.splitlines()[-1] == "ner: stopped; go on with --out 'my runs' --resume"
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--vary", "model.cel=rnn,gru"], "did you mean 'model.cell'?"),
        (["--vary", "model.cell=rnn,gro"], "one of lstm, gru, rnn"),
        ([*CELLS, "--set", "model.cell=rnn"], "is set as well"),
        ([*CELLS, "--seeds", "1,1"], "different whole numbers"),
        ([*CELLS, "--set", "model.hiden=1"], "did you mean 'model.hidden'?"),
        ([*CELLS, "--resume"], "no comparison to go on with"),
        ([*CELLS, "--out", ""], "the name is empty"),
        ([], "--vary"),
    ],
)
def test_wrong_use_is_one_line(empty: Path, tiny_folder: Path, wrong: list[str], said: str) -> None:
    outcome = run("compare", "--data", tiny_folder, *wrong)
    assert outcome.code == 2
    assert said in outcome.complaint()
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("vectors", "no.vec"), ("gazetteers", "PER=no.txt"), ("clusters", "no.paths"),
     ("token_embedders", "charlm=no")],
)  # fmt: skip
def test_files_of_all_variants_are_opened_before_the_first_run(
    key: str, wrong: str, empty: Path, tiny_folder: Path
) -> None:
    Path("a.vec").write_text("Anna 1 2\nRome 2 1\n", encoding="utf-8")
    good = {"vectors": "a.vec"}.get(key, "")
    vary = ["--vary", f"resources.{key}={good},{wrong}"] if good else CELLS
    fixed = [] if good else ["--set", f"resources.{key}={wrong}"]
    outcome = run("compare", "--data", tiny_folder, *vary, *fixed, *BRIEF)
    assert outcome.code == 2
    assert wrong.rpartition("=")[2] in outcome.complaint()
    assert [path.name for path in empty.iterdir()] == ["a.vec"]
