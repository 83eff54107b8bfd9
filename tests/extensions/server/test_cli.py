"""The command as a user meets it, where it cannot serve."""

import subprocess
import sys
from pathlib import Path

import pytest

from ner.extensions.server.serving import listen
from tests.cli.command import LIMIT, environment, run

WITHOUT = """
import subprocess
import sys
sys.modules["fastapi"] = None
from ner.cli import main
main(["serve", "--model", sys.argv[1], "--port", "0"])
"""


def test_without_its_packages_it_says_how_to_get_them(model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(model)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "(fastapi is missing): pip install 'fastapi>=0.115' " in line


def test_a_model_must_be_there(empty: Path) -> None:
    outcome = run("serve", "--model", "x=runs/missing")
    assert outcome.code == 2
    assert outcome.complaint().startswith("ner: error: runs/missing: no such model folder")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_must_be_free(model: Path, workers: int) -> None:
    [taken] = listen("127.0.0.1", 0, 1)
    port = taken.getsockname()[1]
    with taken:
        outcome = run("serve", "--model", model, "--port", port, "--workers", workers)
    assert outcome.code == 1
    assert f"127.0.0.1:{port}: cannot be served at (Address already in use)" in outcome.complaint()


def test_settings_of_training_are_refused(model: Path) -> None:
    outcome = run("serve", "--model", model, "--set", "model.hidden=3")
    assert outcome.code == 2
    assert "belongs to training" in outcome.complaint()


def test_a_token_file_holds_a_token(model: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    outcome = run("serve", "--model", model, "--token-file", tmp_path / "token")
    assert outcome.code == 2
    assert "must hold a token" in outcome.complaint()
