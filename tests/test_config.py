"""Settings: defaults that fit, mistakes that are explained, files and `--set`."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import (
    SECTIONS,
    Config,
    TrainConfig,
    describe,
    from_dict,
    keys,
    load_config,
    parse_assignment,
)
from ner.errors import ConfigError, NerError
from ner.tags import ALIASES, SCHEMES

DEFAULTS = {key: default for key, default, _ in describe()}
OF_TYPE: dict[type, list[str]] = {
    kind: [key for key, value in DEFAULTS.items() if type(value) is kind]
    for kind in (int, float, bool, str, tuple)
}


def refused(setting: str, value: Any) -> str:
    """The complaint about one setting, which must be one line."""
    with pytest.raises(ConfigError) as caught:
        Config().replace({setting: value})
    assert "\n" not in str(caught.value)
    return str(caught.value)


def value_of(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)


# --- the settings themselves --------------------------------------------------------------------


@pytest.mark.parametrize("key", keys())
def test_every_default_passes_its_own_check(key: str) -> None:
    assert Config().replace({key: DEFAULTS[key]}) == Config()
    assert value_of(Config(), key) == DEFAULTS[key]


@pytest.mark.parametrize("key", keys())
def test_every_setting_is_described(key: str) -> None:
    meaning = next(meaning for described, _, meaning in describe() if described == key)
    assert meaning
    assert "\n" not in meaning
    assert key.partition(".")[0] in SECTIONS


def test_the_sections_are_the_fields_of_config() -> None:
    assert [field.name for field in dataclasses.fields(Config)] == list(SECTIONS)
    assert {type(getattr(Config(), section)) for section in SECTIONS} == {*SECTIONS.values()}
    assert keys() == list(dict.fromkeys(keys())) == list(DEFAULTS)


def test_the_description_shows_what_fits() -> None:
    meanings = {key: meaning for key, _, meaning in describe()}
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


# --- changes ------------------------------------------------------------------------------------


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
        ("Train.Seed", "did you mean 'train.seed'?"),
        ("train.lr", "the settings of train are seed, "),
        ("xyz.qqq", "the sections are data, model, train, predict"),
        ("train", "the sections are data, model, train, predict"),
        ("", "the sections are data, model, train, predict"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(key: str, remedy: str) -> None:
    assert refused(key, 1).startswith(f"unknown setting {key!r}; {remedy}")


@pytest.mark.parametrize(
    ("kind", "wrong", "plain"),
    [
        (int, [True, False, 1.0, "1", None, [1], {}], "a whole number"),
        (float, [True, "0.5", None, [0.5], float("nan"), float("inf"), -float("inf")], "a number"),
        (bool, [0, 1, 1.0, "true", "yes", None], "true or false"),
        (str, [0, 1.5, True, None, ["lstm"], {}], "text"),
        (tuple, [0, 1.5, True, None, {}, {"a"}, b"a"], 'texts, as ["one", "two"]'),
        (tuple, [["a", 1], [["a"]], [None], [b"a"]], 'texts, as ["one", "two"]'),
    ],
)
def test_a_value_of_the_wrong_type(kind: type, wrong: list[Any], plain: str) -> None:
    assert OF_TYPE[kind], "no setting of this type is left to test"
    for key in OF_TYPE[kind]:
        for value in wrong:
            assert refused(key, value) == (
                f"setting {key} takes {plain}, not {value!r}; "
                f"its default is {json.dumps(DEFAULTS[key])}"
            )


@pytest.mark.parametrize("key", ["resources.vectors", "resources.gazetteers"])
@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (["a.vec", "b.vec"], ("a.vec", "b.vec")),
        (("a.vec",), ("a.vec",)),
        ("a.vec", ("a.vec",)),
        ("a,b c", ("a,b c",)),
        ("", ()),
        ([], ()),
        ((), ()),
    ],
)
def test_several_texts_are_kept_in_order_and_one_alone_counts_as_several(
    key: str, value: Any, taken: tuple[str, ...]
) -> None:
    changed = Config().replace({key: value})
    assert value_of(changed, key) == taken
    assert type(value_of(changed, key)) is tuple
    hash(changed)  # nothing in it can be changed


def test_a_tuple_is_looked_into_as_a_list_is() -> None:
    told = 'setting resources.vectors takes texts, as ["one", "two"], not [\'a\', None]; '
    assert refused("resources.vectors", ("a", None)).startswith(told)


def test_what_becomes_of_vectors_is_one_of_three() -> None:
    for mode in ("tuned", "frozen", "projected"):
        assert Config().replace({"model.vectors": mode}).model.vectors == mode
    assert refused("model.vectors", "x.vec").endswith("must be one of tuned, frozen, projected")


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("model.hidden", 0, "1 or more"),
        ("model.cluster_dim", 0, "1 or more"),
        ("model.gazetteer_dim", 0, "1 or more"),
        ("train.seed", -1, "at least 0 and below 4294967296"),
        ("train.learning_rate", 0, "1e-12 or more"),
        ("model.dropout", 1, "at least 0 and below 1"),
        ("model.dropout", -0.1, "at least 0 and below 1"),
        ("data.valid_fraction", 0.0, "at least 0.001 and below 0.9"),
        ("model.cell", "LSTM", "one of lstm, gru, rnn"),
        ("model.head", "", "one of crf, softmax"),
    ],
)
def test_a_value_out_of_range(key: str, value: Any, fits: str) -> None:
    shown = float(value) if key in OF_TYPE[float] else value
    assert refused(key, value) == f"setting {key} is {shown!r}, but must be {fits}"


# --- --set --------------------------------------------------------------------------------------


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
    parsed = parse_assignment(text)
    assert parsed == (key, value)
    assert type(parsed[1]) is type(value)


@pytest.mark.parametrize("text", ["train.seed", "", "train.seed: 3"])
def test_an_assignment_without_a_value(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_assignment(text)
    assert str(caught.value) == f"--set {text!r} lacks a value; write --set section.key=value"


@pytest.mark.parametrize("key", keys())
def test_every_default_can_be_assigned(key: str) -> None:
    texts = [json.dumps(DEFAULTS[key])]
    if key not in OF_TYPE[tuple]:
        texts.append(str(DEFAULTS[key]))
    for text in texts:
        written = text.lower() if key in OF_TYPE[bool] else text
        assert load_config(assignments=[f"{key}={written}"]) == Config()


def test_several_texts_can_be_assigned() -> None:
    texts = ["resources.vectors=a.vec", 'resources.gazetteers=["PER=a b.txt", "LOC=c.txt"]']
    config = load_config(assignments=texts).train
    assert config.vectors == ("a.vec",)
    assert config.gazetteers == ("PER=a b.txt", "LOC=c.txt")
    again = load_config(assignments=[*texts, "resources.vectors=[]", "resources.gazetteers="])
    assert again == Config()
    with pytest.raises(ConfigError, match=r"resources.vectors takes texts, as .*, not \['a', 1\]"):
        load_config(assignments=["resources.vectors=['a', 1]"])


@settings(max_examples=50)
@given(text=st.text())
def test_any_assignment_is_taken_or_refused_in_one_line(text: str) -> None:
    complaints = []
    taking = ("train.seed", "data.encoding", "resources.vectors")
    for assignment in (text, f"{text}=1", *(f"{key}={text}" for key in taking)):
        try:
            load_config(assignments=[assignment])
        except ConfigError as error:
            complaints.append(str(error))
    assert all(len(complaint.splitlines()) == 1 for complaint in complaints)


def test_assignments_come_on_top_and_the_last_one_counts(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[train]\nseed = 5\nepochs = 6\n")
    config = load_config(path, ["train.seed=7", "model.hidden=10", "train.seed=8"])
    assert (config.train.seed, config.train.epochs, config.model.hidden) == (8, 6, 10)


# --- dictionaries and files ---------------------------------------------------------------------


def test_a_dictionary_makes_the_round_trip() -> None:
    changes = {"data.encoding": "gb18030", "train.clip": 1, "resources.vectors": ["a", "b"]}
    config = Config().replace(changes)
    assert from_dict(config.to_dict()) == config
    assert from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert from_dict({}) == from_dict({"train": {}}) == Config()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"modle": {}}, "unknown section 'modle'; the sections are data, model, train, predict"),
        ({"epochs": 3}, "unknown setting 'epochs'; did you mean 'train.epochs'?"),
        ({"model": 3}, "unknown setting 'model'; the sections are data, model, train, predict"),
        ({"model": {"hiden": 3}}, "unknown setting 'model.hiden'; did you mean 'model.hidden'?"),
        (
            {"model": {"hidden": {"size": 3}}},
            "setting model.hidden takes a whole number, not {'size': 3}; its default is 200",
        ),
        ({"train": {"epochs": -1}}, "setting train.epochs is -1, but must be 0 or more"),
    ],
)
def test_a_wrong_dictionary_is_told_with_its_source(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_dict(values, "runs/c/config.json")
    assert str(caught.value) == f"runs/c/config.json: {told}"


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = '# mine\n[model]\ncell = "gru"\ndropout = 0\n\n[data]\nencoding = "latin-1"\n'
    expected = {"model.cell": "gru", "model.dropout": 0.0, "data.encoding": "latin-1"}
    for content in (text, "\ufeff" + text, text.replace("\n", "\r\n")):
        path.write_bytes(content.encode())
        assert load_config(path) == load_config(str(path)) == Config().replace(expected)
    path.write_bytes(b"")
    assert load_config(path) == load_config() == Config()


@given(
    text=st.text(),
    texts=st.lists(st.text()),
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
    assert from_dict(tomllib.loads(config.to_toml())) == config


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
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {told}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [("missing.toml", "no such file; check the name"), ("", "is a folder, not a file")],
)
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(NerError) as caught:
        load_config(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name}: {told}")


def test_a_damaged_packed_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml.gz").write_bytes(b"[train]\n")
    with pytest.raises(NerError, match="cannot be read"):
        load_config(tmp_path / "settings.toml.gz")
