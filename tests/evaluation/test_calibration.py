import itertools
import json
import random
import statistics
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import NerError
from ner.evaluation.calibration import (
    BINS,
    Bin,
    Calibration,
    calibration_of,
    draw_calibration,
    format_calibration,
    measure_calibration,
)
from ner.text import Span

Marked = Sequence[tuple[float, bool]]

MARKED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40)
# Scores on the edges of bins, where it matters which side is which.
EDGES = st.lists(
    st.tuples(st.integers(0, BINS).map(lambda number: number / BINS), st.booleans()), max_size=40
)

PER, LOC = Span(0, 2, "PER"), Span(3, 4, "LOC")
BY_HAND = [(0.95, True), (0.92, True), (0.91, False), (0.62, True), (0.3, False)]


def by_definition(marked: Marked) -> float:
    """The error as Guo et al. (2017) write it, bin by bin, straight from the definition."""
    total = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        last = number == BINS - 1
        inside = [pair for pair in marked if low <= pair[0] and (pair[0] < high or last)]
        if inside:
            confidence = statistics.fmean(score for score, _ in inside)
            accuracy = statistics.fmean(right for _, right in inside)
            total += len(inside) / len(marked) * abs(accuracy - confidence)
    return total


# --- figures ------------------------------------------------------------------------------------


def test_a_case_done_by_hand() -> None:
    calibration = calibration_of(BY_HAND)
    filled = {each.low: each for each in calibration.bins if each.entities}
    assert filled == {
        0.3: Bin(0.3, 0.4, 1, 0.3, 0.0),
        0.6: Bin(0.6, 0.7, 1, 0.62, 1.0),
        0.9: Bin(0.9, 1.0, 3, filled[0.9].score, filled[0.9].precision),
    }
    assert (filled[0.9].score, filled[0.9].precision) == pytest.approx((2.78 / 3, 2 / 3))
    assert calibration.ece == pytest.approx((0.3 + 0.38 + (2.78 - 2)) / 5)
    assert (calibration.entities, calibration.precision) == (5, 0.6)
    assert calibration.score == pytest.approx(3.7 / 5)


@given(MARKED | EDGES)
def test_the_error_is_that_of_the_definition(marked: Marked) -> None:
    assert calibration_of(marked).ece == pytest.approx(by_definition(marked), abs=1e-9)


@given(MARKED | EDGES)
def test_every_entity_is_in_the_bin_of_its_score(marked: Marked) -> None:
    calibration = calibration_of(marked)
    assert sum(each.entities for each in calibration.bins) == len(marked) == calibration.entities
    assert [each.low for each in calibration.bins[1:]] == [e.high for e in calibration.bins[:-1]]
    for each in calibration.bins:
        if each.entities:
            assert each.low - 1e-12 <= each.score <= each.high
            assert 0 <= each.precision <= 1


@given(MARKED)
def test_bins_can_only_hide_error_in_the_large(marked: Marked) -> None:
    """The distances of the bins are at least that of the means of all: the triangle inequality."""
    calibration = calibration_of(marked)
    gap = abs(calibration.score - calibration.precision)
    assert gap - 1e-9 <= calibration.ece <= 1


@given(MARKED, st.randoms())
def test_order_does_not_matter(marked: list[tuple[float, bool]], chance: random.Random) -> None:
    mixed = marked.copy()
    chance.shuffle(mixed)
    assert calibration_of(mixed) == calibration_of(marked)


@pytest.mark.parametrize(("right", "error"), [(True, 0.0), (False, 1.0)])
def test_certainty_is_all_or_nothing(right: bool, error: float) -> None:
    assert calibration_of([(1.0, right)] * 7).ece == error


def test_scores_that_are_probabilities_have_a_small_error() -> None:
    """And the same scores of a tagger that is right less often have a large one."""
    chance = random.Random(1)
    scores = [chance.betavariate(4, 1) for _ in range(20_000)]
    honest = calibration_of((score, chance.random() < score) for score in scores)
    boastful = calibration_of((score, chance.random() < score / 2) for score in scores)
    assert honest.ece < 0.02
    assert boastful.ece == pytest.approx(0.4, abs=0.02)  # half of the mean score, 4/5
    covered = [
        each.interval[0] <= each.score <= each.interval[1]
        for each in honest.bins
        if each.entities > 30
    ]
    assert sum(covered) >= len(covered) - 1 > 5


