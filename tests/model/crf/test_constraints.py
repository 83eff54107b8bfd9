"""What a scheme rules out, and packing of what it allows."""

import numpy as np
import pytest
import torch

from ner.model.crf.arrays import FORBIDDEN
from ner.model.crf.constraints import TagConstraints
from ner.model.crf.decoder import LARGEST
from ner.tags import allowed_transitions
from tests.model.brute import CASES, IDS, Case

cases = pytest.mark.parametrize("case", CASES, ids=IDS)


@cases
def test_what_is_forbidden_is_what_the_scheme_does_not_allow(case: Case) -> None:
    allowed = allowed_transitions(case.tags, case.scheme)
    constraints = TagConstraints(case.tags, case.scheme)
    scores = [np.full(np.shape(part), 3.0) for part in allowed]
    for value, potentials in (
        (3.0, constraints.constrain(scores)),
        (0.0, constraints.potentials()),
    ):
        for found, legal in zip(potentials, allowed, strict=True):
            np.testing.assert_array_equal(found, np.where(np.array(legal), value, FORBIDDEN))


@cases
def test_packed_transitions_are_the_legal_ones(case: Case) -> None:
    allowed = allowed_transitions(case.tags, case.scheme)
    constraints = TagConstraints(case.tags, case.scheme)
    transitions = np.random.default_rng(1).normal(size=(2, len(case.tags), len(case.tags)))
    packed = constraints.pack(transitions)
    assert packed.shape == (2, np.sum(allowed.between))
    legal = np.where(allowed.between, transitions, 0.0)
    np.testing.assert_array_equal(constraints.unpack(packed), legal)


def test_forbidden_costs_more_than_any_sentence_can_make_up_for() -> None:
    tokens = 1e6
    assert tokens * LARGEST < -FORBIDDEN / 1e6
    assert torch.tensor(tokens * FORBIDDEN).isfinite()
