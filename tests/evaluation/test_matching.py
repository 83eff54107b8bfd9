"""Matching: each entity counted once, by a brute-force oracle too."""

from collections import Counter

import pytest
from hypothesis import given

from ner.evaluation.matching import CORRECT, Match, match_entities
from ner.text import Span
from tests.evaluation.rows import Row, rows


def _kinds(gold: Row, predicted: Row) -> list[str]:
    return [match.kind for match in match_entities(gold, predicted)]


PER = Span(2, 4, "PER")


@pytest.mark.parametrize(
    ("predicted", "kinds"),
    [
        ([PER], [CORRECT]),
        ([Span(2, 4, "LOC")], ["type"]),
        ([Span(2, 3, "PER")], ["boundary"]),
        ([Span(1, 5, "PER")], ["boundary"]),
        ([Span(3, 5, "LOC")], ["boundary and type"]),
        ([], ["missed"]),
        ([Span(4, 5, "PER")], ["missed", "spurious"]),
        ([Span(2, 3, "PER"), Span(3, 4, "PER")], ["boundary", "spurious"]),
        # The right type comes first, even where the other one covers more.
        ([Span(0, 3, "PER"), Span(3, 9, "LOC")], ["boundary", "spurious"]),
        ([Span(0, 3, "LOC"), Span(3, 9, "PER")], ["spurious", "boundary"]),
    ],
)
def test_one_entity_against_some(predicted: Row, kinds: list[str]) -> None:
    assert _kinds([PER], predicted) == kinds


def test_the_larger_overlap_comes_first() -> None:
    gold = [Span(0, 2, "PER"), Span(2, 6, "PER")]
    assert match_entities(gold, [Span(1, 5, "PER")], [0.5]) == [
        Match("missed", gold[0], None, None),
        Match("boundary", gold[1], Span(1, 5, "PER"), 0.5),
    ]
    assert match_entities([Span(1, 5, "PER")], gold, [0.1, 0.2])[1].score == 0.2


@given(rows(), rows())
def test_every_entity_counts_once_and_kinds_are_as_stated(gold: Row, predicted: Row) -> None:
    matches = match_entities(gold, predicted)
    assert Counter(m.gold for m in matches if m.gold) == Counter(gold)
    assert Counter(m.predicted for m in matches if m.predicted) == Counter(predicted)
    for kind, one, other, _ in matches:
        if one is None or other is None:
            assert kind == ("missed" if one else "spurious")
            continue
        assert max(one.start, other.start) < min(one.end, other.end)
        ends = (one.start, one.end) == (other.start, other.end)
        wanted = {(True, True): CORRECT, (True, False): "type", (False, True): "boundary"}
        assert kind == wanted.get((ends, one.label == other.label), "boundary and type")
    # Nothing is left alone that could still be matched.
    for missed in (m.gold for m in matches if m.kind == "missed"):
        for spurious in (m.predicted for m in matches if m.kind == "spurious"):
            assert missed
            assert spurious
            assert missed.end <= spurious.start or spurious.end <= missed.start
