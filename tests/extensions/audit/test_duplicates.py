"""Near duplicates: all pairs of them, no others, and what they say against a label."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.audit.duplicates import ALIKE, MOST, SHORTEST, Duplicates
from ner.extensions.audit.places import Place
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import sentence

LONG = "the third and final test between England and Pakistan at The"
ENGLAND = Span(6, 7, "LOC")


def place(number: int, labelled: Span | None, proposed: Span | None = None) -> Place:
    return Place(number, labelled, proposed, (0.1,), 0.0, 0.0)


def reason(sentences: list[Sentence], own: Place) -> str:
    return Duplicates(sentences, range(len(sentences))).reason(own)


def test_another_label_in_a_near_duplicate_is_told() -> None:
    other = sentence(f"{LONG} Oval", Span(6, 7, "ORG"), line=20)
    told = reason([sentence(LONG, ENGLAND), other], place(0, ENGLAND))
    assert told == (
        "1 of 1 near duplicates of the sentence are labelled otherwise, as x.conll:20: "
        "“England” ORG"
    )


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ((), "no entity"),
        ((Span(5, 7, "LOC"),), "“between England” LOC"),
        ((Span(6, 8, "ORG"),), "“England and” ORG"),
    ],
)
def test_none_and_another_border_are_told_too(there: tuple[Span, ...], told: str) -> None:
    both = [sentence(LONG, ENGLAND), sentence(LONG, *there, line=3)]
    assert reason(both, place(0, ENGLAND)).endswith(f"x.conll:3: {told}")


def test_the_same_label_says_nothing() -> None:
    assert reason([sentence(LONG, ENGLAND)] * 3, place(0, ENGLAND)) == ""


def test_an_entity_where_nothing_is_labelled() -> None:
    both = [sentence(LONG), sentence(LONG, ENGLAND, line=9), sentence(LONG, line=12)]
    told = reason(both, place(0, None, ENGLAND))
    assert told.startswith("1 of 2 near duplicates")
    assert told.endswith("x.conll:9: “England” LOC")
    assert reason(both, place(1, ENGLAND)).startswith("2 of 2 near duplicates")


def test_case_and_digits_do_not_matter() -> None:
    one = sentence("Paris beat Rome 3 - 1", Span(0, 1, "ORG"))
    other = sentence("PARIS beat ROME 2 - 0", Span(0, 1, "LOC"), line=4)
    assert "“PARIS” LOC" in reason([one, other], place(0, Span(0, 1, "ORG")))


def test_words_that_are_not_there_are_not_compared() -> None:
    """Of ten words one is another: what stands there says nothing of this one."""
    one = sentence("a b c d e f g h i Rome", Span(9, 10, "LOC"))
    other = sentence("a b c d e f g h i Bonn", Span(9, 10, "ORG"), line=4)
    assert reason([one, other], place(0, Span(9, 10, "LOC"))) == ""


def test_an_entity_that_is_torn_apart_is_not_compared() -> None:
    one = sentence("a b c d e f g h New York", Span(8, 10, "LOC"))
    other = sentence("a b c d e f g h New big York", Span(8, 11, "LOC"), line=4)
    assert reason([one, other], place(0, Span(8, 10, "LOC"))) == ""


def test_repeated_words_are_counted() -> None:
    bags = [sentence("no no no no no"), sentence("no yes", Span(0, 1, "X"))]
    assert reason(bags, place(0, None, Span(0, 1, "X"))) == ""


def test_short_sentences_and_those_that_are_not_judged_say_nothing() -> None:
    assert SHORTEST > 3
    short = [sentence("in Rome now", Span(1, 2, "LOC")), sentence("in Rome now", line=5)]
    assert reason(short, place(0, Span(1, 2, "LOC"))) == ""
    both = [sentence(LONG, ENGLAND), sentence(LONG, line=5)]
    assert Duplicates(both, [0]).reason(place(0, ENGLAND)) == ""


def test_of_many_the_closest_are_looked_at() -> None:
    far = [sentence(LONG, line=100)] * MOST
    near = [sentence(LONG, ENGLAND, line=number) for number in range(MOST)]
    assert reason([*far, *near, sentence(LONG, ENGLAND)], place(2 * MOST, ENGLAND)) == ""
    told = reason([*far, sentence(LONG, ENGLAND), *near], place(MOST, ENGLAND))
    assert told.startswith(f"{MOST // 2} of {MOST} near duplicates")


def test_a_label_that_most_agree_with_is_not_contradicted() -> None:
    right, wrong = sentence(LONG, ENGLAND), sentence(LONG, line=100)
    assert reason([right, right, wrong], place(0, ENGLAND)).startswith("1 of 2")
    assert reason([right, right, right, wrong], place(0, ENGLAND)) == ""
    assert reason([right, right, right, wrong], place(3, None, ENGLAND)).startswith("3 of 3")


def jaccard(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    common = sum(min(one.count(word), other.count(word)) for word in {*one})
    return common / (len(one) + len(other) - common)


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=4, max_size=12), max_size=8))
def test_no_pair_is_missed_and_none_invented(texts: list[list[str]]) -> None:
    """Each sentence alone labels its first word: whoever has it as a neighbour contradicts."""
    for one, other in combinations(map(tuple, texts), 2):
        both = [Sentence((*one, "Rome")), Sentence((*other, "Rome"), source="y", line=7)]
        there = Sentence(both[1].tokens, (Span(len(other), len(other) + 1, "LOC"),), source="y")
        told = reason([both[0], there], place(0, None, Span(len(one), len(one) + 1, "LOC")))
        assert bool(told) == (jaccard((*one, "Rome"), (*other, "Rome")) >= ALIKE)


@given(st.lists(st.lists(st.sampled_from("ab1"), min_size=1, max_size=6), min_size=1, max_size=30))
def test_any_sentences_will_do(texts: list[list[str]]) -> None:
    sentences = [Sentence(tuple(text)) for text in texts]
    found = Duplicates(sentences, range(len(sentences)))
    for number, text in enumerate(texts):
        for start in range(len(text)):
            assert found.reason(place(number, None, Span(start, start + 1, "X"))) == ""
