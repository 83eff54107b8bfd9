"""The doubt of one model, or of a committee of several, in sentences and their tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.predict import Uncertainty, entropies, predict_uncertainty
from ner.runtime import AnyModel
from ner.tags import parse_tag

Floats = NDArray[np.float64]
AT_ONCE = 1000  # sentences whose marginals are held in memory


class Doubt(NamedTuple):
    """The doubt in a sentence, in nats: `entropy` of its labelling, and between models.

    `entropy` is exact, of several models the mean; `disagreement` is how much models tell from one
    another (Jensen–Shannon divergence of the types of each token, summed), 0 of one. `tokens`
    ``[T]`` are the shares of the tokens in the sum of both.
    """

    entropy: float
    disagreement: float
    tokens: Floats

    @property
    def total(self) -> float:
        """The sum: the mutual information with the labels, and what no model can know."""
        return self.entropy + self.disagreement


def doubts(models: Sequence[AnyModel], sentences: Sequence[Sequence[str]]) -> list[Doubt]:
    """Measure the doubt of models in sentences of tokens."""
    labels = sorted({label for model in models for label in _labels(model)})
    places = [[labels.index(label) for label in _labels(model)] for model in models]
    found: list[Doubt] = []
    for start in range(0, len(sentences), AT_ONCE):
        part = sentences[start : start + AT_ONCE]
        read = [predict_uncertainty(model, part) for model in models]
        found += [_doubt(each, places, len(labels)) for each in zip(*read, strict=True)]
    return found


def _labels(model: AnyModel) -> list[str]:
    """The type of each output, "" of O."""
    return [parse_tag(tag).label for tag in model.outputs]


def _doubt(found: Sequence[Uncertainty], places: Sequence[Sequence[int]], labels: int) -> Doubt:
    """Put the doubts of several models in one sentence together."""
    entropy = float(np.mean([each.entropy for each in found]))
    tokens = np.mean([each.tokens for each in found], axis=0)  # [T]
    apart = np.zeros_like(tokens)
    if len(found) > 1:
        types = [_by_type(e.marginals, p, labels) for e, p in zip(found, places, strict=True)]
        mixed = entropies(np.mean(types, axis=0))
        apart = np.maximum(mixed - np.mean([entropies(each) for each in types], axis=0), 0.0)
    total = float(tokens.sum())
    share = entropy / total if total > 0 else 0.0  # tags of one entity are in doubt together
    return Doubt(entropy, float(apart.sum()), share * tokens + apart)


def _by_type(marginals: Floats, places: Sequence[int], labels: int) -> Floats:
    """Probabilities of types ``[T, L]`` out of those of tags ``[T, K]``."""
    found = np.zeros((len(marginals), labels))
    np.add.at(found.T, list(places), marginals.T)
    return found
