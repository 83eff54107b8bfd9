"""`scripts/document_kinds.py`: texts with labels made of a corpus."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"

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
