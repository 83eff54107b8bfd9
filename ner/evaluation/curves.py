"""The picture of a training run: loss and validation scores over the epochs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ner.evaluation.plot import Panel, Plot, linear_axis

Records = Sequence[Mapping[str, Any]]

# Colours that people with any colour vision tell apart (Okabe and Ito 2008).
LOSS, PRECISION, RECALL, F1 = "#0072b2", "#56b4e9", "#e69f00", "#009e73"


def draw_curves(records: Records, path: str | Path) -> None:
    """Draw the objects of ``metrics.jsonl``, one an epoch, as an SVG picture.

    Keys used: ``epoch``, ``loss``, ``valid_precision``, ``valid_recall``, ``valid_f1``. The same
    records give the same bytes. Raises `NerError` when `path` cannot be written.
    """
    plot = Plot(960, 384)
    epochs = [record["epoch"] for record in records] or [1]
    x = linear_axis(epochs[0] - 0.5, epochs[-1] + 0.5, "epoch", step=1)
    losses = [record["loss"] for record in records]
    left = plot.panel((0, 0, 0.5, 1), x, linear_axis(0, 1.05 * max(losses, default=0) or 1))
    left.title("training loss")
    _draw_line(left, epochs, losses, LOSS)
    lines = {
        name: [100 * record[f"valid_{name.lower()}"] for record in records]
        for name in ("precision", "recall", "F1")
    }
    values = [value for line in lines.values() for value in line] or [0]
    right = plot.panel((0.5, 0, 1, 1), x, linear_axis(min(values) - 1, max(values) + 1))
    for (name, line), colour in zip(lines.items(), (PRECISION, RECALL, F1), strict=True):
        _draw_line(right, epochs, line, colour, name)
    _mark_best(right, epochs, lines["F1"])
    plot.write(path)


def _draw_line(
    panel: Panel, epochs: Sequence[int], values: Sequence[float], colour: str, name: str = ""
) -> None:
    points = [*zip(epochs, values, strict=False)]
    panel.line(points, colour, name)
    panel.dots(points, colour)


def _mark_best(panel: Panel, epochs: Sequence[int], scores: Sequence[float]) -> None:
    """Ring the epoch with the highest F1, the first of equals, and name it at the right."""
    note = ""
    if scores:
        best = max(scores)
        epoch = epochs[scores.index(best)]
        panel.line([(epoch, panel.y.low), (epoch, panel.y.high)], F1, width=1, dotted=True)
        panel.ring(epoch, best, F1)
        note = f"best F1 {best:.2f} at epoch {epoch}"
    panel.title("validation scores (%)", note, F1)
