"""One setting: values that fit it, and others, which are refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config, chosen
from ner.errors import ConfigError
from tests.config.known import AUTO, DEFAULTS, OF_TYPE, refused, value_of


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
        ("train.case_augmentation", 1.0, "at least 0 and below 1"),
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


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("model.hidden", 0, "1 or more"),
        ("model.cluster_dim", 0, "1 or more"),
        ("model.gazetteer_dim", 0, "1 or more"),
        ("train.seed", -1, "at least 0 and below 4294967296"),
        ("train.learning_rate", 0, "1e-12 or more; or write auto"),
        ("train.clip", 0, "1e-12 or more"),
        ("model.dropout", 1, "at least 0 and below 1"),
        ("model.dropout", -0.1, "at least 0 and below 1"),
        ("data.valid_fraction", 0.0, "at least 0.001 and below 0.9"),
        ("model.cell", "LSTM", "one of lstm, gru, rnn"),
        ("model.head", "", "one of crf, softmax"),
    ],
)
def test_a_value_out_of_range(key: str, value: Any, fits: str) -> None:
    number = key in OF_TYPE[float] or AUTO.get(key) == "a number"
    shown = float(value) if number else value
    assert refused(key, value) == f"setting {key} is {shown!r}, but must be {fits}"
