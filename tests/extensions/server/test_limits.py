"""What all requests together may hold."""

from contextlib import suppress

import pytest

from ner.extensions.server.limits import Budget, Limits, check_size
from ner.extensions.server.problems import Problem


def test_a_budget_is_given_back() -> None:
    budget = Budget(10)
    with budget.part() as one, budget.part() as other:
        one.grow(6)
        other.grow(4)
        with pytest.raises(Problem, match="too many texts") as refused:
            other.grow(1)
        assert refused.value.status == 503
        assert "Retry-After" in refused.value.headers
    with budget.part() as whole:
        whole.grow(10)


def test_what_fails_gives_its_part_back() -> None:
    budget = Budget(10)
    with suppress(KeyError), budget.part() as part:
        part.grow(10)
        raise KeyError
    budget.take(10)


def test_a_body_has_room_for_escapes() -> None:
    limits = Limits(characters=1000)
    check_size(len(rb'{"text": ""}') + 1000 * len(r"\u4e2d"), limits)
    with pytest.raises(Problem) as refused:
        check_size(limits.body + 1, limits)
    assert refused.value.status == 413
