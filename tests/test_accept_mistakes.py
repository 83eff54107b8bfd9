"""The oracle: labels of the first places get back what was planted over, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from accept_mistakes import truth
from ner.corpus import QueueItem, read_file, write_queue
from ner.text import Span

ROOT = Path(__file__).parent.parent
TRAIN = "New B-ORG\nYork I-ORG\n\nAnna O\nleft O\n\nBonn B-LOC\n"
VALID = "Rome B-PER\nfell O\n"
ORG, LOC = Span(0, 2, "ORG"), Span(0, 2, "LOC")


def record(source: str, line: int, kind: str, before: Span | None, after: Span | None) -> str:
    parts = {"before": before and before.to_dict(), "after": after and after.to_dict()}
    return json.dumps({"source": source, "line": line, "kind": kind, **parts}) + "\n"


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """A corpus with a wrong type, a dropped and an invented entity, and its audit."""
    folder = tmp_path / "noisy"
    (folder / "audit").mkdir(parents=True)
    (folder / "train.conll").write_text(TRAIN)
    (folder / "valid.conll").write_text(VALID)
    (folder / "planted.jsonl").write_text(
        record("train.conll", 1, "type", LOC, ORG)
        + record("train.conll", 4, "dropped", Span(0, 1, "PER"), None)
        + record("valid.conll", 1, "invented", None, Span(0, 1, "PER"))
        + record("train.conll", 7, "split", Span(0, 2, "LOC"), Span(0, 1, "LOC"))
    )
    items = [
        item(folder / "train.conll", 7, "Bonn", Span(0, 1, "LOC"), None),
        item(folder / "train.conll", 1, "New York", ORG, Span(0, 1, "LOC")),
        item(folder / "train.conll", 4, "Anna left", None, Span(0, 1, "ORG")),
        item(folder / "valid.conll", 1, "Rome fell", Span(0, 1, "PER"), Span(0, 1, "LOC")),
    ]
    write_queue(folder / "audit" / "queue.jsonl", items)
    return folder


def item(
    path: Path, line: int, text: str, labelled: Span | None, proposed: Span | None
) -> QueueItem:
    tokens = tuple(text.split())
    return QueueItem(str(path), line, tokens, "type", 0.5, "", labelled, proposed)


def accepted(noisy: Path, first: int) -> tuple[str, Path]:
    out = noisy.parent / "out"
    command = [sys.executable, "scripts/accept_mistakes.py", str(noisy), "--first", str(first)]
    done = subprocess.run(
        [*command, "--out", str(out)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return done.stdout, out


def test_the_truth_by_place(noisy: Path) -> None:
    found = truth(noisy)
    assert found["train.conll", 1, ORG][0] == LOC
    assert found["train.conll", 4, Span(0, 1, "PER")][0] == Span(0, 1, "PER")
    assert found["valid.conll", 1, Span(0, 1, "PER")][0] is None
    assert len(found) == 3  # a label does not mend a split


@pytest.mark.slow
def test_what_was_planted_is_mended(noisy: Path) -> None:
    told, out = accepted(noisy, 99)
    assert told == "2 of 99 accepted\n"
    train, valid = (read_file(out / f"{split}.conll") for split in ("train", "valid"))
    assert [sentence.spans for sentence in train] == [(LOC,), (), (Span(0, 1, "LOC"),)]
    assert (out / "valid.conll").read_text() == VALID.replace("B-PER", "O")
    assert valid[0].spans == ()


@pytest.mark.slow
def test_only_the_first_places_are_looked_at(noisy: Path) -> None:
    told, out = accepted(noisy, 1)
    assert told == "0 of 1 accepted\n"
    assert (out / "train.conll").read_text() == TRAIN
