"""The probability that a label is wrong: a logistic regression on the evidence.

Its weights were fitted by ``scripts/fit_audit.py`` on mistakes planted into news
(CoNLL-2003); what was labelled wrong there before counts as right, so it is rather too low.
"""

import math
from collections.abc import Mapping

from ner.extensions.audit.evidence import Evidence

BIAS = -3.977
WEIGHTS: Mapping[str, float] = {
    "doubt": 0.491,
    "against": 0.481,
    "labelled_corpus": 0.588,
    "labelled_document": 1.032,
    "labelled_context": 0.748,
    "proposed_corpus": -0.046,
    "proposed_document": 0.095,
    "proposed_context": 0.960,
    "alike": -1.161,
    "missed_doubt": 0.878,
    "missed": 2.278,
    "spurious": -1.133,
    "border": -0.005,
    "slight_border": 1.022,
    "at_edge": 0.343,
    "cut": 1.764,
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
