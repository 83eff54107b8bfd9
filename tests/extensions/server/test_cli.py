"""The command as a user meets it, where it cannot serve."""

import sys
from pathlib import Path

import pytest

from ner.extensions.server.serving import listen
from tests.cli.command import run


def test_without_its_packages_it_says_how_to_get_them(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    outcome = run("serve", "--model", model, "--port", 0)
    assert outcome.code == 2
    assert "(fastapi is missing): pip install 'fastapi>=0.115' " in outcome.complaint()


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
