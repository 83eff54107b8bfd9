"""The doubt of a model, of sentences and of tokens."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ner.bundle import load_bundle
from ner.config import PredictConfig
from ner.predict import (
    entropies,
    predict,
    predict_marginals,
    predict_nbest,
    predict_uncertainty,
    predict_with_inside,
)
from ner.predict.engines import tag_decoders
from ner.predict.passes import emission_batches, of_layer
from tests.predict.models import WORDS, predict_settings, random_model

SENTENCES = [WORDS, (), WORDS[:1], WORDS[2:5]]


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_doubt_of_a_sentence_does_not_depend_on_its_neighbours(head: str) -> None:
    model = random_model(head=head)
    together = predict_uncertainty(model, SENTENCES)
    for sentence, found in zip(SENTENCES, together, strict=True):
        (alone,) = predict_uncertainty(model, [sentence])
        assert found.entropy == pytest.approx(alone.entropy, abs=1e-5)
        np.testing.assert_allclose(found.marginals, alone.marginals, atol=1e-6)


def test_a_sentence_without_tokens_is_in_no_doubt() -> None:
    model = random_model()
    (found,) = predict_uncertainty(model, [()])
    assert found.entropy == 0.0
    assert found.marginals.shape == (0, len(model.outputs))
    assert found.tokens.shape == (0,)


def test_marginals_are_those_of_predict_marginals() -> None:
    model = random_model()
    for found, expected in zip(
        predict_uncertainty(model, SENTENCES), predict_marginals(model, SENTENCES), strict=True
    ):
        np.testing.assert_array_equal(found.marginals, expected)


def test_entropy_is_that_of_all_analyses() -> None:
    """Every analysis of three tokens, by n-best."""
    model = random_model()
    sentence = WORDS[2:5]
    (ranked,) = predict_nbest(model, [sentence], 1000)
    p = np.array([each.probability for each in ranked])
    assert p.sum() == pytest.approx(1.0)
    (found,) = predict_uncertainty(model, [sentence])
    assert found.entropy == pytest.approx(-(p * np.log(p)).sum(), abs=1e-9)


def test_the_doubts_of_tokens_sum_to_that_of_the_sentence_at_least() -> None:
    for found in predict_uncertainty(random_model(), SENTENCES):
        assert found.tokens.sum() >= found.entropy - 1e-12


def test_a_long_sentence_is_read_in_windows() -> None:
    tokens = WORDS * 100
    (found,) = predict_uncertainty(random_model(), [tokens])
    assert found.marginals.shape[0] == len(tokens)
    assert found.entropy > 0


@given(arrays(np.float64, (4, 3), elements=st.floats(0, 1)))
def test_entropy_of_a_distribution_is_0_to_log_k(raw: np.ndarray) -> None:
    p = (raw + 1e-9) / (raw + 1e-9).sum(1, keepdims=True)
    found = entropies(p)
    assert (found >= 0).all()
    assert (found <= np.log(3) + 1e-9).all()


def test_entropy_of_what_is_certain_is_0() -> None:
    assert entropies(np.array([[1.0, 0.0, 0.0]])).tolist() == [0.0]
    assert entropies(np.array([[0.5, 0.5]])) == pytest.approx(np.log(2))


def test_a_temperature_raises_doubt_and_changes_no_span() -> None:
    model = random_model()
    warm = predict_settings(temperature=3.0)
    for low, high in zip(
        predict_uncertainty(model, SENTENCES),
        predict_uncertainty(model, SENTENCES, warm),
        strict=True,
    ):
        assert high.entropy >= low.entropy
    one, other = predict(model, SENTENCES), predict(model, SENTENCES, settings=warm)
    assert [found.spans for found in one] == [found.spans for found in other]
    assert [found.scores for found in one] != [found.scores for found in other]


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_both_engines_give_the_same_scores_at_a_temperature(head: str) -> None:
    model = random_model(head=head)
    scores = [
        predict(model, SENTENCES, settings=predict_settings(temperature=2.0, engine=engine))
        for engine in ("native", "torch")
    ]
    for native, torch in zip(*scores, strict=True):
        assert native.spans == torch.spans
        assert native.scores == pytest.approx(torch.scores, abs=1e-4)


def test_doubts_of_tag_layers_add_up(layered_run: Path) -> None:
    model = load_bundle(layered_run).model
    sentences = [("Anna", "visited", "New", "York", "."), ("Zork", "blibbed")]
    decoders, settings = tag_decoders(model), predict_settings()
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        own = [each.entropy(of_layer(emissions, layer), lengths) for layer, each in decoders]
        assert len(own) == 2
        found = predict_uncertainty(model, [sentences[number] for number in numbers])
        assert [each.entropy for each in found] == pytest.approx(
            (own[0] + own[1]).tolist(), rel=1e-5
        )
        assert found[0].marginals.shape[1] == len(model.outputs)


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_spans_and_expected_tokens_are_those_of_two_passes(head: str) -> None:
    model = random_model(head=head)
    for settings in (PredictConfig(), PredictConfig(temperature=2.0)):
        found, inside = predict_with_inside(model, SENTENCES, settings)
        assert found == predict(model, SENTENCES, settings=settings)
        marginals = predict_marginals(model, SENTENCES, settings)
        assert inside == pytest.approx(sum((1 - each[:, 0]).sum() for each in marginals))
    assert predict_with_inside(model, []) == ([], 0.0)
