"""What extensions declare, and a core that does without them."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

import ner
from ner.errors import UsageError
from ner.plugins import declared, load, public, runner_forms, runner_place
from tests.cli.command import LIMIT, TINY, Outcome, command, environment


def test_extensions_declare_commands_and_token_embedders() -> None:
    assert {*declared("COMMANDS")} == {
        "audit", "calibrate", "charlm", "classify", "compare", "inspect", "push", "report",
        "review", "search", "serve", "suggest", "vectors",
    }  # fmt: skip
    assert [*declared("TOKEN_EMBEDDERS")] == ["charlm", "hf"]
    assert [*declared("TRAININGS")] == ["distill", "teacher"]
    assert not declared("SOMETHING_ELSE")


@pytest.mark.parametrize("what", ["COMMANDS", "TOKEN_EMBEDDERS", "TRAININGS"])
def test_what_is_declared_is_there(what: str) -> None:
    for name, place in declared(what).items():
        found = load(place)
        if what == "COMMANDS":
            assert isinstance(found, click.Command)
            assert found.name == name


@pytest.mark.parametrize("what", ["MODEL_SOURCES", "PUBLIC"])
def test_functions_that_are_declared_are_there(what: str) -> None:
    assert declared(what)
    for name, place in declared(what).items():
        if not name.startswith("sklearn."):  # whose package may be missing
            assert load(place)


def test_public_names_of_extensions() -> None:
    assert public("tag_series") is load(declared("PUBLIC")["tag_series"])
    assert public("tag_series") is ner.tag_series
    with pytest.raises(AttributeError, match="module 'ner' has no attribute 'tag_serie'"):
        public("tag_serie")


def test_a_runner_is_found_by_the_beginning_of_an_address() -> None:
    runners = declared("RUNNERS")
    for on in ("ray", "ray://host:10001"):
        assert runner_place(on) == runners["ray[://HOST:PORT]"]
    for on in ("processes", "processes:4"):
        assert runner_place(on) == runners["processes[:N]"]
    with pytest.raises(UsageError, match="--on rays: is unknown"):
        runner_place("rays")


@pytest.mark.parametrize(
    ("forms", "remedy"),
    [
        ([], "no extension declares a runner; leave it out"),
        (["moon[://PLACE]"], "write moon[://PLACE]"),
        (["moon[://PLACE]", "sun"], "write moon[://PLACE] or sun"),
    ],
)
def test_runners_are_named_as_they_are_declared(
    forms: list[str], remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.plugins.declared", lambda what: dict.fromkeys(forms, "a:B"))
    assert runner_forms() == forms
    with pytest.raises(UsageError) as caught:
        runner_place("ray")
    assert str(caught.value) == f"--on ray: is unknown; {remedy}"


def test_a_place_may_be_a_module() -> None:
    assert load("ner.plugins") is importlib.import_module("ner.plugins")


def test_declarations_are_light() -> None:
    code = "import sys, ner.plugins; ner.plugins.declared('COMMANDS'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "click", "optuna"} & {*done.stdout.split()}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as it is after deleting `ner/extensions/`."""
    folder = tmp_path_factory.mktemp("bare")
    ner = Path(importlib.import_module("ner").__file__ or "").parent
    left_out = shutil.ignore_patterns("extensions", "__pycache__")
    shutil.copytree(ner, folder / "ner", ignore=left_out)
    # The finder of an editable installation would look for the rest of the package elsewhere.
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "sys.meta_path[:] = [f for f in sys.meta_path\n"
        "                    if not getattr(f, '__module__', '').startswith('__editable__')]\n"
    )
    return folder


def test_without_extensions_the_main_commands_are_left(bare: Path) -> None:
    done = _without_extensions(bare, "--help").good()
    assert "\nCommands:\n" in done.out
    assert "Extensions" not in done.out
    assert "  train " in done.out


def test_without_extensions_their_names_are_unknown(bare: Path) -> None:
    code = (
        "import ner\n"
        "assert not hasattr(ner, 'tag_series') and not hasattr(ner, 'sklearn')\n"
        "try: ner.load('hf://a/b')\n"
        "except ner.NerError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=bare,
        env=environment(PYTHONPATH=str(bare)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("hf:/a/b: no such model folder")


@pytest.mark.slow
def test_without_extensions_a_tagger_is_trained_and_tags(bare: Path, tiny_folder: Path) -> None:
    _without_extensions(bare, "train", "--data", tiny_folder, *TINY, "--out", "r").good()
    (bare / "in.txt").write_text("Anna visited Rome .\n")
    tagged = _without_extensions(bare, "tag", "in.txt", "--model", "r").good()
    assert tagged.out == "[Anna](PER) visited [Rome](LOC) .\n"
    arguments = ["--data", str(tiny_folder), "--seeds", "1,2", "--out", "s"]
    refused = _without_extensions(bare, "train", *arguments, "--distill")
    assert refused.code == 2
    assert "--distill needs an extension that this ner lacks" in refused.complaint()


def _without_extensions(bare: Path, *arguments: str | Path) -> Outcome:
    done = subprocess.run(
        command(*arguments),
        cwd=bare,
        env=environment(PYTHONPATH=str(bare)),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
