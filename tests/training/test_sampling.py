"""The examples of an epoch: shares, even use, the same for the same seed and epoch."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import ConfigError
from ner.training.sampling import EpochSampler, parse_shares

NAMES = ["a"] * 60 + ["b"] * 30 + ["c"] * 7


def drawn(sampler: EpochSampler, epoch: int) -> list[int]:
    return [int(position) for position in sampler.draw(epoch)]


def test_without_shares_an_epoch_is_everything_in_order() -> None:
    sampler = EpochSampler(NAMES, "", 1)
    assert len(sampler) == 97
    assert drawn(sampler, 1) == drawn(sampler, 5) == list(range(97))


def test_shares_are_of_the_whole_epoch() -> None:
    sampler = EpochSampler(NAMES, "b=0.2, c=0.2", 1)
    names = Counter(NAMES[position] for position in drawn(sampler, 1))
    assert names == {"a": 60, "b": 20, "c": 20}  # c is read nearly three times
    assert len(sampler) == 100


@given(
    size=st.integers(1, 40),
    whole=st.integers(1, 40),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_examples_of_a_corpus_with_a_share_are_used_evenly(
    size: int, whole: int, share: float, seed: int
) -> None:
    sampler = EpochSampler(["a"] * whole + ["b"] * size, f"b={share}", seed)
    used = Counter(range(whole, whole + size))
    for epoch in range(1, 7):
        positions = drawn(sampler, epoch)
        assert positions[:whole] == list(range(whole))
        assert len(positions) == len(sampler)
        used.update(positions[whole:])
        assert max(used.values()) - min(used.values()) <= 1
    assert len(sampler) - whole == max(1, round(share * whole / (1 - share)))


def test_epochs_corpora_and_seeds_differ_and_nothing_else_does() -> None:
    first, again = (EpochSampler(["a", *"b" * 9, *"c" * 9], "b=0.4,c=0.4", 1) for _ in range(2))
    other = EpochSampler(["a", *"b" * 9, *"c" * 9], "b=0.4,c=0.4", 2)
    np.random.default_rng(0).random(5)
    assert drawn(first, 3) == drawn(again, 3)
    assert drawn(first, 3) != drawn(first, 4)
    assert drawn(first, 3) != drawn(other, 3)
    orders = [[drawn(first, epoch)[place] for epoch in range(1, 10)] for place in (1, 3)]
    assert [position - 9 for position in orders[1]] != orders[0]


def test_an_epoch_of_any_number_can_be_drawn() -> None:
    assert len(drawn(EpochSampler(NAMES, "b=0.2", 1), 2**53)) == 84


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ("d=0.2", "'d=0.2' will not do; its corpus is one of a, b, c"),
        ("0.2", "'0.2' will not do; its corpus is one of a, b, c"),
        ("b=0.2,", "'' will not do"),
        ("b=0.2,b=0.1", "'b=0.1' will not do; the corpus has a share already"),
        ("b=0", "'b=0' will not do; a share is a number between 0 and 1"),
        ("b=1", "'b=1' will not do; a share is a number between 0 and 1"),
        ("b=nan", "'b=nan' will not do; a share is a number between 0 and 1"),
        ("b=much", "'b=much' will not do; a share is a number between 0 and 1"),
        ("b=0.5,c=0.5", "'b=0.5,c=0.5' will not do; shares make less than 1 together"),
        ("a=0.1,b=0.1,c=0.1", "shares make less than 1 together, and one corpus has none"),
    ],
)
def test_shares_that_will_not_do(shares: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        EpochSampler(NAMES, shares, 1)
    assert str(caught.value).startswith("setting train.shares: ")
    assert message in str(caught.value)


def test_a_corpus_alone_has_no_share() -> None:
    with pytest.raises(ConfigError, match=r"'a=0.5' will not do; there is but one"):
        parse_shares("a=0.5", [""])
