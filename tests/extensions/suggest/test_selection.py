"""The choice of sentences that together teach most."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.suggest.doubt import Doubt
from ner.extensions.suggest.selection import choose

words = st.sampled_from(["a", "b", "c", "d", "E", "e"])
sentences = st.lists(st.lists(words, min_size=1, max_size=5), min_size=1, max_size=8)


def doubt(*tokens: float) -> Doubt:
    return Doubt(sum(tokens), 0.0, np.array(tokens))


def same_doubt(tokens: list[str]) -> Doubt:
    return doubt(*[1.0] * len(tokens))


def numbers(texts: list[str], doubts: list[Doubt], count: int) -> list[int]:
    return [choice.number for choice in choose([t.split() for t in texts], doubts, count)]


def test_the_sentence_of_most_doubt_comes_first() -> None:
    assert numbers(["a b", "c d", "e f"], [doubt(0, 1), doubt(2, 1), doubt(0, 2)], 2) == [1, 2]


def test_a_near_copy_waits_for_something_else() -> None:
    """Although the model is in more doubt of it."""
    texts = ["Acme bought Hendrix .", "Acme bought Hendrix !", "Berta met Dora ."]
    doubts = [doubt(3, 0, 3, 0), doubt(3, 0, 2.9, 0), doubt(2, 0, 2, 0)]
    assert numbers(texts, doubts, 3) == [0, 2, 1]


def test_ten_copies_of_one_line_do_not_fill_the_first_places() -> None:
    texts = [*["Acme bought Hendrix"] * 10, *(f"word{n} and other{n}" for n in range(5))]
    doubts = [doubt(2, 1, 2)] * 10 + [doubt(1, 0.5, 1)] * 5
    assert sum(number < 10 for number in numbers(texts, doubts, 5)) <= 4


def test_words_that_stand_for_much_of_the_text_come_first() -> None:
    texts = ["rare1 rare2", "Acme", "Acme sold", "Acme lost"]
    doubts = [doubt(0.5, 0.5), doubt(1.0), doubt(0, 0), doubt(0, 0)]
    assert numbers(texts, doubts, 1) == [1]


def test_case_does_not_make_another_word() -> None:
    texts = ["ACME x", "acme y", "other z"]
    assert numbers(texts, [doubt(2, 0), doubt(1.9, 0), doubt(1.9, 0)], 2) == [0, 2]


def test_equals_come_in_their_order() -> None:
    texts = ["a1", "a2", "a3", "a4"]
    assert numbers(texts, [doubt(1.0)] * 4, 4) == [0, 1, 2, 3]


def test_no_sentence_no_choice() -> None:
    assert choose([], [], 3) == []


@given(sentences, st.integers(1, 10))
def test_each_is_chosen_once_and_gains_never_rise(texts: list[list[str]], count: int) -> None:
    chosen = choose(texts, list(map(same_doubt, texts)), count)
    assert len({choice.number for choice in chosen}) == len(chosen) == min(count, len(texts))
    for one, other in itertools.pairwise(chosen):
        assert one.gain >= other.gain - 1e-12


@given(sentences, st.integers(1, 8), st.integers(1, 8))
def test_fewer_are_the_first_of_more(texts: list[list[str]], one: int, other: int) -> None:
    doubts = list(map(same_doubt, texts))
    few, many = sorted([one, other])
    assert choose(texts, doubts, many)[:few] == choose(texts, doubts, few)


def worth_behind(text: list[str], chosen: list[list[str]], pool: list[list[str]]) -> float:
    """The gain of a sentence whose tokens are in a doubt of 1 each, as the guide tells it."""
    words = [word.lower() for word in text]
    frequency = Counter(word.lower() for each in pool for word in each)
    seen: Counter[object] = Counter()
    for each in chosen:
        lower = [word.lower() for word in each]
        seen.update([*lower, *itertools.pairwise(["", *lower, ""])])
    beside = list(itertools.pairwise(["", *words, ""]))
    worth = [
        frequency[word] ** 0.5 * 0.8 ** seen[word] * 0.7 ** (seen[before] + seen[behind])
        for word, before, behind in zip(words, beside, beside[1:], strict=False)
    ]
    return float(sum(worth))


@given(sentences)
def test_the_lazy_choice_is_the_greedy_one(texts: list[list[str]]) -> None:
    """At each step none of the rest would bring more."""
    chosen = choose(texts, list(map(same_doubt, texts)), len(texts))
    before: list[list[str]] = []
    for place, choice in enumerate(chosen):
        rest = [texts[other.number] for other in chosen[place:]]
        gains = [worth_behind(text, before, texts) for text in rest]
        assert choice.gain == pytest.approx(gains[0])
        assert gains[0] == pytest.approx(max(gains))
        before.append(rest[0])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_without_any_doubt_there_are_still_as_many(count: int) -> None:
    chosen = choose([["a"], ["b"], ["c"]], [doubt(0.0)] * 3, count)
    assert [choice.number for choice in chosen] == list(range(count))
    assert {choice.gain for choice in chosen} == {0.0}
