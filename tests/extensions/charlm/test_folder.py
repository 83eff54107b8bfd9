"""A language model on disk: what is loaded is what was saved; what is damaged is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ner.errors import BundleError, UsageError
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import (
    DIRECTIONS,
    LanguageModel,
    load_model,
    read_described,
    save_model,
)
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import Alphabet
from ner.stored import write_stored
from ner.tensors import to_arrays

Build = Callable[..., CharacterNetwork]


@pytest.fixture
def saved(build: Build, alphabet: Alphabet, tmp_path: Path) -> Path:
    """A language model of both directions."""
    config = CharLMConfig().replace({"model.hidden": 6, "model.embedding": 5})
    networks = {direction: build() for direction in DIRECTIONS}
    with torch.no_grad():
        networks["backward"].out.bias.fill_(1.0)
    weights = {name: to_arrays(network.state_dict()) for name, network in networks.items()}
    save_model(LanguageModel(alphabet, weights, config, {"checksum": "x"}), tmp_path / "m")
    return tmp_path / "m"


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Change a file, with a checksum that fits."""
    names = {path.name for path in folder.iterdir()} - {"checksums.json"}
    files = {other: (folder / other).read_bytes() for other in names}
    write_stored(folder, {**files, name: content})


def test_what_is_loaded_is_what_was_saved(saved: Path, alphabet: Alphabet, build: Build) -> None:
    model = load_model(saved)
    assert model.alphabet.characters == alphabet.characters
    assert model.config.model.hidden == 6
    assert model.about == {"checksum": "x"}
    for direction in DIRECTIONS:
        found = model.network(direction).state_dict()
        expected = build().state_dict()
        if direction == "backward":
            expected["out.bias"] = torch.ones(len(alphabet))
        assert list(found) == list(expected)
        assert all(found[name].equal(expected[name]) for name in expected)
        assert not model.network(direction).training


@pytest.mark.parametrize("directions", [("forward",), ("backward",), DIRECTIONS])
def test_what_is_described_is_read(saved: Path, directions: tuple[str, ...]) -> None:
    model = load_model(saved)
    some = replace(model, weights={name: model.weights[name] for name in directions})
    found, listed = read_described(saved, some.described())
    assert found.alphabet.characters == model.alphabet.characters
    assert (found.config, dict(found.weights), dict(found.about)) == (model.config, {}, {})
    assert listed == [*directions]


def test_a_run_folder_is_as_good_as_the_model_in_it(saved: Path) -> None:
    saved.rename(saved.parent / "model")
    assert load_model(saved.parent).weights.keys() == {*DIRECTIONS}


def test_a_direction_that_is_not_there_is_told(saved: Path) -> None:
    (saved / "forward.safetensors").unlink()
    names = {path.name for path in saved.iterdir()} - {"checksums.json"}
    write_stored(saved, {name: (saved / name).read_bytes() for name in names})
    model = load_model(saved)
    assert model.network("backward")
    with pytest.raises(UsageError, match="is backward only, and this needs a forward one"):
        model.network("forward")


def test_where_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none: no such model folder"):
        load_model(tmp_path / "none")
    with pytest.raises(UsageError, match="is no model folder"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="is not of a language model"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["alphabet.json", "forward.safetensors", "config.json"])
def test_a_changed_file_is_damage(saved: Path, name: str) -> None:
    path = saved / name
    path.write_bytes(path.read_bytes()[:-2] + b" \n")
    with pytest.raises(BundleError, match=f"{name}: is damaged"):
        load_model(saved)
    path.unlink()
    with pytest.raises((BundleError, UsageError)):
        load_model(saved)


def test_numbers_that_meant_auto_are_read(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["config"]["train"]["threads"] = 0
    rewrite(saved, "config.json", json.dumps(config).encode())
    assert load_model(saved).config.train.threads == "auto"


def test_what_does_not_fit_together_is_refused(saved: Path) -> None:
    """Even with checksums that fit, and before it takes any memory."""
    config = json.loads((saved / "config.json").read_text())
    for section, key, value, told in [
        ("model", "hidden", 2**40, "does not fit"),
        ("model", "layers", 2**40, "too few tensors"),
        ("model", "cell", "gru", "does not fit"),
        ("model", "zigzag", 1, "unknown setting"),
    ]:
        changed = json.loads(json.dumps(config))
        changed["config"][section][key] = value
        rewrite(saved, "config.json", json.dumps(changed).encode())
        with pytest.raises(BundleError, match=told):
            load_model(saved)
    rewrite(saved, "config.json", json.dumps({**config, "format": 99}).encode())
    with pytest.raises(BundleError, match=r"format 99 .* upgrade"):
        load_model(saved)
    rewrite(saved, "config.json", json.dumps(config).encode())
    for characters, told in [(["\n", "x"], "does not fit"), (["\n", "ab"], "something else"),
                             ([1], "no text")]:  # fmt: skip
        rewrite(saved, "alphabet.json", json.dumps(characters).encode())
        with pytest.raises(BundleError, match=told):
            load_model(saved)
