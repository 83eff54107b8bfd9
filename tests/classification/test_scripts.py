"""The scripts that show classifiers: texts made of a corpus, and what skipping gains and loses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ner.corpus import Corpus, write_file

SCRIPTS = Path(__file__).parents[2] / "scripts"

DOCUMENTS = """-DOCSTART- O

Anna B-PER
saw O
Berta B-PER

in O
Rome B-LOC

-DOCSTART- O

Rome B-LOC
Carl B-PER

-DOCSTART- O

Rain O

-DOCSTART- O

Paris B-LOC
"""


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_documents_by_the_type_they_hold_most_of(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "train.txt").write_text(DOCUMENTS)
    done = run("document_kinds.py", tmp_path / "in", tmp_path / "out")
    assert done.stdout == "train: 2 of 4 documents: PER 1, LOC 1\n"
    lines = (tmp_path / "out" / "train.jsonl").read_text().splitlines()
    assert list(map(json.loads, lines)) == [
        {"text": "Anna saw Berta\nin Rome", "label": "PER"},
        {"text": "Paris", "label": "LOC"},
    ]
    failed = run("document_kinds.py", tmp_path / "none", tmp_path / "out")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: no corpus ")


@pytest.mark.slow
def test_what_skipping_gains_and_loses(
    tiny_run: Path, skip_run: Path, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    for split in ("train", "valid"):
        write_file(tmp_path / "in" / f"{split}.conll", tiny_corpus.splits()[split])
    done = run(
        "skip.py", "--model", tiny_run, "--skip-with", skip_run, "--data", tmp_path / "in",
        "--below", "0,1", "--rounds", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, alone, names, *rows = done.stdout.splitlines()
    assert "valid: 12 sentences" in head
    assert "0.0 % of the sentences have no entity" in head
    assert alone.startswith("the classifier alone: ")
    assert names.split()[:2] == ["skip", "below"]
    found = [row.split() for row in rows]
    assert [row[0] for row in found] == ["-", "0", "1"]
    assert [row[1] for row in found] == ["0.0", "0.0", "100.0"]
    assert [row[5] for row in found] == ["0", "0", "12"]  # wrongly
    assert found[0][6] == found[1][6] > found[2][6] == "0.00"  # F1
    failed = run("skip.py", "--model", skip_run, "--skip-with", skip_run)
    assert failed.returncode == 1
    assert "is of a sequence classifier" in failed.stderr
