"""Settings in sections: changes, dictionaries, files and `--set`."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config
from ner.errors import ConfigError, NerError
from tests.config.known import DEFAULTS, KEYS, OF_TYPE, refused

WRITABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def test_replace_changes_a_copy() -> None:
    config = Config()
    changed = config.replace({"train.seed": 7, "model.cell": "gru", "train.clip": 2})
    assert (changed.train.seed, changed.model.cell, changed.train.clip) == (7, "gru", 2.0)
    assert type(changed.train.clip) is float
    assert config == Config() != changed
    assert changed.replace({"train.seed": 1, "model.cell": "lstm", "train.clip": 5.0}) == config
    assert config.replace({}) is config


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("model.hiden", "did you mean 'model.hidden'?"),
        ("hidden", "did you mean 'model.hidden'?"),
        ("modle.hidden", "did you mean 'model.hidden'?"),
        ("train.hidden", "did you mean 'model.hidden'?"),
        ("data.schema", "did you mean 'data.scheme'?"),
        ("model.schema", "did you mean 'model.scheme'?"),
        ("train.learning-rate", "did you mean 'train.learning_rate'?"),
        ("train.optimiser", "did you mean 'train.optimizer'?"),
        ("model.pairs", "did you mean 'model.bigrams'?"),
        ("train.vectors", "did you mean 'resources.vectors'?"),
        ("Train.Seed", "did you mean 'train.seed'?"),
        ("train.lr", "the settings of train are seed, "),
        ("xyz.qqq", "the sections are data, model, train, resources, predict"),
        ("train", "the sections are data, model, train, resources, predict"),
        ("", "the sections are data, model, train, resources, predict"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(key: str, remedy: str) -> None:
    assert refused(key, 1).startswith(f"unknown setting {key!r}; {remedy}")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("train.seed=3", "train.seed", 3),
        ("train.learning_rate=.001", "train.learning_rate", 0.001),
        ("model.bidirectional=False", "model.bidirectional", False),
        (" train.seed = 3 ", "train.seed", 3),
        ("train.seed=-3", "train.seed", -3),
        ("data.tag_column=-1", "data.tag_column", -1),
        ("train.batch_tokens=4_000", "train.batch_tokens", 4000),
        ("train.learning_rate=1e-3", "train.learning_rate", 0.001),
        ("train.learning_rate=1", "train.learning_rate", 1),
        ("model.fold_case=false", "model.fold_case", False),
        ("model.cell=gru", "model.cell", "gru"),
        ('model.cell="gru"', "model.cell", "gru"),
        ("model.cell='gru'", "model.cell", "gru"),
        ("data.encoding=latin-1", "data.encoding", "latin-1"),
        ("data.encoding=123", "data.encoding", "123"),
        ("data.encoding=1e3", "data.encoding", "1e3"),
        ("data.encoding=true", "data.encoding", "true"),
        ("data.encoding=1979-05-27", "data.encoding", "1979-05-27"),
        ('data.encoding="123"', "data.encoding", "123"),
        ("data.encoding=a=b", "data.encoding", "a=b"),
        ("data.encoding='it", "data.encoding", "'it"),
        ("data.encoding=", "data.encoding", ""),
        ("train.seed=", "train.seed", ""),
        ("train.seed=three", "train.seed", "three"),
        ("resources.vectors=a.vec", "resources.vectors", "a.vec"),
        ('resources.vectors="a.vec"', "resources.vectors", "a.vec"),
        ('resources.vectors=["a.vec", "b.vec"]', "resources.vectors", ["a.vec", "b.vec"]),
        ("resources.vectors=[]", "resources.vectors", []),
        ("resources.vectors=", "resources.vectors", ""),
        ("resources.vectors=123", "resources.vectors", "123"),
        ("resources.vectors=true", "resources.vectors", "true"),
        ("resources.vectors=1979-05-27", "resources.vectors", "1979-05-27"),
        ("resources.gazetteers=PER=names.txt", "resources.gazetteers", "PER=names.txt"),
        ("resources.clusters=7", "resources.clusters", "7"),
        ("no.such=1", "no.such", 1),
        ("=1", "", 1),
    ],
)
def test_an_assignment_is_taken_apart(text: str, key: str, value: Any) -> None:
    parsed = Config.parse([text])
    assert parsed == {key: value}
    assert type(parsed[key]) is type(value)


@pytest.mark.parametrize("text", ["train.seed", "", "train.seed: 3"])
def test_an_assignment_without_a_value(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.parse([text])
    assert str(caught.value) == f"--set {text!r} lacks a value; write --set section.key=value"


def test_every_default_can_be_assigned() -> None:
    for key in KEYS:
        texts = [json.dumps(DEFAULTS[key])]
        if key not in OF_TYPE[tuple]:
            texts.append(str(DEFAULTS[key]))
        for text in texts:
            written = text.lower() if key in OF_TYPE[bool] else text
            assert Config.load(assignments=[f"{key}={written}"]) == Config()


def test_several_texts_can_be_assigned() -> None:
    texts = ["resources.vectors=a.vec", 'resources.gazetteers=["PER=a b.txt", "LOC=c.txt"]']
    config = Config.load(assignments=texts).resources
    assert config.vectors == ("a.vec",)
    assert config.gazetteers == ("PER=a b.txt", "LOC=c.txt")
    again = Config.load(assignments=[*texts, "resources.vectors=[]", "resources.gazetteers="])
    assert again == Config()
    with pytest.raises(ConfigError, match=r"resources.vectors takes texts, as .*, not \['a', 1\]"):
        Config.load(assignments=["resources.vectors=['a', 1]"])


@settings(max_examples=50)
@given(text=st.text())
def test_any_assignment_is_taken_or_refused_in_one_line(text: str) -> None:
    complaints = []
    taking = ("train.seed", "data.encoding", "resources.vectors")
    for assignment in (text, f"{text}=1", *(f"{key}={text}" for key in taking)):
        try:
            Config.load(assignments=[assignment])
        except ConfigError as error:
            complaints.append(str(error))
    assert all(len(complaint.splitlines()) == 1 for complaint in complaints)


def test_assignments_come_on_top_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[train]\nseed = 5\nepochs = 6\n")
    config = Config.load(path, ["train.seed=7", "model.hidden=10", "train.seed=8"])
    assert (config.train.seed, config.train.epochs, config.model.hidden) == (8, 6, 10)


def test_a_dictionary_makes_the_round_trip() -> None:
    changes = {"data.encoding": "gb18030", "train.clip": 1, "resources.vectors": ["a", "b"]}
    config = Config().replace(changes)
    assert Config.from_dict(config.to_dict()) == config
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert Config.from_dict({}) == Config.from_dict({"train": {}}) == Config()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"modle": {}},
            "unknown section 'modle'; the sections are data, model, train, resources, predict",
        ),
        ({"epochs": 3}, "unknown setting 'epochs'; did you mean 'train.epochs'?"),
        (
            {"model": 3},
            "unknown setting 'model'; the sections are data, model, train, resources, predict",
        ),
        ({"model": {"hiden": 3}}, "unknown setting 'model.hiden'; did you mean 'model.hidden'?"),
        (
            {"model": {"hidden": {"size": 3}}},
            "setting model.hidden takes a whole number, not {'size': 3}; its default is 200",
        ),
        (
            {"train": {"epochs": -1}},
            "setting train.epochs is -1, but must be 1 or more; or write auto",
        ),
        (
            {"model": {"pairs": "yes"}},
            "unknown setting 'model.pairs'; did you mean 'model.bigrams'?",
        ),
    ],
)
def test_a_wrong_dictionary_is_told_with_its_source(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(values, "runs/c/config.json")
    assert str(caught.value) == f"runs/c/config.json: {told}"


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = '# mine\n[model]\ncell = "gru"\ndropout = 0\n\n[data]\nencoding = "latin-1"\n'
    expected = {"model.cell": "gru", "model.dropout": 0.0, "data.encoding": "latin-1"}
    for content in (text, "\ufeff" + text, text.replace("\n", "\r\n")):
        path.write_bytes(content.encode())
        assert Config.load(path) == Config.load(str(path)) == Config().replace(expected)
    path.write_bytes(b"")
    assert Config.load(path) == Config.load() == Config()


@given(
    text=st.text(WRITABLE),
    texts=st.lists(st.text(WRITABLE)),
    number=st.floats(1e-12, allow_infinity=False),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_configuration_written_as_toml_is_read_back(
    text: str, texts: list[str], number: float, seed: int
) -> None:
    changes = {"data.encoding": text, "train.clip": number, "train.seed": seed}
    config = Config().replace(
        {**changes, "resources.vectors": texts, "resources.gazetteers": texts[:1]}
    )
    assert config.resources.vectors == tuple(texts)
    assert Config.from_dict(tomllib.loads(config.to_toml())) == config


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"epochs: 3\n", "is not TOML: Expected '=' after a key in a key/value pair"),
        (b"[model]\ncell = gru\n", "is not TOML: Invalid value (at line 2, column 8)"),
        (b"[model]\nhidden = 1\nhidden = 2\n", "is not TOML: Cannot overwrite a value"),
        ("größe = 'ä'".encode("latin-1"), "is not TOML: 'utf-8' codec can't decode byte 0xf6"),
        (b"\x1f\x8b\x00\x00", "is not TOML: 'utf-8' codec can't decode byte 0x8b"),
        (b"[train]\nepoch = 3\n", "unknown setting 'train.epoch'; did you mean 'train.epochs'?"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Config.load(path)
    assert str(caught.value).startswith(f"{path}: {told}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [("missing.toml", "no such file; check the name"), ("", "is a folder, not a file")],
)
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(NerError) as caught:
        Config.load(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: {told}")


def test_a_damaged_packed_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml.gz").write_bytes(b"[train]\n")
    with pytest.raises(NerError, match="cannot be read"):
        Config.load(tmp_path / "settings.toml.gz")
