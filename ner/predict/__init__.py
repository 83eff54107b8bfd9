"""The one way from sentences to predicted spans: all that predicts goes through `predict`.

Input is never truncated and never dropped: what is longer than a window is read in overlapping
windows whose emissions are stitched together, and decoded as one sequence.
"""

from ner.predict.documents import (
    alternatives_of,
    document_groups,
    document_of,
    restored,
    sentence_groups,
)
from ner.predict.engines import Engine, engine_name, engine_of, precision_of, read_batch
from ner.predict.passes import check_numbers
from ner.predict.predictions import (
    DEFAULTS,
    Hypothesis,
    Likelihood,
    document_numbers,
    predict,
    predict_expected,
    predict_likelihoods,
    predict_marginals,
    predict_nbest,
    predict_sentences,
    with_spans,
)
from ner.predict.profiles import profile_of, same_scores
from ner.predict.spans import Prediction
from ner.predict.uncertainty import (
    Uncertainty,
    entropies,
    predict_uncertainty,
    predict_with_inside,
)
from ner.predict.windows import WINDOW, window_note

__all__ = [
    "DEFAULTS", "WINDOW", "Engine", "Hypothesis", "Likelihood", "Prediction", "Uncertainty",
    "alternatives_of", "check_numbers", "document_groups", "document_numbers", "document_of",
    "engine_name", "engine_of", "entropies", "precision_of", "predict", "predict_expected",
    "predict_likelihoods", "predict_marginals", "predict_nbest", "predict_sentences",
    "predict_uncertainty", "predict_with_inside", "profile_of", "read_batch", "restored",
    "same_scores", "sentence_groups", "window_note", "with_spans",
]  # fmt: skip
