"""Both semirings count the same."""

import numpy as np
import pytest

from ner.model.crf.forward_backward import ForwardScores
from ner.model.crf.semiring import Logs, ScaledProbabilities, Semiring
from tests.model.brute import random_chain


def forward_scores(semiring: Semiring, size: int) -> ForwardScores:
    emissions, lengths, potentials = random_chain(2, sentences=4, size=size)
    scores = np.ascontiguousarray(emissions.transpose(1, 0, 2)), lengths, potentials
    return ForwardScores(semiring, *scores)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_they_agree_on_ordinary_scores(size: int) -> None:
    plain, logs = forward_scores(ScaledProbabilities(), size), forward_scores(Logs(), size)
    np.testing.assert_allclose(plain.log_z, logs.log_z, rtol=1e-12)
    np.testing.assert_allclose(plain.final, logs.final, atol=1e-12)
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    for one, other in zip(plain.backward(weights), logs.backward(weights), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("semiring", [ScaledProbabilities(), Logs()], ids=["scaled", "logs"])
def test_what_is_normalised_adds_up_to_one(semiring: Semiring) -> None:
    scores = np.random.default_rng(1).normal(size=(3, 5))
    normalised, log_total = semiring.normalise(semiring.lift(scores))
    np.testing.assert_allclose(semiring.probabilities(normalised).sum(1), 1.0)
    np.testing.assert_allclose(log_total, np.log(np.exp(scores).sum(1)))
