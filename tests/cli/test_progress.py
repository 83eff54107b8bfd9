"""What training shows on a terminal (what it shows elsewhere: `test_train`)."""

import os
import pty
import re
import sys
from pathlib import Path

import pytest
from rich.progress import Progress

from ner.cli.progress import TrainingProgress
from tests.cli.command import forked, run, sets

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="wants a pseudo-terminal")


def _on_terminal(*arguments: object, cwd: Path) -> str:
    """What a command writes on stderr, if that is a terminal."""
    ours, theirs = pty.openpty()
    changes = {"TERM": "xterm", "COLUMNS": "120"}
    with (
        os.fdopen(ours, "rb", buffering=0) as terminal,
        open(os.devnull, "wb") as nothing,
        forked(*arguments, out=nothing.fileno(), err=theirs, cwd=cwd, changes=changes) as child,
    ):
        os.close(theirs)
        written = b""
        try:
            while piece := terminal.read(65536):
                written += piece
        except OSError:  # so the end shows on Linux
            pass
        assert child.wait() == 0
    return written.decode()


def _left(written: str) -> list[str]:
    """The lines that stay on the screen: what a line was before it was erased is gone."""
    lines = [line.split("\x1b[2K")[-1] for line in written.split("\r\n")]
    return [re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", line).strip("\r") for line in lines]


@pytest.mark.slow
def test_bars_move_and_messages_stand_above_them(empty: Path, tiny_folder: Path) -> None:
    (empty / "v.vec").write_text("2 2\nAnna 1 2\nRome 3 4\n")
    settings = sets("model.hidden=8", "train.epochs=3", "train.batch_sentences=2")
    arguments = ["train", "--data", tiny_folder, *settings, "--vectors", "v.vec"]
    written = _on_terminal(*arguments, cwd=empty)
    assert "━" in written
    assert re.search(r"loss \d+\.\d{3}", written)
    messages = [line for line in _left(written) if line and "━" not in line]
    assert messages[0].startswith("v.vec: vectors of 2 numbers")
    assert messages[1] == "run folder: runs/tiny"
    assert messages.pop().startswith("tagging is in ")
    assert [line.partition(":")[0] for line in messages[2:]] == [f"epoch {n}/3" for n in (1, 2, 3)]


def test_a_stage_that_begins_again_has_a_new_bar() -> None:
    with Progress(disable=True) as bars:
        progress = TrainingProgress(bars, ())
        progress.show("epoch 1", 1, 2)
        progress.show("epoch 1", 2, 2)
        [first] = bars.tasks
        assert first.finished
        progress.show("epoch 1", 1, 2)  # of the next seed
        [second] = bars.tasks
    assert second.id != first.id
    assert not second.finished


def test_no_bar_in_a_pipe_even_where_colours_are_forced(
    empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    arguments = ["--data", tiny_folder, *sets("model.hidden=8", "train.epochs=1")]
    outcome = run("train", *arguments).good()
    assert not set("\x1b\r━") & {*outcome.err, *outcome.out}
