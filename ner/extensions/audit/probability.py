"""The probability that a label is wrong: a logistic regression on the evidence.

Its weights were fitted by ``scripts/fit_audit.py`` on mistakes planted into corpora of news, tweets
and Wikipedia; what is labelled wrong in these already counts as right, so it is rather too low.
"""

import math
from collections.abc import Mapping

from ner.extensions.audit.evidence import Evidence

BIAS = -3.972
WEIGHTS: Mapping[str, float] = {
    "doubt": 0.083,
    "least_doubt": 0.279,
    "against": 0.229,
    "proposal": 0.433,
    "gap": 0.473,
    "labelled_corpus": 0.560,
    "labelled_document": 0.996,
    "labelled_context": 0.765,
    "proposed_corpus": -0.078,
    "proposed_document": 0.166,
    "proposed_context": 0.865,
    "alike": -0.905,
    "neighbours": -1.422,
    "usual_confusion": -0.246,
    "missed_doubt": 0.717,
    "missed": 2.159,
    "spurious": -1.041,
    "border": -0.146,
    "slight_border": 0.934,
    "at_edge": 0.404,
    "cut": 1.746,
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
