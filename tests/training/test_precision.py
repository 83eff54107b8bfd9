"""The precision of tagging, chosen by what 8 bits cost on valid."""

from pathlib import Path

import pytest

from ner.bundle import load_bundle
from ner.config import PredictConfig
from ner.corpus import Corpus
from ner.evaluation import score_sentences
from ner.predict import predict_sentences
from ner.training.precision import MOST_LOST, choose_precision, measure_precision


@pytest.mark.parametrize(
    ("float32", "int8", "chosen"),
    [
        (0.9, 0.9, "int8"),
        (0.9, 0.9 - 0.9 * MOST_LOST, "int8"),
        (0.9, 0.9 - 1.1 * MOST_LOST, "float32"),
        (0.9, 0.95, "int8"),  # a gain is no reason to be slow
        (0.0, 0.0, "int8"),
    ],
)
def test_eight_bits_are_chosen_unless_they_cost_f1(
    float32: float, int8: float, chosen: str
) -> None:
    assert choose_precision({"float32": float32, "int8": int8}) == chosen


def test_what_is_measured_is_what_tagging_gives(tiny_run: Path, tiny_corpus: Corpus) -> None:
    model = load_bundle(tiny_run / "model").model
    valid = tiny_corpus.valid
    measured, found = measure_precision(model, valid)
    in_either = {
        name: predict_sentences(model, valid, PredictConfig(precision=name))
        for name in ("float32", "int8")
    }
    assert found == in_either[measured["chosen"]]
    for name, sentences in in_either.items():
        assert measured["f1"][name] == score_sentences(valid, sentences).f1
    spans = {name: [s.spans for s in sentences] for name, sentences in in_either.items()}
    assert measured["spans"] == sum(map(len, spans["float32"]))
    differing = sum(
        len(set(one) ^ set(other))
        for one, other in zip(spans["float32"], spans["int8"], strict=True)
    )
    assert measured["different"] == differing
