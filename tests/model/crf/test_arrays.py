"""The token mask, and memory that blocks of tags bound."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from ner.model.crf import arrays
from ner.model.crf.arrays import Floats, Ints, token_mask
from ner.model.crf.forward_backward import ForwardScores, Lattice
from ner.model.crf.semiring import Logs
from ner.model.crf.viterbi import k_best, viterbi
from tests.model.brute import random_chain


def test_token_mask() -> None:
    mask = token_mask(np.array([2, 1, 3]), 3)
    assert mask.tolist() == [[True, True, False], [True, False, False], [True, True, True]]


@pytest.mark.parametrize("types", [3, 11])
def test_blocks_of_tags_change_nothing(types: int, monkeypatch: pytest.MonkeyPatch) -> None:
    emissions, lengths, potentials = random_chain(types, sentences=3, size=5)
    chain = emissions, lengths, potentials
    scores = np.ascontiguousarray(emissions.transpose(1, 0, 2)), lengths, potentials

    def results() -> list[Floats | Ints]:
        logs = ForwardScores(Logs(), *scores)
        return [viterbi(*chain), *k_best(*chain, 7), logs.log_z, *logs.backward(np.ones(3))]

    whole = results()
    monkeypatch.setattr(arrays, "MOST_PAIRS", 1)
    for one, other in zip(whole, results(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["viterbi", "k_best", "plain sums", "sums of logs"])
def test_memory_does_not_grow_with_sentences_times_pairs_of_tags(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "MOST_PAIRS", 1 << 16)
    emissions, lengths, potentials = random_chain(60, sentences=64, size=2)
    work: dict[str, Callable[[], object]] = {
        "viterbi": lambda: viterbi(emissions, lengths, potentials),
        "k_best": lambda: k_best(emissions, lengths, potentials, 3),
        "plain sums": lambda: Lattice(emissions, lengths, potentials).marginals,
        # What lies far apart cannot be summed as plain numbers.
        "sums of logs": lambda: Lattice(400 * emissions, lengths, potentials).marginals,
    }
    tracemalloc.start()
    try:
        work[name]()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    tags = emissions.shape[2]
    own = 8 * (24 * emissions.size + 6 * tags**2 + 8 * (1 << 16))
    assert most < own < 8 * 64 * tags**2
