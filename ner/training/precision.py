"""The precision of a finished tagger's products: 8 bits where these cost hardly any F1 on valid."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ner.bundle import precision_in_words
from ner.config import PredictConfig
from ner.evaluation import score_sentences
from ner.predict import predict_sentences
from ner.runtime import AnyModel
from ner.text import Sentence

_log = logging.getLogger("ner")

MOST_LOST = 0.0005
"""The most of F1, which is at most 1, that tagging in 8 bits may cost."""


def choose_precision(f1: Mapping[str, float]) -> str:
    """Choose 8 bits, the faster way, unless float32 finds more by more than `MOST_LOST`."""
    return "int8" if f1["float32"] - f1["int8"] <= MOST_LOST else "float32"


def measure_precision(
    model: AnyModel, valid: Sequence[Sentence]
) -> tuple[dict[str, Any], list[Sentence]]:
    """Tag valid in both precisions, choose one, and give what was found in that one.

    Measured are F1 in either, how many spans differ, and the precision `chosen`.
    """
    found = {
        name: predict_sentences(model, valid, PredictConfig(precision=name))
        for name in ("float32", "int8")
    }
    f1 = {name: score_sentences(valid, sentences).f1 for name, sentences in found.items()}
    spans = {
        name: {(i, span) for i, sentence in enumerate(sentences) for span in sentence.spans}
        for name, sentences in found.items()
    }
    chosen = choose_precision(f1)
    measured = {
        "chosen": chosen,
        "f1": f1,
        "spans": len(spans["float32"]),
        "different": len(spans["int8"] ^ spans["float32"]),
    }
    _log.info("%s", precision_in_words(measured))
    return measured, found[chosen]
