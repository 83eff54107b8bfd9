"""Plans: every sentence once, within bounds."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ner.features import plan_batches

lengths_of_corpora = st.lists(st.integers(1, 30) | st.integers(1, 200), max_size=80)


@given(lengths_of_corpora, st.integers(1, 9), st.integers(1, 100), st.none() | st.integers(0, 99))
def test_every_sentence_is_in_one_batch_within_the_bounds(
    lengths: list[int], sentences: int, tokens: int, seed: int | None
) -> None:
    rng = None if seed is None else np.random.default_rng(seed)
    batches = plan_batches(lengths, most_sentences=sentences, most_tokens=tokens, rng=rng)
    assert sorted(itertools.chain(*batches)) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= sentences
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= tokens


@given(lengths_of_corpora, st.integers(1, 9), st.integers(1, 100), st.integers(0, 99))
def test_full_batches_of_each_length_are_never_padded(
    lengths: list[int], sentences: int, tokens: int, seed: int
) -> None:
    batches = plan_batches(
        lengths,
        most_sentences=sentences,
        most_tokens=tokens,
        rng=np.random.default_rng(seed),
    )
    for length in set(lengths):
        size = max(1, min(sentences, tokens // length))
        pure = [b for b in batches if {lengths[i] for i in b} == {length} and len(b) == size]
        assert len(pure) >= lengths.count(length) // size


@given(lengths_of_corpora, st.integers(1, 9), st.integers(1, 100), st.integers(0, 99))
def test_a_plan_is_the_same_for_the_same_seed_and_as_long_for_any(
    lengths: list[int], sentences: int, tokens: int, seed: int
) -> None:
    def plan(rng: np.random.Generator | None) -> list[list[int]]:
        return plan_batches(lengths, most_sentences=sentences, most_tokens=tokens, rng=rng)

    one = plan(np.random.default_rng(seed))
    assert one == plan(np.random.default_rng(seed))
    assert plan(None) == plan(None)
    assert len(one) == len(plan(None)) == len(plan(np.random.default_rng(seed + 1)))


def test_a_random_plan_changes_members_and_order() -> None:
    lengths = [3] * 40 + [4] * 40
    plans = [
        plan_batches(lengths, most_sentences=4, most_tokens=100, rng=np.random.default_rng(seed))
        for seed in range(2)
    ]
    members = [{frozenset(batch) for batch in plan} for plan in plans]
    assert members[0] != members[1]
    orders = [[lengths[batch[0]] for batch in plan] for plan in plans]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_without_chance_batches_come_by_length_and_in_the_order_given() -> None:
    plan = plan_batches([2, 1, 2, 1, 2], most_sentences=2, most_tokens=100)
    assert plan == [[1, 3], [0, 2], [4]]


def test_leftovers_of_each_length_join_their_neighbours() -> None:
    plan = plan_batches([5, 1, 3, 2, 4], most_sentences=3, most_tokens=9)
    assert plan == [[0], [1, 3, 2], [4]]  # two sentences of 5 tokens never fit: 0 is full


def test_nothing_to_plan() -> None:
    assert plan_batches([], most_sentences=4, most_tokens=9) == []
    assert plan_batches([], most_sentences=4, most_tokens=9, rng=np.random.default_rng(1)) == []
