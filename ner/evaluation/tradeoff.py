"""The trade-off of precision for recall: scores over a range of values of one setting.

A *point* is a value of the setting with the scores that it leads to. Choose one
on the validation split: chosen on test, it no longer says how good the model is.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ner.evaluation.plot import GREEN, ORANGE, SKY, Plot, linear_axis
from ner.evaluation.scores import (
    CountedScores,
    ScoredSpans,
    Spans,
    count,
    score,
    score_head,
    score_row,
)

MIN_SCORES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
O_BIASES = tuple(half / 2 for half in range(-6, 7))


@dataclass(frozen=True, slots=True)
class Point:
    """The scores over all types at one value of a setting."""

    value: float
    scores: CountedScores

    @classmethod
    def of(cls, value: float, gold: Spans, predicted: Spans) -> Self:
        """Count predicted spans against those of the same sentences in `gold`."""
        report = score(count(gold, predicted))
        return cls(value, CountedScores.of(report.support, report.predicted, report.correct))

    def to_dict(self) -> dict[str, Any]:
        """The value and the scores as one flat JSON object."""
        return {"value": self.value, **dataclasses.asdict(self.scores)}


TradeOff = Mapping[str, Sequence[Point]]
"""Points by the name of the setting whose value they differ in."""


def min_score_points(
    gold: Spans,
    predicted: Sequence[ScoredSpans],
    values: Sequence[float] = MIN_SCORES,
) -> list[Point]:
    """The scores that are left when spans with a lower score than a value are dropped."""
    return [
        Point.of(
            value,
            gold,
            [[span for span, p in zip(*row, strict=True) if p >= value] for row in predicted],
        )
        for value in values
    ]


def format_trade_off(trade_off: TradeOff) -> str:
    """Points as aligned tables, one for each setting."""
    return "\n".join(_table(setting, points) for setting, points in trade_off.items())


def _table(setting: str, points: Sequence[Point]) -> str:
    rows = [score_row(f"{p.value:.2f}", 12, p.scores, p.scores.predicted) for p in points]
    return "\n".join([score_head(setting, 12, "predicted"), "", *rows]) + "\n"


def plot_trade_off(trade_off: TradeOff) -> Plot:
    """Plot precision, recall and F1 in percent over each setting, a panel each."""
    every = [point.scores for points in trade_off.values() for point in points]
    values = [100 * value for each in every for value in (each.precision, each.recall, each.f1)]
    y = linear_axis(min(values) - 1, max(values) + 1)
    plot, width = Plot(960, 384), 1 / len(trade_off)
    for number, (setting, points) in enumerate(trade_off.items()):
        x = linear_axis(points[0].value, points[-1].value, setting)
        panel = plot.panel((number * width, 0, (number + 1) * width, 1), x, y)
        panel.title("scores (%)")
        for name, colour in zip(("precision", "recall", "f1"), (SKY, ORANGE, GREEN), strict=True):
            line = [(point.value, 100 * getattr(point.scores, name)) for point in points]
            panel.line(line, colour, "F1" if name == "f1" else name)
            panel.dots(line, colour, 2.5)
    return plot
