"""What extensions declare, and a core that does without them."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ner.plugins import declared, load


def test_extensions_declare_commands_and_token_embedders() -> None:
    assert {"charlm", "classify", "vectors", "search", "compare", "inspect"} == {
        *declared("COMMANDS")
    }
    assert [*declared("TOKEN_EMBEDDERS")] == ["charlm"]
    assert not declared("SOMETHING_ELSE")


@pytest.mark.parametrize("what", ["COMMANDS", "TOKEN_EMBEDDERS"])
def test_what_is_declared_is_there(what: str) -> None:
    for name, place in declared(what).items():
        found = load(place)
        if what == "COMMANDS":
            assert isinstance(found, click.Command)
            assert found.name == name


def test_declarations_are_light() -> None:
    code = "import sys, ner.plugins; ner.plugins.declared('COMMANDS'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "click", "optuna"} & {*done.stdout.split()}


def test_without_extensions_the_main_commands_are_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As after deleting the folder: a copy of the package without it, in another process."""
    ner = Path(importlib.import_module("ner").__file__ or "").parent
    for path in ner.rglob("*"):
        place = tmp_path / "ner" / path.relative_to(ner)
        if path.is_file() and "extensions" not in place.parts and "__pycache__" not in place.parts:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "ner", "--help"],
        cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "\nCommands:\n" in done.stdout
    assert "Extensions" not in done.stdout
    assert "  train " in done.stdout
