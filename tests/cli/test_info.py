"""``ner info``."""

import json
import platform
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy
import pytest
import torch

import ner
from ner.runtime import kernels
from tests.cli.command import run


def test_it_names_versions_and_the_kernels_that_run() -> None:
    lines = dict(line.split(maxsplit=1) for line in run("info").good().out.splitlines())
    assert lines["ner"] == ner.__version__
    assert lines["python"] == platform.python_version()
    assert lines["numpy"] == numpy.__version__
    assert lines["kernels"] == kernels.description()
    assert lines["torch"] == torch.__version__


def test_as_json_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_KERNELS", "numpy")
    found = json.loads(run("info", "--json").good().out)
    assert found["kernels"] == "numpy (asked for by NER_KERNELS)"
    assert found["packages"]["torch"] == torch.__version__


def test_it_lists_models_by_name(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("export", "--out", "models/mine.ner").good()
    monkeypatch.setenv("NER_MODELS", "models")
    lines = dict(line.split(maxsplit=1) for line in run("info").good().out.splitlines())
    assert "mine" in lines["models"].split(", ")
    assert json.loads(run("info", "--json").good().out)["models"]["mine"] == "models/mine.ner"
    assert run("tag", "-", "--model", "mine", stdin=b"Anna left Rome.\n").good().out


def test_it_prints_the_card_of_a_model(here: Path) -> None:
    card = Path("runs/tiny/model/README.md").read_text(encoding="utf-8")
    assert run("info", "--card", "runs/tiny").good().out == card
    outcome = run("info", "--card", "nowhere")
    assert outcome.code == 2
    assert "nowhere: no such model folder" in outcome.complaint()


def test_a_missing_package_is_named_with_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    assert "\nspacy        not installed; for DocBin\n" in run("info").good().out
    assert json.loads(run("info", "--json").good().out)["packages"]["spacy"] is None


def test_kernels_that_there_are_not_are_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_KERNELS", "z80")
    outcome = run("info")
    assert outcome.code == 2
    assert "NER_KERNELS" in outcome.complaint()
