"""A hint when to stop: how much F1 the next labels are likely to bring.

Errors fall with the number of labelled sentences by a power law, ``1 - F1 = a · n⁻ᵇ`` (Hestness et
al. 2017), so that 100 more than `n` bring ``(1 - F1) · (1 - (n / (n + 100))ᵇ)``. F1 is what the
model expects of itself on the text at hand: right are as many of its entities as their
probabilities sum to, and there are as many as the tokens that it expects in entities have room for.
The exponent is fitted to the scores of earlier models on valid, where there are any.
"""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from ner.bundle import Bundle
from ner.predict import Prediction, predict_with_inside
from ner.text import Sentence

STEP = 100  # labelled sentences
ENOUGH = 0.002  # F1 below which another step is not worth its labels
EXPONENT = 0.25  # b, by learning curves of five corpora
MOST = 0.6  # the largest b
LEAST_ERROR = 1e-3  # 1 - F1 below which a curve has no slope
SAMPLE = 1000  # sentences by which F1 is expected


class Point(NamedTuple):
    """A point of a learning curve: labelled sentences, and F1 on valid."""

    labelled: int
    f1: float

    @classmethod
    def of(cls, bundle: Bundle) -> "Point | None":
        """The point that a model is by its card; None without a score or a training set."""
        valid = bundle.about.get("scores", {}).get("valid")
        labelled = len(bundle.seen.numbers)
        return cls(labelled, valid["f1"]) if valid and labelled else None


class Hint(NamedTuple):
    """The F1 that a model expects of itself, and the F1 that `STEP` more labels would add."""

    labelled: int
    f1: float
    gain: float

    def __str__(self) -> str:
        enough = "labelling more is hardly worth it" if self.gain < ENOUGH else "go on"
        return (
            f"with {self.labelled:,} labelled sentences the model expects an F1 of "
            f"{100 * self.f1:.1f} on this text; the next {STEP} are likely to bring "
            f"{100 * self.gain:.2f}: {enough}"
        )


def exponent_of(curve: Sequence[Point]) -> float:
    """The exponent of a learning curve by least squares in logarithms, held towards `EXPONENT`."""
    sizes = [math.log(point.labelled) for point in curve]
    errors = [math.log(max(1.0 - point.f1, LEAST_ERROR)) for point in curve]
    if not curve:
        return EXPONENT
    size, error = fmean(sizes), fmean(errors)
    fall = sum((x - size) * (error - y) for x, y in zip(sizes, errors, strict=True))
    spread = sum((x - size) ** 2 for x in sizes)
    return min(max((fall + EXPONENT) / (spread + 1.0), 0.0), MOST)


def gain(labelled: int, after: int, f1: float, exponent: float) -> float:
    """The F1 that labels add to `f1`, from so many sentences to so many `after`."""
    rate: float = (labelled / after) ** exponent
    return (1.0 - f1) * (1.0 - rate)


def hint(labelled: int, f1: float, exponent: float = EXPONENT) -> Hint:
    """Extrapolate from so many labelled sentences, and the F1 that is expected with them."""
    return Hint(labelled, f1, gain(labelled, labelled + STEP, f1, exponent))


def hint_of(
    bundle: Bundle, sentences: Sequence[Sentence], labelled: int, curve: Sequence[Point] = ()
) -> Hint:
    """The hint for a model and the text that is left, by an even sample of its sentences.

    `curve` are the points of the model and of earlier ones.
    """
    step = max(1, len(sentences) // SAMPLE)
    tokens = [sentence.tokens for sentence in sentences[::step]]
    found = predict_with_inside(bundle.model, tokens, bundle.config.predict)
    return hint(labelled, expected_f1(*found), exponent_of(curve))


def expected_f1(found: Sequence[Prediction], inside: float) -> float:
    """The F1 of predictions by their own scores; `inside` tokens are expected in entities.

    There are taken to be as many entities as `inside` has room for, at the length of those found.
    """
    entities = [span for prediction in found for span in prediction.spans]
    covered = sum(span.end - span.start for span in entities)
    if not covered:
        return 0.0
    right = sum(score for prediction in found for score in prediction.scores)
    return min(2 * right / (len(entities) * (1.0 + inside / covered)), 1.0)
