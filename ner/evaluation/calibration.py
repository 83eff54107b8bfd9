"""Calibration: whether entities with a score of 0.9 are right nine times in ten.

Predicted entities are put into bins of equal width by their score. In each bin the mean score
stands against the precision: the share of entities that are exactly right, in tokens and type. The
*expected calibration error* (ECE) is the mean distance of the two, weighted by entities (Naeini,
Cooper and Hauskrecht 2015; Guo, Pleiss, Sun and Weinberger 2017, who draw the same figures as a
reliability diagram). Its value depends on the bins: figures compare only where they are the same.
"""

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.evaluation.plot import BLUE, Axis, Panel, Plot, linear_axis
from ner.evaluation.scores import ScoredSpans, Spans

BINS = 10
PERFECT, MEASURED = "#888888", BLUE
Z95 = 1.96  # standard deviations to either side that hold 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class Bin:
    """Entities with a score in ``[low, high)``; the last bin holds a score of 1 as well.

    `score` is the mean of their scores, `precision` the share that is right;
    both are 0 where there is no entity.
    """

    low: float
    high: float
    entities: int
    score: float
    precision: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the true precision (Wilson 1927)."""
        n, p = max(self.entities, 1), self.precision
        middle = p + Z95**2 / (2 * n)
        reach = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
        return (middle - reach) / (1 + Z95**2 / n), (middle + reach) / (1 + Z95**2 / n)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error, what it follows from, and the same over all entities."""

    ece: float
    entities: int
    score: float
    precision: float
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON object with the names of the attributes as keys."""
        return dataclasses.asdict(self)


def measure_calibration(gold: Spans, predicted: Iterable[ScoredSpans]) -> Calibration:
    """Measure the calibration of scores against the gold spans of the same sentences.

    Each sentence of `predicted` is its spans and their scores, from 0 to 1. Without any span
    everything is 0. Raises `ValueError` when one row of sentences is longer than the other.
    """
    return calibration_of(
        (score, span in wanted)
        for wanted, (spans, scores) in zip(gold, predicted, strict=True)
        for span, score in zip(spans, scores, strict=True)
    )


def calibration_of(marked: Iterable[tuple[float, bool]]) -> Calibration:
    """The calibration of scores from 0 to 1, each with True if its entity is right."""
    edges = [number / BINS for number in range(BINS + 1)]
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in marked:
        groups[bisect_right(edges, score, hi=BINS) - 1].append((score, right))
    bins = tuple(map(_bin, edges, edges[1:], groups))
    whole = _bin(0.0, 1.0, [pair for group in groups for pair in group])
    distance = math.fsum(each.entities * abs(each.score - each.precision) for each in bins)
    ece = distance / max(whole.entities, 1)
    return Calibration(ece, whole.entities, whole.score, whole.precision, bins)


def _bin(low: float, high: float, group: Sequence[tuple[float, bool]]) -> Bin:
    size = max(len(group), 1)
    score = math.fsum(score for score, _ in group) / size
    return Bin(low, high, len(group), score, sum(right for _, right in group) / size)


def format_calibration(calibration: Calibration) -> str:
    """The figures as a line about all entities and an aligned table of the bins that have any."""
    lines = [
        f"calibration: expected error {calibration.ece:.4f} over {calibration.entities} entities",
        "",
        f"{'score':>12} {'entities':>9} {'mean score':>11} {'precision':>10}",
        *(_row(f"{part.low:.1f} to {part.high:.1f}", part) for part in calibration.bins),
        _row("all", calibration),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, part: Bin | Calibration) -> str:
    figures = f"{part.score:>11.4f} {part.precision:>10.4f}" if part.entities else ""
    return f"{name:>12} {part.entities:>9} {figures}".rstrip()


def draw_calibration(calibration: Calibration, path: str | Path) -> None:
    """Draw `plot_calibration` as an SVG picture. Raises `NerError` when it cannot be written."""
    plot_calibration(calibration).write(path)


def plot_calibration(calibration: Calibration) -> Plot:
    """Plot a reliability diagram: precision by score, and entities by score.

    Bars at the points are 95 % confidence intervals. The same figures give the same bytes.
    """
    plot = Plot(560, 640)
    x = Axis(0, 1, [number / BINS for number in range(BINS + 1)], "score")
    upper = plot.panel((0, 0, 1, 0.68), x, linear_axis(0, 1))
    upper.title("precision by score", f"ECE {calibration.ece:.4f}", MEASURED)
    _draw_reliability(upper, calibration)
    most = max(1, *(each.entities for each in calibration.bins))
    tens = [10**power for power in range(len(str(most)))]
    # Logarithmic: most scores are high. With room for the numbers above the bars.
    lower = plot.panel((0, 0.68, 1, 1), x, Axis(0, 3 * most, tens, scale=math.log1p))
    lower.title("entities")
    for each in calibration.bins:
        lower.bar(each.low + 0.1 / BINS, each.high - 0.1 / BINS, each.entities, MEASURED)
    return plot


def _draw_reliability(panel: Panel, calibration: Calibration) -> None:
    """Mean score against precision, one point a bin; on the diagonal all is well."""
    panel.line([(0, 0), (1, 1)], PERFECT, "perfectly calibrated", dotted=True)
    bins = [each for each in calibration.bins if each.entities]
    points = [(each.score, each.precision) for each in bins]
    panel.line(points, MEASURED, "entities found")
    panel.dots(points, MEASURED, 4)
    for each in bins:
        reach = [(each.score, min(max(end, 0.0), 1.0)) for end in each.interval]
        panel.line(reach, MEASURED, width=1)
