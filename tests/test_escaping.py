"""Labels and names of files that would steer a terminal, forge a line or a cell; shown harmless."""

import json
import logging
import re
from pathlib import Path

import pytest

from ner.bundle import load_bundle
from ner.errors import NerError, UsageError, escaped
from ner.evaluation import evaluate_spans, format_columns, format_mistakes, format_report
from ner.evaluation.mistakes import analyse_mistakes
from ner.predict import Prediction
from ner.run_folder import log_file
from ner.text import Sentence, Span
from tests.cli.command import BRIEF, run

HOSTILE = "A\nB\x1b[31m\x9b\u202e\u2066\u2028\r"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def lines_of(text: str) -> list[str]:
    """The lines of a text in which nothing steers a terminal."""
    assert not STEERING.search(text)
    return text.split("\n")


def test_what_acts_on_a_terminal_has_a_backslash() -> None:
    assert escaped(HOSTILE) == r"A\nB\x1b[31m\x9b\u202e\u2066\u2028\r"
    assert escaped(escaped(HOSTILE)) == escaped(HOSTILE)
    usual = "Größe, 東京 👩‍👩‍👧 שלום\u00a0e\u0301"
    assert escaped(usual) == usual
    assert str(UsageError(f"{HOSTILE}: no")) == str(NerError(UsageError(f"{HOSTILE}: no")))


def test_tables_keep_their_lines() -> None:
    gold = Sentence(("x", HOSTILE), (Span(0, 2, HOSTILE),), source=HOSTILE)
    report = evaluate_spans([gold], [Sentence(gold.tokens)])
    assert (
        len(lines_of(format_report(report)))
        == len(lines_of(format_report(evaluate_spans([], [])))) + 2
    )
    found = analyse_mistakes([gold], [Prediction((Span(0, 1, HOSTILE),), (0.5,))], (), 10)
    assert escaped(HOSTILE) in format_mistakes(found)
    lines_of(format_mistakes(found))
    assert lines_of(format_columns([[HOSTILE, "b"]], {0})) == [f"{escaped(HOSTILE)}  b", ""]


def test_a_log_has_a_line_for_each_message(tmp_path: Path) -> None:
    with log_file(tmp_path / "log.txt"):
        logging.getLogger("ner").info("reads %s", HOSTILE)
    text = (tmp_path / "log.txt").read_bytes().decode()
    assert lines_of(text)[0].endswith(f"INFO reads {escaped(HOSTILE)}")
    assert text.count("\n") == 1


@pytest.mark.slow
def test_a_hostile_corpus_from_check_to_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    label = "A|<img src=x>|[a](b)`"
    name = "c\n\x1b[31m\u202e.jsonl"
    records = [
        {"text": f"Anna saw it {n}", "entities": [{"start": 0, "end": 4, "label": label}]}
        for n in range(30)
    ]
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in records))
    for command in (["data", "check"], ["data", "stats"]):
        outcome = run(*command, name)
        lines_of(outcome.out + outcome.err)
    outcome = run("train", "--data", name, *BRIEF, "--out", "r\x1b[31m")
    lines_of(outcome.out + outcome.err)
    assert outcome.code == 0, outcome
    lines_of(Path("r\x1b[31m", "log.txt").read_text())
    card = Path("r\x1b[31m", "model", "README.md").read_text()
    lines_of(card)
    assert "<img" not in card
    assert "[a](b)" not in card
    assert load_bundle("r\x1b[31m").labels == [label]
