"""A review as a process: killed at any moment, it has all that it said was saved."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ner.corpus import read_file, read_journal
from ner.text import Span
from tests.cli.command import LIMIT, environment, process, warm
from tests.extensions.review.client import PROGRAM, ask, change, reviewed

pytestmark = pytest.mark.slow(reason="starts processes")


def test_nothing_is_lost_when_it_is_killed(corpus: Path, tmp_path: Path) -> None:
    out, before = tmp_path / "out.conll", corpus.read_bytes()
    with reviewed(corpus, "--out", out, cwd=tmp_path) as found:
        ask(found, "decide", {"changes": [change(1, 0, (0, 4, "PER"), note="new")]})
        ask(found, "label", {"text": "New York", "label": "LOC"})
        assert found.stop(signal.SIGKILL) == -signal.SIGKILL
    assert not out.exists()
    with (tmp_path / "out.conll.journal").open("ab") as journal:
        journal.write(b'{"do": {"0"')  # as if it had been killed while it wrote
    with reviewed(corpus, "--out", out, "--resume", cwd=tmp_path) as found:
        assert "its last line breaks off, and was not saved" in found.log()
        assert ask(found, "project")["statuses"] == "oao"
        assert ask(found, "undo", {})["changed"] == {"1": "a"}
        ask(found, "redo", {})
        assert found.stop() == 0
        assert f"{out}: 3 sentences, 1 of 3 accepted; go on with --resume" in found.log()
    spans = [sentence.spans for sentence in read_file(out)]
    assert spans[1] == (Span(0, 1, "PER"), Span(2, 4, "LOC"))
    assert read_journal(tmp_path / "out.conll.journal")[1].note == "new"
    assert corpus.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_writes(corpus: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out.jsonl"
    with reviewed(corpus, "--out", out, cwd=tmp_path) as found:
        ask(found, "decide", {"changes": [change(0, 0)]})
        assert found.stop(number) == 0
    assert [len(sentence.spans) for sentence in read_file(out)] == [0, 0, 1]


def test_a_second_process_is_kept_out(corpus: Path, tmp_path: Path) -> None:
    arguments = (corpus, "--out", tmp_path / "out.jsonl", "--resume")
    with reviewed(*arguments[:-1], cwd=tmp_path) as found:
        outcome = process("review", *arguments, "--port", 0, cwd=tmp_path)
        assert outcome.code == 2
        assert "another process is at work on it" in outcome.complaint()
        assert ask(found, "project")["count"] == 3


def test_without_its_packages_it_says_how_to_get_them(corpus: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.modules['fastapi'] = None; {PROGRAM.removeprefix('import sys; ')}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(corpus), "--out", str(tmp_path / "out.jsonl")],
        env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 2
    assert "ner review need packages (fastapi is missing): pip install" in done.stderr
    assert not list(tmp_path.glob("*.journal"))


def test_what_is_corrected_is_trained_on(model: Path, tmp_path: Path, corpus: Path) -> None:
    """The command of the page runs as it stands."""
    out = tmp_path / "out.jsonl"
    with reviewed(corpus, "--out", out, "--model", model, cwd=tmp_path) as found:
        ask(found, "decide", {"changes": [change(1, 0, (0, 4, "PER"))]})
        ask(found, "write", {})
        words = ask(found, "project")["command"].split()
    assert words[:3] == ["ner", "train", "--start-from"]
    outcome = warm(*words[1:], "--set", "train.epochs=1", cwd=tmp_path)
    assert outcome.code == 0, outcome
    assert (tmp_path / "runs").is_dir()


def test_it_runs_to_its_end_where_the_terminal_is_gone(corpus: Path, tmp_path: Path) -> None:
    with reviewed(corpus, "--out", tmp_path / "out.jsonl", cwd=tmp_path) as found:
        os.kill(found.process.pid, signal.SIGHUP)
        assert found.process.wait(60) == 0
    assert (tmp_path / "out.jsonl").exists()
