"""Probabilities of labels: one way for all, in any batch, long texts in pieces; label scores."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from ner.config import PredictConfig
from ner.corpus import Corpus
from ner.extensions.classification import predict as module
from ner.extensions.classification.bundle import load_classifier
from ner.extensions.classification.predict import (
    evaluate_model,
    label_probabilities,
    score_labels,
    segments,
)
from ner.runtime import AnyModel

TEXTS = [["rain", "and", "snow", "."], [], ["goal"], ["unseen", "words", "and", "team", "?"]]


@pytest.fixture(scope="module")
def model(kinds_run: Path) -> AnyModel:
    return load_classifier(kinds_run).model


def test_probabilities_are_those_of_the_network(model: AnyModel) -> None:
    found = label_probabilities(model, TEXTS)
    assert found.shape == (4, 2)
    assert found.sum(1) == pytest.approx([1, 0, 1, 1])
    plain = label_probabilities(model, TEXTS, PredictConfig(engine="torch"))
    np.testing.assert_allclose(found, plain, atol=1e-6)
    for row, tokens in zip(found, TEXTS, strict=True):
        np.testing.assert_allclose(label_probabilities(model, [tokens])[0], row, atol=1e-6)
    assert label_probabilities(model, []).shape == (0, 2)


@given(st.integers(0, 50_000))
def test_segments_are_the_whole_in_equal_parts(length: int) -> None:
    tokens = [str(number) for number in range(length)]
    parts = list(segments(tokens))
    assert [token for part in parts for token in part] == tokens
    sizes = {len(part) for part in parts}
    assert all(0 < size <= module.LONGEST for size in sizes)
    assert len(parts) == -(-length // module.LONGEST)


def test_scores_of_segments_are_averaged(model: AnyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 3)
    text = ["rain", "and", "goal", ".", "snow"]
    log = np.log(label_probabilities(model, [text[:3], text[3:]]))
    mean = np.exp(log[0] * 3 / 5 + log[1] * 2 / 5)
    found = label_probabilities(model, [text, ["sun"]])[0]
    np.testing.assert_allclose(found, mean / mean.sum(), rtol=1e-5)


def test_a_very_long_text_is_read_to_its_end(
    model: AnyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 20)
    rain = label_probabilities(model, [["rain", "and"] * 3000])
    goal = label_probabilities(model, [["rain", "and"] * 100 + ["goal", "and"] * 3000])
    weather = model.outputs.index("weather")
    assert rain[0, weather] > 0.5 > goal[0, weather]


def test_evaluated_by_the_likeliest(model: AnyModel, kinds: Corpus) -> None:
    scores = evaluate_model(model, kinds.valid)
    assert scores.accuracy == scores.f1 == 1.0
    assert scores.texts == len(kinds.valid)


PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1)


@settings(max_examples=25)
@given(PAIRS)
def test_they_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, predicted = [one for one, _ in pairs], [other for _, other in pairs]
    scores = score_labels(gold, predicted)
    assert scores.accuracy == pytest.approx(accuracy_score(gold, predicted))
    for found, average in ((scores, "macro"), (scores.weighted, "weighted")):
        expected = precision_recall_fscore_support(
            gold, predicted, average=average, zero_division=0
        )[:3]
        assert (found.precision, found.recall, found.f1) == pytest.approx(expected)
    rows = precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    assert list(scores.per_label) == sorted({*gold, *predicted})
    for label, *expected, support in zip(scores.per_label, *rows, strict=True):
        row = scores.per_label[label]
        assert (row.precision, row.recall, row.f1) == pytest.approx(expected)
        assert row.support == support
    assert scores.texts == len(pairs)


def test_the_table() -> None:
    scores = score_labels(["a", "a", "b"], ["a", "b", "b"])
    assert scores.table().splitlines() == [
        "              precision    recall  f1-score   support",
        "",
        "           a     100.00     50.00     66.67         2",
        "           b      50.00    100.00     66.67         1",
        "",
        "   macro avg      75.00     75.00     66.67         3",
        "weighted avg      83.33     66.67     66.67         3",
        "",
        "accuracy 66.67 %, macro F1 66.67 %",
    ]
    assert scores.figures()["accuracy"] == scores.to_dict()["accuracy"] == 2 / 3


def test_rows_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_labels(["a", "b"], ["a"])
