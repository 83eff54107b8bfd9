"""The profile of a text under a model."""

from pathlib import Path
from typing import Any

import pytest

from ner.bundle import load_bundle
from ner.config import PredictConfig
from ner.features import TextProfile
from ner.predict import predict, profile_of, same_scores
from ner.runtime import AnyModel
from ner.text import Sentence

MANY = 100
TEXT = (Sentence(("Anna", "visited", "Rome", ".")), Sentence(("Zork", "blibbed", "Quux", "!")))


@pytest.fixture(scope="module")
def model(tiny_run: Path) -> AnyModel:
    return load_bundle(tiny_run / "model").model


def long_profile(model: AnyModel, settings: PredictConfig) -> TextProfile:
    profile = profile_of(model, TEXT * MANY, settings)
    assert profile is not None
    return profile


def test_words_and_scores_are_those_of_the_sentences(model: AnyModel) -> None:
    profile = long_profile(model, PredictConfig())
    scores = [s for each in predict(model, [s.tokens for s in TEXT]) for s in each.scores]
    assert profile.unknown_words == pytest.approx(3 / 6)
    assert profile.score == pytest.approx(sum(scores) / len(scores))


def test_scores_are_those_of_the_settings(model: AnyModel) -> None:
    sure, unsure = (long_profile(model, PredictConfig(temperature=t)).score for t in (0.5, 4))
    assert sure > unsure


def test_a_short_text_has_none(model: AnyModel) -> None:
    """Six words with a letter in both sentences, so that it takes 84 of them for 500."""
    found = [profile_of(model, TEXT * times, PredictConfig()) for times in (83, 84)]
    assert [profile is not None for profile in found] == [False, True]


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"cache_mb": 64, "engine": "torch", "precision": "int8"}, True),
        ({"min_score": 0.5}, False),
        ({"o_bias": 0.1}, False),
        ({"temperature": 1.1}, False),
    ],
)
def test_some_settings_change_scores(changes: dict[str, Any], same: bool) -> None:
    assert same_scores(PredictConfig(), PredictConfig(**changes)) == same
