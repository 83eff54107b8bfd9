"""The profile of a text under a model."""

from pathlib import Path

import pytest

from ner.bundle import load_bundle
from ner.config import PredictConfig
from ner.predict import predict, profiled
from ner.runtime import AnyModel
from ner.text import Sentence

MANY = 60
TEXT = (Sentence(("Anna", "visited", "Rome", ".")), Sentence(("Zork", "blibbed", "Quux", "!")))


@pytest.fixture(scope="module")
def model(tiny_run: Path) -> AnyModel:
    return load_bundle(tiny_run / "model").model


def test_words_and_scores_are_those_of_the_sentences(model: AnyModel) -> None:
    found = profiled(model, TEXT * MANY, PredictConfig())
    scores = [s for each in predict(model, [s.tokens for s in TEXT]) for s in each.scores]
    assert (found.words, found.entities) == (6 * MANY, MANY * len(scores))
    profile = found.profile()
    assert profile.unknown_words == pytest.approx(3 / 6)
    assert profile.score == pytest.approx(sum(scores) / len(scores))


def test_scores_are_those_of_the_settings(model: AnyModel) -> None:
    sure, unsure = (
        profiled(model, TEXT * MANY, PredictConfig(temperature=t)).profile().score for t in (0.5, 4)
    )
    assert sure > unsure


@pytest.mark.parametrize(("times", "enough"), [(MANY, False), (2 * MANY, True)])
def test_a_short_text_tells_little(model: AnyModel, times: int, enough: bool) -> None:
    assert profiled(model, TEXT * times, PredictConfig()).enough == enough
