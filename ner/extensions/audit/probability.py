"""The probability that a label is wrong: a logistic regression on the evidence.

Its weights were fitted by ``scripts/fit_audit.py`` on mistakes planted into corpora of news, tweets
and Wikipedia; what is labelled wrong in these already counts as right, so it is rather too low.
"""

import math
from collections.abc import Mapping

from ner.extensions.audit.evidence import Evidence

BIAS = 0.0
WEIGHTS: Mapping[str, float] = dict.fromkeys(Evidence._fields, 0.0) | {"doubt": 1.0}
"""By the names of the evidence, in its order."""


def probability_wrong(evidence: Evidence) -> float:
    """The probability that the label of a place is wrong."""
    return 1 / (1 + math.exp(-log_odds(evidence)))


def log_odds(evidence: Evidence) -> float:
    """The log odds that the label of a place is wrong."""
    pairs = zip(evidence, WEIGHTS.values(), strict=True)
    return BIAS + sum(value * weight for value, weight in pairs)
