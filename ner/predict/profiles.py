"""The profile of a text under a model, by what the model finds in its sentences."""

from collections.abc import Sequence

from ner.config import PredictConfig
from ner.features import Profiler, TextProfile
from ner.predict.predictions import document_numbers, predict
from ner.runtime import AnyModel
from ner.text import Sentence


def profile_of(
    model: AnyModel, sentences: Sequence[Sentence], settings: PredictConfig
) -> TextProfile | None:
    """The unknown words of sentences, and the scores found there; None of too short a text."""
    profiler, tokens = Profiler(model.indexer), [sentence.tokens for sentence in sentences]
    found = predict(model, tokens, settings=settings, documents=document_numbers(sentences))
    for words, prediction in zip(tokens, found, strict=True):
        profiler.add(words, prediction.scores)
    return profiler.profile() if profiler.enough else None
