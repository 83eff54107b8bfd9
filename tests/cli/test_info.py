"""``ner info``."""

import json
import platform
from importlib.metadata import PackageNotFoundError

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
