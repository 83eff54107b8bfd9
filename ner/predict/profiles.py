"""The profile of a text under a model, by what the model finds in its sentences."""

from collections.abc import Sequence

from ner.config import PredictConfig
from ner.features import Profiler, TextProfile
from ner.predict.predictions import document_numbers, predict
from ner.runtime import AnyModel
from ner.text import Sentence

_OF_SCORES = ("min_score", "o_bias", "temperature")


def same_scores(one: PredictConfig, other: PredictConfig) -> bool:
    """Tell if a model gives the same scores under two settings of tagging."""
    return all(getattr(one, name) == getattr(other, name) for name in _OF_SCORES)


def profile_of(
    model: AnyModel, sentences: Sequence[Sentence], settings: PredictConfig
) -> TextProfile | None:
    """The unknown words of sentences, and the scores found there; None of too short a text."""
    profiler, tokens = Profiler(model.indexer), [sentence.tokens for sentence in sentences]
    found = predict(model, tokens, settings=settings, documents=document_numbers(sentences))
    for words, prediction in zip(tokens, found, strict=True):
        profiler.add(words, prediction.scores)
    return profiler.profile() if profiler.enough else None
