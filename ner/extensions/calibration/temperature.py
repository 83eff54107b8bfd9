"""Temperature scaling (Guo, Pleiss, Sun and Weinberger 2017) of the scores of entities.

All scores of a chain of tags, of tokens and of transitions, are divided by one number before they
are summed. So probabilities stay exact sums over all labellings, and no other is the best one. The
number is chosen by the Brier score of the entities found: right ones ought to have a score near 1,
wrong ones near 0. It is bounded, so that a few wrong labels where a model is sure do not decide.
"""

import math
from collections.abc import Callable, Sequence

from ner.errors import CorpusError
from ner.evaluation import Calibration, calibration_of
from ner.frozen import frozen
from ner.tagger import Tagger
from ner.text import Sentence

LEAST, MOST = 0.25, 8.0
STEPS = 14  # of the search: the temperature is then exact to 0.4 %
FEWEST = 100  # entities from which a temperature can be told
_GOLDEN = (math.sqrt(5) - 1) / 2

Marked = list[tuple[float, bool]]
"""The score of each entity found, and True if it is right."""


@frozen()
class Fit:
    """A temperature, and the calibration of the scores without it and with it."""

    temperature: float
    before: Calibration
    after: Calibration

    def line(self) -> str:
        """The temperature and what it brings."""
        return (
            f"temperature {self.temperature:g}: expected calibration error {self.before.ece:.4f} "
            f"before, {self.after.ece:.4f} with it, over {self.after.entities:,} entities"
        )


def fit_temperature(tagger: Tagger, sentences: Sequence[Sentence]) -> Fit:
    """Find the temperature for labelled sentences that the model has not learnt from.

    Raises `CorpusError` for so few entities that chance would decide.
    """
    gold = tagger.as_raw_text(sentences)
    before = marked(tagger, gold, 1.0)
    if len(before) < FEWEST:
        raise CorpusError(
            f"the model finds {len(before)} entities in {len(gold):,} sentences, too few to "
            f"calibrate it; name a corpus in which it finds {FEWEST}"
        )
    found = minimum(lambda log: brier_score(marked(tagger, gold, math.exp(log))))
    temperature = round(math.exp(found), 3)
    after = marked(tagger, gold, temperature)
    return Fit(temperature, calibration_of(before), calibration_of(after))


def marked(tagger: Tagger, gold: Sequence[Sentence], temperature: float) -> Marked:
    """The entities of types that the corpora label, with their scores at a temperature."""
    found = tagger.predictions(gold, changes={"predict.temperature": temperature})
    return [
        (score, span in sentence.spans)
        for sentence, prediction in zip(gold, found, strict=True)
        for span, score in zip(*prediction, strict=True)
        if span.label not in sentence.unannotated
    ]


def brier_score(found: Marked) -> float:
    """The mean squared distance of scores from what is the case, 1 or 0 (Brier 1950)."""
    return math.fsum((score - right) ** 2 for score, right in found) / len(found)


def minimum(loss: Callable[[float], float]) -> float:
    """The logarithm of the temperature of least loss: a golden-section search (Kiefer 1953)."""
    low, high = math.log(LEAST), math.log(MOST)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = loss(right)
    return (low + high) / 2
