"""The probability that a label is wrong: a logistic regression on the evidence.

Its weights were fitted by ``scripts/fit_audit.py`` on mistakes planted into news
(CoNLL-2003); what was labelled wrong there before counts as right, so it is rather too low.
"""

import math
from collections.abc import Mapping

from ner.extensions.audit.evidence import Evidence

BIAS = -5.101
WEIGHTS: Mapping[str, float] = {
    "doubt": 0.483,
    "against": 0.354,
    "gap": 0.706,
    "length": -0.709,
    "labelled_corpus": 0.556,
    "labelled_document": 0.838,
    "labelled_context": 0.913,
    "proposed_corpus": -0.260,
    "proposed_document": 0.291,
    "proposed_context": 0.789,
    "alike": -1.413,
    "missed_doubt": 0.491,
    "missed": 2.876,
    "spurious": -0.506,
    "border": 0.119,
    "slight_border": 1.037,
    "at_edge": -0.223,
    "cut": 1.729,
    "quoted": -1.127,
    "rare": -1.296,
    "capitals": 0.307,
    "known": 1.457,
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
