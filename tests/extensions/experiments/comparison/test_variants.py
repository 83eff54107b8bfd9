"""What a comparison varies: every combination, names of folders, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config
from ner.errors import UsageError
from ner.extensions.experiments.comparison.variants import Variant, read_variants

CONFIG = Config()


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
