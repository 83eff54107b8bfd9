"""Settings: defaults that fit, mistakes that are explained, files and `--set`."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config, TrainConfig, chosen
from ner.errors import ConfigError, NerError
from ner.tags import ALIASES, SCHEMES

SECTIONS = Config.sections()
KEYS = list(Config.fields())
DEFAULTS = {key: default for key, default, _ in Config.describe()}
AUTO = {
    "train.epochs": "a whole number",
    "train.patience": "a whole number",
    "train.adversarial": "a number",
    "train.threads": "a whole number",
}
"""Numbers that may be left open."""
OF_TYPE: dict[type, list[str]] = {
    kind: [key for key, value in DEFAULTS.items() if type(value) is kind and key not in AUTO]
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


@pytest.mark.parametrize("key", KEYS)
def test_every_default_passes_its_own_check(key: str) -> None:
    assert Config().replace({key: DEFAULTS[key]}) == Config()
    assert value_of(Config(), key) == DEFAULTS[key]


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_described(key: str) -> None:
    meaning = next(meaning for described, _, meaning in Config.describe() if described == key)
    assert meaning
    assert "\n" not in meaning
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


@pytest.mark.parametrize(("key", "plain"), AUTO.items())
def test_a_number_may_be_left_open(key: str, plain: str) -> None:
    changed = Config().replace({key: 0.5 if plain == "a number" else 3})
    assert changed.replace({key: "auto"}) == Config.load(assignments=[f"{key}=auto"]) == Config()
    assert refused(key, "automatic") == (
        f"setting {key} takes {plain} or auto, not 'automatic'; its default is \"auto\""
    )
    assert {k: meaning for k, _, meaning in Config.describe()}[key].endswith(", or auto)")


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("train.epochs", 0, "1 or more"),
        ("train.patience", 0, "1 or more"),
        ("train.threads", 0, "1 or more"),
        ("train.adversarial", -1.0, "at least 0 and below 1"),
    ],
)
def test_numbers_that_meant_auto_are_refused_with_a_remedy(
    key: str, value: float, fits: str, tmp_path: Path
) -> None:
    told = f"setting {key} is {value!r}, but must be {fits}; or write auto"
    assert refused(key, value) == told
    with pytest.raises(ConfigError) as caught:
        Config.load(assignments=[f"{key}={value}"])
    assert str(caught.value) == told
    section, _, name = key.partition(".")
    (tmp_path / "settings.toml").write_text(f"[{section}]\n{name} = {value}\n")
    with pytest.raises(ConfigError) as caught:
        Config.load(tmp_path / "settings.toml")
    assert str(caught.value) == f"{tmp_path / 'settings.toml'}: {told}"


def test_a_number_that_was_chosen() -> None:
    assert chosen(Config().replace({"train.epochs": 3}).train.epochs) == 3
    with pytest.raises(AssertionError):
        chosen(Config().train.epochs)


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
    parsed = Config.parse([text])
    assert parsed == {key: value}
    assert type(parsed[key]) is type(value)


@pytest.mark.parametrize("text", ["train.seed", "", "train.seed: 3"])
def test_an_assignment_without_a_value(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.parse([text])
    assert str(caught.value) == f"--set {text!r} lacks a value; write --set section.key=value"


@pytest.mark.parametrize("key", KEYS)
def test_every_default_can_be_assigned(key: str) -> None:
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


# --- dictionaries and files ---------------------------------------------------------------------


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
    assert Config.from_earlier(earlier, "x") == Config().replace(expected)
    now = Config().replace(expected).to_dict()
    assert Config.from_earlier(now, "x") == Config().replace(expected)


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
        Config.from_earlier(values, "config.json")
    assert str(caught.value).startswith(f"config.json: {told}")


def test_names_of_files_without_their_folders() -> None:
    changes = {
        "resources.vectors": ["a/b.vec", "c.vec"],
        "resources.clusters": "/x/paths.txt",
        "resources.gazetteers": ["PER=lists/names.txt"],
    }
    resources = Config().replace(changes).resources
    assert resources.names() == {
        "vectors": ["b.vec", "c.vec"],
        "clusters": ["paths.txt"],
        "gazetteers": ["PER=names.txt"],
    }
    assert Config().resources.names() == {}


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
