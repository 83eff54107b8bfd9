"""``ner info``."""

import json
import platform
import re
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy
import pytest
import torch
from safetensors.torch import load_file

import ner
from ner.bundle import load_bundle, save_bundle
from ner.runtime import kernels
from ner.version import commit
from tests.cli.command import run


def test_it_names_versions_and_the_kernels_that_run() -> None:
    lines = dict(line.split(maxsplit=1) for line in run("info").good().out.splitlines())
    assert lines["ner"] == ner.__version__
    assert lines["commit"] == (commit() or "not known")
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
    assert run("info", "runs/tiny", "--card").good().out == card
    assert run("info", "--card", "runs/tiny").good().out == card


def test_it_says_what_a_model_is(here: Path) -> None:
    found = json.loads(run("info", "runs/tiny", "--json").good().out)
    report = json.loads(Path("runs/tiny/result.json").read_text(encoding="utf-8"))["scores"]
    files = [*Path("runs/tiny/model").iterdir()]
    assert found["model"] == "runs/tiny/model"
    assert found["bytes"] == sum(len(file.read_bytes()) for file in files)
    assert found["types"] == ["LOC", "PER"]
    assert found["network"]["hidden"] == 16
    weights = load_file("runs/tiny/model/weights.safetensors")
    assert found["network"]["parameters"] == sum(tensor.numel() for tensor in weights.values())
    assert found["corpus"] == "tiny"
    assert found["scores"]["valid"]["f1"] == report["valid"]["f1"]
    assert (found["engine"], found["precision"]) == ("native", "int8")
    lines = run("info", "runs/tiny").good().out.splitlines()
    assert f"valid        precision {100 * report['valid']['precision']:.2f}" in "\n".join(lines)
    assert lines[-2] == "tags with    the native engine, in int8"
    assert lines[-1].startswith(f"made with    ner {ner.__version__}, python ")


def test_it_says_what_text_the_model_is_used_to(here: Path) -> None:
    assert json.loads(run("info", "runs/tiny", "--json").good().out)["profile"] is None
    profile = {"unknown_words": 0.104, "unknown_characters": 0.002, "score": 0.77}
    bundle = load_bundle("runs/tiny/model")
    save_bundle(replace(bundle, about={**bundle.about, "profile": profile}), Path("measured"))
    assert json.loads(run("info", "measured", "--json").good().out)["profile"] == profile
    assert (
        "\nusual text   10% of words and 0.2% of characters unknown, mean score 0.77\n"
        in run("info", "measured").good().out
    )


def test_a_packed_model_is_one_file(here: Path) -> None:
    run("export", "--out", "mine.ner").good()
    found = json.loads(run("info", "mine.ner", "--json").good().out)
    assert found["bytes"] == Path("mine.ner").stat().st_size
    assert found["model"] == "mine.ner"


def test_a_model_of_a_cell_without_kernels_tags_with_torch(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.predict.engines.CELLS", ())
    found = json.loads(run("info", "runs/tiny", "--json").good().out)
    assert (found["engine"], found["precision"]) == ("torch", "float32")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such model folder"),
        (["nowhere", "--card"], "nowhere: no such model folder"),
        (["--card"], "the card of which model? name one: ner info en --card"),
        (["runs/tiny", "--card", "--json"], "a card is Markdown: leave --json or --card out"),
    ],
)
def test_what_it_cannot_tell_is_wrong_use(here: Path, arguments: list[str], message: str) -> None:
    outcome = run("info", *arguments)
    assert outcome.code == 2
    assert message in outcome.complaint()


def test_a_missing_package_is_named_with_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    out = run("info").good().out
    assert re.search(r"^spacy +not installed; for DocBin and pipelines$", out, re.MULTILINE)
    assert re.search(r"^huggingface_hub +not installed; for models on the Hub$", out, re.MULTILINE)
    assert json.loads(run("info", "--json").good().out)["packages"]["spacy"] is None


def test_kernels_that_there_are_not_are_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_KERNELS", "z80")
    outcome = run("info")
    assert outcome.code == 2
    assert "NER_KERNELS" in outcome.complaint()
