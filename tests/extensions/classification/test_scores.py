"""Scores of labels, against those of scikit-learn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from ner.extensions.classification.scores import score_labels

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
        "           a     1.0000    0.5000    0.6667         2",
        "           b     0.5000    1.0000    0.6667         1",
        "",
        "   macro avg     0.7500    0.7500    0.6667         3",
        "weighted avg     0.8333    0.6667    0.6667         3",
        "",
        "accuracy 66.67 %, macro F1 66.67 %",
    ]
    assert scores.figures()["accuracy"] == scores.to_dict()["accuracy"] == 2 / 3


def test_rows_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score_labels(["a", "b"], ["a"])
