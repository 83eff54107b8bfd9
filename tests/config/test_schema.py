"""The settings of taggers: defaults that fit, meanings, names of before."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config, TrainConfig
from ner.errors import ConfigError
from ner.tags import ALIASES, SCHEMES
from tests.config.known import DEFAULTS, KEYS, SECTIONS, refused, value_of


def test_every_default_passes_its_own_check() -> None:
    for key in KEYS:
        assert Config().replace({key: DEFAULTS[key]}) == Config()
        assert value_of(Config(), key) == DEFAULTS[key]


def test_every_setting_is_described() -> None:
    described = {key: meaning for key, _, meaning in Config.describe()}
    assert {*KEYS} <= {*described}
    for key in KEYS:
        assert described[key]
        assert "\n" not in described[key]
        assert key.partition(".")[0] in SECTIONS


def test_the_sections_are_the_fields_of_config() -> None:
    assert [field.name for field in dataclasses.fields(Config)] == list(SECTIONS)
    assert {type(getattr(Config(), section)) for section in SECTIONS} == {*SECTIONS.values()}
    assert list(DEFAULTS) == KEYS


def test_the_description_shows_what_fits() -> None:
    meanings = {key: meaning for key, _, meaning in Config.describe()}
    assert meanings["model.cell"] == "kind of recurrent cell (one of lstm, gru, rnn)"
    assert meanings["train.seed"].endswith("(at least 0 and below 4294967296)")


def test_files_may_have_every_scheme_there_is() -> None:
    for scheme in ("auto", *SCHEMES, *ALIASES):
        assert Config().replace({"data.scheme": scheme}).data.scheme == scheme
    listed = refused("data.scheme", "ioe").partition("one of ")[2].split(", ")
    assert {*listed} == {"auto", *SCHEMES, *ALIASES}


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().train.seed = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        TrainConfig(1)  # type: ignore[call-arg]


def test_what_becomes_of_vectors_is_one_of_three() -> None:
    for mode in ("tuned", "frozen", "projected"):
        assert Config().replace({"model.vectors": mode}).model.vectors == mode
    assert refused("model.vectors", "x.vec").endswith("must be one of tuned, frozen, projected")


@pytest.mark.parametrize(("old", "now"), Config.RENAMED.items())
def test_a_name_of_before_is_explained_everywhere(old: str, now: str, tmp_path: Path) -> None:
    told = f"unknown setting {old!r}; did you mean {now!r}?"
    assert refused(old, 1) == told
    with pytest.raises(ConfigError) as caught:
        Config.load(assignments=[f"{old}=1"])
    assert str(caught.value) == told
    section, _, name = old.partition(".")
    (tmp_path / "settings.toml").write_text(f"[{section}]\n{name} = 1\n")
    with pytest.raises(ConfigError) as caught:
        Config.load(tmp_path / "settings.toml")
    assert str(caught.value) == f"{tmp_path / 'settings.toml'}: {told}"


def test_settings_of_earlier_versions_are_read_by_their_names_and_numbers() -> None:
    earlier = {
        "model": {"pairs": "yes", "pair_dim": 7, "cell": "gru"},
        "train": {"epochs": 0, "patience": 3, "adversarial": -1.0, "threads": 0, "vectors": ["a"]},
    }
    expected = {
        "model.bigrams": "yes",
        "model.bigram_dim": 7,
        "model.cell": "gru",
        "train.patience": 3,
        "resources.vectors": ["a"],
    }
    assert Config.from_dict(earlier, "x", earlier=True) == Config().replace(expected)
    now = Config().replace(expected).to_dict()
    assert Config.from_dict(now, "x", earlier=True) == Config().replace(expected)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"train": {"vectors": ["a"]}, "resources": 3}, "unknown setting 'resources'; "),
        ({"train": {"epochs": False}}, "setting train.epochs takes a whole number or auto, not "),
        ({"train": {"epochs": -1}}, "setting train.epochs is -1, but must be 1 or more"),
        ({"model": {"pairs": 3}}, "setting model.bigrams takes text, not 3"),
    ],
)
def test_wrong_settings_of_earlier_versions(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(values, "config.json", earlier=True)
    assert str(caught.value).startswith(f"config.json: {told}")
