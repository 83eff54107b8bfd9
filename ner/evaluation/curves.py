"""The picture of a training run: loss and validation scores over the epochs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.evaluation.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Records = Sequence[Mapping[str, Any]]

# Colours that people with any colour vision tell apart (Okabe and Ito 2008).
LOSS, PRECISION, RECALL, F1 = "#0072b2", "#56b4e9", "#e69f00", "#009e73"


def draw_curves(records: Records, path: str | Path) -> None:
    """Draw the objects of ``metrics.jsonl``, one an epoch, as an SVG picture.

    Keys used: ``epoch``, ``loss``, ``valid_precision``, ``valid_recall``,
    ``valid_f1``. The same records give the same bytes. Raises `NerError` when
    `path` cannot be written.
    """
    write_picture(lambda: _figure(records), path)


def _figure(records: Records) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
    _draw_loss(left, records)
    _draw_scores(right, records)
    return figure


def _draw_loss(axes: "Axes", records: Records) -> None:
    axes.set_title("training loss")
    _draw_line(axes, records, "loss", LOSS, "loss")
    axes.set_ylim(bottom=0)


def _draw_scores(axes: "Axes", records: Records) -> None:
    axes.set_title("validation scores (%)")
    _draw_line(axes, records, "valid_precision", PRECISION, "precision", scale=100)
    _draw_line(axes, records, "valid_recall", RECALL, "recall", scale=100)
    _draw_line(axes, records, "valid_f1", F1, "F1", scale=100)
    if records:
        _mark_best(axes, records)
        axes.legend(loc="lower right")


def _draw_line(
    axes: "Axes", records: Records, key: str, colour: str, label: str, scale: float = 1
) -> None:
    epochs = [record["epoch"] for record in records]
    values = [scale * record[key] for record in records]
    axes.plot(epochs, values, color=colour, label=label, marker="o")


def _mark_best(axes: "Axes", records: Records) -> None:
    """Ring the epoch with the highest F1, the first of equals, and name it in the title."""
    best = max(records, key=lambda record: record["valid_f1"])
    epoch, f1 = best["epoch"], 100 * best["valid_f1"]
    axes.axvline(epoch, color=F1, linewidth=1, linestyle=":")
    axes.plot([epoch], [f1], "o", color=F1, markersize=9, fillstyle="none", markeredgewidth=1.8)
    axes.set_title(f"best F1 {f1:.2f} at epoch {epoch}", loc="right", weight="normal", color=F1)
