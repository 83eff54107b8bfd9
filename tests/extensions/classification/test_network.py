"""Classifiers of sequences: the right final states, padding that is not seen, the loss."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ner.config import ModelConfig, PredictConfig
from ner.extensions.classification.network import SequenceClassifier, last_states
from ner.features import Batch, Example, FeatureTable, Label, collate
from ner.model import Inputs, Model
from ner.model.cells import CELLS, Unrolled
from ner.model.encoder import Encoder
from ner.predict import engine_of
from tests.features.making import an_indexer

HIDDEN = 4
SENTENCES = [["rain", "in", "the", "north"], ["sun"], ["wind", "and", "rain"], ["a", "b"]]
LABELS = ("sport", "weather", "other")


def build(**changes: Any) -> Model[SequenceClassifier]:
    torch.manual_seed(1)
    config = ModelConfig(
        **{"hidden": HIDDEN, "word_dim": 5, "char_dim": 3, "char_hidden": 4, "dropout": 0.0}
        | changes
    )
    indexer = an_indexer(SENTENCES, config)
    network = SequenceClassifier(config, len(LABELS), Inputs(indexer))
    return Model(indexer, LABELS, network.eval())


def batch_of(model: Model[SequenceClassifier], sentences: list[list[str]], *labels: int) -> Batch:
    table = FeatureTable(model.indexer)
    targets: Sequence[Label | None] = [*map(Label, labels)] or [None] * len(sentences)
    examples = [
        Example(table.rows(tokens), target)
        for tokens, target in zip(sentences, targets, strict=True)
    ]
    return collate(table, examples, range(len(examples)))


# --- the joined states --------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_joined_states_are_the_final_ones(cell: str, layers: int, bidirectional: bool) -> None:
    """Those that the reference cells hand over when they have read all of a ragged batch."""
    torch.manual_seed(2)
    config = ModelConfig(
        hidden=HIDDEN, cell=cell, layers=layers, bidirectional=bidirectional, dropout=0.0
    )
    encoder = Encoder(3, config).eval()
    x, lengths = torch.randn(4, 6, 3), torch.tensor([6, 1, 4, 2])
    joined = last_states(encoder(x, lengths), lengths, HIDDEN)
    given = x
    for layer in encoder.layers:
        reference = Unrolled(CELLS[cell], given.shape[2], HIDDEN, bidirectional=bidirectional)
        reference.load_state_dict(layer.state_dict())
        given, state = reference(given, lengths)
    torch.testing.assert_close(joined, torch.cat([*state[0]], dim=1), atol=1e-6, rtol=1e-5)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5), st.booleans())
def test_they_are_the_states_at_both_ends(lengths: list[int], both: bool) -> None:
    """Whatever stands at padding."""
    size, width = max(lengths), 2 * HIDDEN if both else HIDDEN
    states = torch.randn(len(lengths), size, width)
    for row, length in enumerate(lengths):
        states[row, length:] = float("nan")
    joined = last_states(states, torch.tensor(lengths), HIDDEN)
    for row, length in enumerate(lengths):
        assert joined[row, :HIDDEN].equal(states[row, length - 1, :HIDDEN])
        assert joined[row, HIDDEN:].equal(states[row, 0, HIDDEN:])


def test_every_token_has_a_say_and_padding_has_none() -> None:
    model = build()
    batch = batch_of(model, SENTENCES)
    features = model.network.embedder(batch).detach().requires_grad_()
    torch.autograd.backward(model.network.emissions(batch, features).sum())
    assert features.grad is not None
    assert features.grad.abs().sum(2).gt(0).equal(batch.mask)


# --- padding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_not_seen(cell: str) -> None:
    model = build(cell=cell, layers=2)
    together = model.network.emissions(batch_of(model, SENTENCES))
    assert together.shape == (len(SENTENCES), len(LABELS))
    for tokens, scores in zip(SENTENCES, together, strict=True):
        alone = model.network.emissions(batch_of(model, [tokens]))[0]
        torch.testing.assert_close(scores, alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("backend", ["torch", "reference"])
def test_both_engines_give_the_scores_of_the_network(
    cell: str, layers: int, bidirectional: bool, backend: str
) -> None:
    model = build(cell=cell, layers=layers, bidirectional=bidirectional, backend=backend)
    expected = model.network.emissions(batch_of(model, SENTENCES))
    for name in ("native", "torch"):
        engine = engine_of(model, PredictConfig(engine=name), last_states=True)
        scores = torch.from_numpy(engine.emissions(SENTENCES))
        torch.testing.assert_close(scores, expected, atol=1e-6, rtol=1e-5)


# --- learning -----------------------------------------------------------------------------------


def test_the_loss_is_the_mean_cross_entropy() -> None:
    model = build()
    batch = batch_of(model, SENTENCES, 1, 2, 1, 0)
    probabilities = model.network.emissions(batch).softmax(1)
    right = probabilities[range(4), [1, 2, 1, 0]]
    torch.testing.assert_close(model.network.loss(batch), -right.log().mean())


def test_costs_are_for_what_is_wrong() -> None:
    """Softmax-margin: at sequences of label 1, all others have a higher score to be beaten."""
    model = build()
    batch = batch_of(model, SENTENCES, 1, 2, 1, 0)
    costs = torch.tensor([0.0, 2.0, 0.0])
    scores = model.network.emissions(batch).detach()
    for row in (0, 2):
        scores[row, [0, 2]] += 2.0
    expected = nn.functional.cross_entropy(scores, torch.tensor([1, 2, 1, 0]))
    torch.testing.assert_close(model.network.loss(batch, costs), expected)


def test_in_training_the_joined_states_are_dropped_from() -> None:
    model = build(dropout=0.5, hidden=200)
    model.network.train()
    batch = batch_of(model, SENTENCES)
    joined = last_states(model.network.states(batch), batch.lengths, 200)
    assert 0.35 < joined.eq(0).float().mean().item() < 0.65
