"""The precision of a finished tagger's products: 8 bits where these change F1 on valid hardly."""

import logging
from collections.abc import Sequence
from typing import Any

from ner.bundle import precision_in_words
from ner.config import PredictConfig
from ner.evaluation import score_sentences
from ner.predict import predict_sentences
from ner.runtime import AnyModel
from ner.text import Sentence

_log = logging.getLogger("ner")

MOST_CHANGE = 0.0005
"""The most that F1, which is at most 1, may change."""


def measure_precision(model: AnyModel, valid: Sequence[Sentence]) -> dict[str, Any]:
    """Tag valid in both precisions: their F1, how many spans differ, and which one is chosen."""
    spans, f1 = {}, {}
    for name in ("float32", "int8"):
        found = predict_sentences(model, valid, PredictConfig(precision=name))
        spans[name] = {(i, span) for i, sentence in enumerate(found) for span in sentence.spans}
        f1[name] = score_sentences(valid, found).f1
    near = abs(f1["int8"] - f1["float32"]) <= MOST_CHANGE
    measured = {
        "chosen": "int8" if near else "float32",
        "f1": f1,
        "spans": len(spans["float32"]),
        "different": len(spans["int8"] - spans["float32"]) + len(spans["float32"] - spans["int8"]),
    }
    _log.info("%s", precision_in_words(measured))
    return measured
