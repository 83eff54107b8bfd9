"""The probability rises with all that speaks against a label."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.audit.evidence import Evidence
from ner.extensions.audit.probability import (
    BIAS,
    WEIGHTS,
    log_odds,
    probability_wrong,
)

NOTHING = Evidence(*[0.0] * len(WEIGHTS))


def test_each_piece_of_evidence_has_a_weight() -> None:
    assert [*WEIGHTS] == [*Evidence.__annotations__]
    assert log_odds(NOTHING) == BIAS


@pytest.mark.parametrize("name", WEIGHTS)
def test_log_odds_are_a_weighted_sum(name: str) -> None:
    one = NOTHING._replace(**{name: 2.0})
    assert log_odds(one) == pytest.approx(BIAS + 2 * WEIGHTS[name])


def test_doubt_of_the_models_makes_a_label_more_suspect() -> None:
    calm, sure = NOTHING._replace(doubt=-5.0), NOTHING._replace(doubt=5.0)
    assert probability_wrong(calm) < probability_wrong(sure)


@given(st.lists(st.floats(-50, 50), min_size=len(NOTHING), max_size=len(NOTHING)))
def test_it_is_a_probability(values: list[float]) -> None:
    found = probability_wrong(Evidence(*values))
    assert 0 <= found <= 1
    assert math.isfinite(found)
