import itertools
import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.scores import CountedScores, count, score
from ner.evaluation.tradeoff import (
    MIN_SCORES,
    O_BIASES,
    Point,
    format_trade_off,
    min_score_points,
    plot_trade_off,
)
from ner.text import Span

PER, LOC, ORG = Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(4, 5, "ORG")
GOLD = [[PER, LOC], [PER], []]
PREDICTED = [([PER, ORG], [0.95, 0.4]), ([LOC], [0.4]), ([ORG], [0.2])]

SENTENCES = st.lists(
    st.lists(
        st.tuples(st.sampled_from([PER, LOC, ORG]), st.booleans(), st.floats(0, 1)),
        max_size=3,
        unique_by=lambda each: each[0],
    ),
    max_size=6,
)


def test_points_done_by_hand() -> None:
    points = min_score_points(GOLD, PREDICTED, [0.0, 0.3, 0.4, 0.5, 0.99])
    assert [point.value for point in points] == [0.0, 0.3, 0.4, 0.5, 0.99]
    assert [point.scores for point in points] == [
        CountedScores.of(3, predicted, correct)
        for predicted, correct in [(4, 1), (3, 1), (3, 1), (1, 1), (0, 0)]
    ]


def test_the_ranges_of_values() -> None:
    assert MIN_SCORES == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
    assert O_BIASES[0] == -3
    assert O_BIASES[-1] == 3
    assert 0.0 in O_BIASES
    assert list(O_BIASES) == sorted(set(O_BIASES))


@given(SENTENCES)
def test_a_higher_least_score_never_finds_more(
    sentences: list[list[tuple[Span, bool, float]]],
) -> None:
    """And with none, all is as the report has it."""
    gold = [[span for span, right, _ in each if right] for each in sentences]
    predicted = [([span for span, _, _ in each], [p for _, _, p in each]) for each in sentences]
    points = min_score_points(gold, predicted)
    report = score(count(gold, [spans for spans, _ in predicted]))
    assert points[0].scores == CountedScores.of(report.support, report.predicted, report.correct)
    for before, after in itertools.pairwise(points):
        assert after.scores.predicted <= before.scores.predicted
        assert after.scores.recall <= before.scores.recall
        assert after.scores.support == before.scores.support


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        min_score_points(GOLD, PREDICTED[:2])


def test_json() -> None:
    point = Point.of(0.5, GOLD, [[PER], [], []])
    assert json.loads(json.dumps(point.to_dict())) == {
        "value": 0.5,
        "precision": 1.0,
        "recall": 1 / 3,
        "f1": 0.5,
        "support": 3,
        "predicted": 1,
        "correct": 1,
    }


def test_tables() -> None:
    points = min_score_points(GOLD, PREDICTED, [0.0, 0.5])
    text = format_trade_off({"min_score": points, "o_bias": points[:1]})
    assert [line.split() for line in text.splitlines()] == [
        ["min_score", "precision", "recall", "f1-score", "predicted"],
        [],
        ["0.00", "25.00", "33.33", "28.57", "4"],
        ["0.50", "100.00", "33.33", "50.00", "1"],
        [],
        ["o_bias", "precision", "recall", "f1-score", "predicted"],
        [],
        ["0.00", "25.00", "33.33", "28.57", "4"],
    ]


def test_the_plot_has_a_panel_for_each_setting() -> None:
    by_score = min_score_points(GOLD, PREDICTED)
    by_bias = [Point.of(bias, GOLD, [[PER], [], []]) for bias in O_BIASES]
    svg = plot_trade_off({"min_score": by_score, "o_bias": by_bias}).inline("<both>")
    root = ET.fromstring(svg)
    assert root.get("aria-label") == "<both>"
    texts = [text.strip() for text in root.itertext() if text.strip()]
    assert {"min_score", "o_bias", "precision", "recall", "F1"} <= {*texts}
    circles = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(circles) == 3 * (len(MIN_SCORES) + len(O_BIASES))


def test_the_plot_of_nothing_found_stands_on_zero() -> None:
    nothing = [Point.of(bias, [[]], [[]]) for bias in O_BIASES]
    ET.fromstring(plot_trade_off({"o_bias": nothing}).inline("none"))
