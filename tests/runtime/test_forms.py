"""The forms of weights that follow from settings, against those of networks that are built."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.runtime import head_forms, network_forms
from ner.stored import Form, forms_of
from tests.predict.models import random_model

CHANGES: list[dict[str, Any]] = [
    {},
    {"head": "softmax"},
    {"cell": "gru", "layers": 3, "bidirectional": False},
    {"chars": "lstm", "cell": "rnn"},
    {"chars": "none", "casing_dim": 0},
    {"bigrams": "yes", "bigram_dim": 3, "char_kernel": 5},
    {"context": "document", "scheme": "io"},
]


def forms_and_weights(changes: dict[str, Any]) -> tuple[dict[str, Form], dict[str, Form]]:
    """What follows from the settings of a model, and what it has."""
    model = random_model(**changes)
    tags = len(model.outputs)
    forms = network_forms(model.config, model.indexer, 0, tags) | head_forms(model.config, tags)
    return forms, forms_of(model.weights)


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_forms_are_those_of_the_network(changes: dict[str, Any]) -> None:
    forms, weights = forms_and_weights(changes)
    assert forms == weights


@settings(max_examples=12)
@given(
    st.fixed_dictionaries(
        {
            "chars": st.sampled_from(["auto", "cnn", "lstm", "none"]),
            "cell": st.sampled_from(["lstm", "gru", "rnn"]),
            "layers": st.integers(1, 2),
            "hidden": st.integers(1, 9),
            "char_hidden": st.integers(1, 5),
            "casing_dim": st.integers(0, 3),
            "bidirectional": st.booleans(),
        }
    )
)
def test_forms_of_any_settings(changes: dict[str, Any]) -> None:
    forms, weights = forms_and_weights(changes)
    assert forms == weights


def test_contextual_embeddings_widen_the_first_layer() -> None:
    model = random_model(contextual_dim=11)
    plain, wide = (network_forms(model.config, model.indexer, size, 3) for size in (0, 40))
    added = {name: form.shape for name, form in wide.items() if name not in plain}
    assert added == {
        "embedder.contextual.linear.weight": (11, 40),
        "embedder.contextual.linear.bias": (11,),
    }
    first = "encoder.layers.0.weight_ih_l0"
    assert wide[first].shape[1] == plain[first].shape[1] + 11
    assert {name for name in plain if plain[name] != wide[name]} == {first, f"{first}_reverse"}


def test_a_head_by_its_name() -> None:
    config = random_model().config
    assert {name: form.shape for name, form in head_forms(config, 4, "heads.1").items()} == {
        "heads.1.start_transitions": (4,),
        "heads.1.transitions": (4, 4),
        "heads.1.end_transitions": (4,),
    }
