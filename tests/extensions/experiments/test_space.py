import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config
from ner.errors import UsageError
from ner.extensions.experiments.space import (
    Choice,
    Range,
    Variant,
    default_space,
    read_space,
    read_variants,
)

CONFIG = Config()


def test_the_default_space_is_of_settings_that_there_are() -> None:
    space = default_space(CONFIG)
    assert {*space} <= {*Config.fields()}
    for key, part in space.items():
        for value in part.values if isinstance(part, Choice) else (part.low, part.high):
            CONFIG.replace({key: value})
    assert read_space([], CONFIG) == space


def test_the_default_space_follows_the_configuration() -> None:
    config = CONFIG.replace({"train.learning_rate": 0.4, "model.chars": "none"})
    space = default_space(config)
    assert space["train.learning_rate"] == Range(0.1, 1.6)
    assert "model.char_hidden" not in space


def test_what_is_fixed_is_not_searched() -> None:
    space = read_space([], CONFIG, ["model.hidden", "resources.vectors"])
    assert {*default_space(CONFIG)} - {*space} == {"model.hidden"}


def test_ranges_and_choices_replace_the_default() -> None:
    texts = [
        "train.learning_rate=0.001..0.01",
        "model.hidden = 50..100",
        "model.cell=lstm,gru",
        "model.layers=1,2",
        "model.bidirectional=true,false",
        "train.ema=0,0.99",
        "model.dropout",
    ]
    assert read_space(texts, CONFIG) == {
        "train.learning_rate": Range(0.001, 0.01),
        "model.hidden": Range(50, 100),
        "model.cell": Choice(("lstm", "gru")),
        "model.layers": Choice((1, 2)),
        "model.bidirectional": Choice((True, False)),
        "train.ema": Choice((0.0, 0.99)),
        "model.dropout": default_space(CONFIG)["model.dropout"],
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model.hiden=1..2", "did you mean 'model.hidden'?"),
        ("model.hidden=0..2", "must be 1 or more"),
        ("model.dropout=0..1", "must be at least 0 and below 1"),
        ("model.hidden=9..9", "write the lower number first"),
        ("model.hidden=9..2", "write the lower number first"),
        ("model.hidden=1.5..2", "takes a whole number"),
        ("model.hidden=..", "takes a whole number"),
        ("model.cell=gru..lstm", "only numbers have a range"),
        ("model.bidirectional=false..true", "only numbers have a range"),
        ("model.cell=gru,tree", "one of lstm, gru, rnn"),
        ("model.cell=gru", "two or more"),
        ("model.cell=gru,gru", "two or more"),
        ("model.layers", "takes a whole number"),
        ("resources.vectors=a.txt,b.txt", "several texts cannot be searched"),
        ("model.layers=", "takes a whole number"),
        ("data.scheme=io,iob2", "of model, resources and train"),
        ("hidden=1..2", "of model, resources and train"),
        ("", "of model, resources and train"),
        ("model.hidden=1..9", "is set as well"),
    ],
)
def test_what_is_no_range(text: str, said: str) -> None:
    fixed = ["model.hidden"] if "set as well" in said else []
    with pytest.raises(UsageError) as caught:
        read_space([text], CONFIG, fixed)
    assert f"--range {text!r}: " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_has_one_range() -> None:
    with pytest.raises(UsageError, match="has a range already"):
        read_space(["model.dropout", "model.dropout=0.1..0.2"], CONFIG)


@pytest.mark.parametrize(
    ("low", "high", "log"),
    [(1, 10, True), (1, 9, False), (0, 100, False), (0.001, 0.01, True), (-1, 100, False)],
)
def test_wide_positive_ranges_are_logarithmic(low: float, high: float, log: bool) -> None:
    assert Range(low, high).log == log


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6), st.floats(0, 1))
def test_readable_numbers_stay_in_their_range(low: float, width: float, where: float) -> None:
    part = Range(low, low + width)
    value = min(low + where * width, part.high)
    shown = part.readable(value)
    assert shown in part
    assert shown == pytest.approx(value, rel=1e-3)
    assert len(f"{float(f'{value:.4g}'):.4g}") <= 10


def test_whole_numbers_are_left_alone() -> None:
    assert Range(1, 10**6).readable(123_456) == 123_456


# --- variants of a comparison: every combination, names of folders, refusals ---------------------


def test_every_combination_in_order() -> None:
    variants = read_variants(["model.cell=rnn,gru", "model.bidirectional=true, false"], CONFIG)
    assert [dict(variant.settings) for variant in variants] == [
        {"model.cell": "rnn", "model.bidirectional": True},
        {"model.cell": "rnn", "model.bidirectional": False},
        {"model.cell": "gru", "model.bidirectional": True},
        {"model.cell": "gru", "model.bidirectional": False},
    ]
    assert variants[0].name == "model.cell=rnn, model.bidirectional=true"
    assert variants[0].folder == "model.cell=rnn,model.bidirectional=true"


def test_values_are_read_as_those_of_set() -> None:
    texts = ["train.learning_rate=1,0.5", "resources.vectors=a.vec,b.vec", "model.hidden=8"]
    variants = read_variants(texts, CONFIG)
    assert len(variants) == 4
    assert variants[1].settings == {
        "train.learning_rate": 1.0,
        "resources.vectors": ("b.vec",),
        "model.hidden": 8,
    }


@pytest.mark.slow
@given(one=st.text(max_size=300), other=st.text(max_size=300))
def test_folders_are_names_and_tell_variants_apart(one: str, other: str) -> None:
    folders = [Variant({"resources.clusters": value}).folder for value in (one, other)]
    assert (folders[0] == folders[1]) is (one == other)
    for name in folders:
        assert "/" not in name
        assert "\0" not in name
        assert len(name.encode()) < 200


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["model.cel=rnn,gru"], "did you mean 'model.cell'?"),
        (["model.cell=rnn,gro"], "one of lstm, gru, rnn"),
        (["model.cell"], "lacks values"),
        (["model.cell=rnn"], "nothing to compare"),
        (["model.cell=rnn,rnn"], "names a value twice"),
        (["train.learning_rate=1,1.0"], "names a value twice"),
        (["model.cell=rnn,gru", "model.cell=lstm,rnn"], "varies already"),
        (["train.seed=1,2"], "--seeds"),
        (["data.scheme=io,iob2"], "of model, resources and train"),
        (["train.epochs=3,4"], "is set as well"),
    ],
)
def test_what_cannot_be_varied(texts: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_variants(texts, CONFIG, ["train.epochs"])
    assert said in str(caught.value)
    assert f"{texts[-1]!r}" in str(caught.value) or "nothing" in said
