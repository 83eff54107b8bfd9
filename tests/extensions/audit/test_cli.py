"""``ner audit``: places to stdout, progress to stderr, corrections as a patched copy."""

import json
from pathlib import Path

import pytest

from ner.corpus import read_file, read_queue, write_queue
from tests.cli.command import TINY, run, stopped

pytestmark = pytest.mark.slow


@pytest.fixture
def planted(empty: Path, tiny_folder: Path) -> Path:
    """`tiny_folder` with a person as a place."""
    folder = empty / "planted"
    folder.mkdir()
    for split in ("train", "valid", "test"):
        text = (tiny_folder / f"{split}.conll").read_text(encoding="utf-8")
        if split == "train":
            text = text.replace("B-PER", "B-LOC", 1)
        (folder / f"{split}.conll").write_text(text, encoding="utf-8")
    return folder


def test_places_and_a_patched_copy(planted: Path, tiny_folder: Path) -> None:
    ask = ["audit", "--data", planted, "--folds", "2", "--seeds", "1", *TINY]
    outcome = run(*ask, "--top", "1").good()
    first, reason = outcome.out.splitlines()[:2]
    train = planted / "train.conll"
    assert first.split(maxsplit=1)[1] == f"type          {train}:1  Anna LOC → PER"
    assert "2 of 2 models" not in reason
    assert "1 of 1 models contradict" in reason
    lines = outcome.err.splitlines()
    out = Path("runs/planted-audit")
    assert lines[0] == f"audit folder: {out}"
    assert lines[1].startswith("model 1 of 2: seed-1-fold-1, ")
    assert lines[-2].endswith(f"places: {out / 'queue.jsonl'}")
    assert lines[-1] == f"page: {out / 'audit.html'}"

    again = run(*ask, "--resume", "--json", "--top", "2").good()
    items = [json.loads(line) for line in again.out.splitlines()]
    queue = read_queue(out / "queue.jsonl")
    assert items == [item.to_dict() for item in queue[:2]]

    write_queue("accepted.jsonl", queue[:1])
    patch = ["audit", "--data", planted, "--apply", "accepted.jsonl"]
    patched = run(*patch, "--out", "clean").good()
    assert patched.err.splitlines() == [
        f"clean/{split}.conll: {count} corrections"
        for split, count in (("train", 1), ("valid", 0), ("test", 0))
    ]
    for split in ("train", "valid", "test"):
        right, now = (Path(f, f"{split}.conll").read_bytes() for f in (tiny_folder, "clean"))
        assert right == now
    assert "name a new folder" in run(*patch).complaint()
    assert "holds something" in run(*patch, "--out", "clean").complaint()


def test_ctrl_c_and_on(planted: Path) -> None:
    ask = ["audit", "--data", str(planted), "--folds", "2", "--seeds", "1", *TINY]
    long = [*ask, "--set", "train.epochs=300", "--out", "my audit"]
    first = Path("my audit/judgements/seed-1-fold-1.jsonl")
    outcome = stopped(*long, when=Path("my audit/audit.json").exists)
    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err.splitlines()[-1] == "ner: stopped; go on with --out 'my audit' --resume"
    assert not first.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--data", "none"], "no corpus 'none'"),
        (["--data", "planted", "--folds", "1"], "'--folds'"),
        (["--data", "planted", "--model", "none"], "none"),
        (["--data", "planted", "--apply", "none", "--out", "x"], "none: no such file"),
        (["--data", "planted", "--apply", "planted", "--out", "x"], "is a folder"),
        (["--data", "planted", "--apply", "binary", "--out", "x"], "binary"),
        (["--data", "planted", "--apply", "planted/train.conll", "--out", "x"], "train.conll:1"),
        (["--data", "binary"], "binary"),
        (["--data", "nothing.conll"], "no sentence"),
    ],
)
def test_wrong_use_gets_one_line(planted: Path, wrong: list[str], said: str) -> None:
    Path("binary").write_bytes(b"\0\1\2")
    Path("nothing.conll").write_text("")
    outcome = run("audit", *wrong)
    assert outcome.code in (1, 2)
    assert said in outcome.complaint()


def test_an_empty_queue_changes_nothing(planted: Path) -> None:
    Path("empty.jsonl").write_text("")
    run("audit", "--data", planted, "--apply", "empty.jsonl", "--out", "same").good()
    assert read_file("same/train.conll")[0].spans == read_file(planted / "train.conll")[0].spans
