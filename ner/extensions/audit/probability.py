"""The probability that a label is wrong: a logistic regression on the evidence.

Its weights were fitted by ``scripts/fit_audit.py`` on mistakes planted into news
(CoNLL-2003); what was labelled wrong there before counts as right, so it is rather too low.
"""

import math
from collections.abc import Mapping

from ner.extensions.audit.evidence import Evidence

BIAS = -5.023
WEIGHTS: Mapping[str, float] = {
    "doubt": 0.600,
    "against": 0.429,
    "labelled_corpus": 0.596,
    "labelled_document": 0.864,
    "labelled_context": 0.797,
    "proposed_corpus": -0.236,
    "proposed_document": 0.211,
    "proposed_context": 0.794,
    "alike": -1.223,
    "missed_doubt": 0.594,
    "missed": 3.082,
    "spurious": -0.398,
    "border": 0.237,
    "slight_border": 1.077,
    "at_edge": 0.224,
    "cut": 1.881,
    "quoted": -1.158,
    "rare": -1.113,
    "capitals": 0.359,
    "known": 1.458,
}
"""By the names of the evidence, in its order."""


MOST = 500.0
"""Log odds of which the exponential is still finite."""


def probability_wrong(evidence: Evidence) -> float:
    """The probability that the label of a place is wrong."""
    return 1 / (1 + math.exp(-max(log_odds(evidence), -MOST)))


def log_odds(evidence: Evidence) -> float:
    """The log odds that the label of a place is wrong."""
    pairs = zip(evidence, WEIGHTS.values(), strict=True)
    return BIAS + sum(value * weight for value, weight in pairs)
