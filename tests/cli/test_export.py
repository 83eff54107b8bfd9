"""``ner export``, and commands that take its file for a model."""

from pathlib import Path

import pytest

from ner.tagger import Tagger
from tests.cli.command import run, tree

TEXT = b"Anna visited New York.\n"
MARKED = "[Anna](PER) visited [New York](LOC).\n"


@pytest.mark.parametrize("precision", ["auto", "float32", "int8"])
def test_the_file_is_a_model(precision: str, here: Path, tiny_folder: Path) -> None:
    outcome = run("export", "--out", "m.ner", "--precision", precision).good()
    assert outcome.out == ""
    size = (here / "m.ner").stat().st_size
    assert outcome.err == f"m.ner: {size / 1e6:.1f} MB\n"
    assert run("tag", "-", "--model", "m.ner", stdin=TEXT).good().out == MARKED
    assert run("tag", "-", "--model", "m.ner", "--workers", "2", stdin=TEXT).good().out == MARKED
    assert Tagger.load("m.ner").labels == ["LOC", "PER"]
    scores = [
        run("evaluate", "--data", tiny_folder, "--model", model, "--json").good().out
        for model in ("m.ner", "runs/tiny")
    ]
    assert scores[0] == scores[1]


def test_a_file_of_an_older_export_is_replaced(here: Path) -> None:
    run("export", "--model", "runs/tiny", "--out", "m.ner").good()
    first = (here / "m.ner").read_bytes()
    run("export", "--model", "m.ner", "--out", "m.ner").good()
    assert (here / "m.ner").read_bytes() == first


def test_nothing_else_is_replaced(here: Path) -> None:
    (here / "letter.txt").write_text("Dear")
    before = tree(here)
    for out in ("letter.txt", "runs", "runs/tiny/model"):
        outcome = run("export", "--out", out)
        assert outcome.code == 2
        said = f"ner: error: {out}: holds something that is no exported model; name another file"
        assert outcome.complaint() == said
    assert tree(here) == before


def test_a_model_that_is_missing(empty: Path) -> None:
    for given, said in (([], "no finished run under runs/"), (["--model", "x"], "no such model")):
        outcome = run("export", *given, "--out", "m.ner")
        assert outcome.code == 2
        assert said in outcome.complaint()
    assert tree(empty) == {}


def test_a_file_that_is_harmed(here: Path) -> None:
    run("export", "--out", "m.ner").good()
    content = (here / "m.ner").read_bytes()
    (here / "m.ner").write_bytes(content[:-1])
    outcome = run("tag", "-", "--model", "m.ner", stdin=TEXT)
    assert outcome.code == 1
    said = "m.ner: is damaged (it has no directory at its end); copy the model again"
    assert outcome.complaint() == f"ner: error: {said}"