def test_nothing_found_is_no_error() -> None:
    calibration = calibration_of([])
    assert (calibration.ece, calibration.entities) == (0.0, 0)
    assert {each.entities for each in calibration.bins} == {0}


@given(st.integers(1, 200), st.data())
def test_intervals_hold_the_share_and_solve_wilsons_equation(
    size: int, data: st.DataObject
) -> None:
    share = data.draw(st.integers(0, size)) / size
    low, high = Bin(0.0, 1.0, size, 0.5, share).interval
    assert -1e-9 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1 + 1e-9
    for bound in (low, high):  # 1.96 standard deviations of the bound lie between the two
        deviation = 1.96 * np.sqrt(max(bound * (1 - bound), 0.0) / size)
        assert abs(share - bound) == pytest.approx(deviation, abs=1e-6)


# --- spans --------------------------------------------------------------------------------------


def test_only_the_very_span_of_the_very_sentence_is_right() -> None:
    gold = [[PER, LOC], [LOC]]
    predicted = [
        ([PER, Span(3, 4, "ORG")], [1.0, 0.35]),  # right; wrong type
        ([PER, Span(3, 5, "LOC")], [0.25, 0.15]),  # of the other sentence; a token too long
    ]
    calibration = measure_calibration(gold, predicted)
    right = {each.low: each.precision for each in calibration.bins if each.entities}
    assert right == {0.9: 1.0, 0.3: 0.0, 0.2: 0.0, 0.1: 0.0}
    assert calibration.ece == pytest.approx((0.35 + 0.25 + 0.15) / 4)


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        measure_calibration([[PER], []], [([PER], [1.0])])
    with pytest.raises(ValueError, match="shorter"):
        measure_calibration([[PER]], [([PER], [])])


# --- text, JSON, picture ------------------------------------------------------------------------


def test_json_has_every_figure() -> None:
    calibration = calibration_of(BY_HAND)
    read = json.loads(json.dumps(calibration.to_dict()))
    bins = tuple(Bin(**each) for each in read.pop("bins"))
    assert Calibration(**read, bins=bins) == calibration


def test_table() -> None:
    lines = format_calibration(calibration_of(BY_HAND)).splitlines()
    assert lines[0] == "calibration: expected error 0.2920 over 5 entities"
    assert lines[2].split() == ["score", "entities", "mean", "score", "precision"]
    rows = [line.split() for line in lines[3:]]
    assert len(rows) == BINS + 1
    assert rows[0] == ["0.0", "to", "0.1", "0"]
    assert rows[9] == ["0.9", "to", "1.0", "3", "0.9267", "0.6667"]
    assert rows[-1] == ["all", "5", "0.7400", "0.6000"]


def test_picture_has_the_error_and_the_number_in_each_bin(tmp_path: Path) -> None:
    draw_calibration(calibration_of(BY_HAND * 17), tmp_path / "c.svg")
    texts = [text.strip() for text in ET.parse(tmp_path / "c.svg").getroot().itertext()]
    assert {"precision by score", "ECE 0.2920", "perfectly calibrated", "entities"} <= {*texts}
    assert (texts.count("17"), texts.count("51")) == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("marked", [[], [(1.0, True)], [(0.0, False)]], ids=["none", "1", "0"])
def test_few_entities_have_a_picture_and_a_table_too(marked: Marked, tmp_path: Path) -> None:
    calibration = calibration_of(marked)
    draw_calibration(calibration, tmp_path / "a.svg")
    draw_calibration(calibration, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert f" {len(marked)} entities" in format_calibration(calibration)


def test_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NerError, match="cannot be written"):
        draw_calibration(calibration_of(BY_HAND), tmp_path / "file" / "c.svg")


def test_figures_need_no_package() -> None:
    program = (
        "import sys; from ner.evaluation.calibration import calibration_of;"
        "assert calibration_of([(1.0, False)]).ece == 1.0;"
        "assert not {'seqeval', 'numpy', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_edges_are_exact() -> None:
    """A score of 0.3 is in the bin from 0.3 on, and so for all edges, though 3 · 0.1 > 0.3."""
    for number, right in itertools.product(range(BINS), (True, False)):
        [filled] = [b for b in calibration_of([(number / BINS, right)]).bins if b.entities]
        assert filled.low == number / BINS
