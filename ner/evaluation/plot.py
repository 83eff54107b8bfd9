"""Plots in plain SVG: panels of lines, dots and bars, and the picture of a training run.

The same figures give the same bytes.

Ink is the ``currentColor`` of the page that a plot stands in, and the grid a
light stroke of it: one plot is readable on a light page and on a dark one.
"""

import html
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.errors import escaped
from ner.files import write_text

INK = "currentColor"
# Colours that people with any colour vision tell apart (Okabe and Ito 2008).
ORANGE, SKY, GREEN, BLUE = "#e69f00", "#56b4e9", "#009e73", "#0072b2"
# Round an area, in pixels: room for the labels of ticks and axes, and for titles.
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 18, 34, 46
_LEGEND = 26
_MOST_TICKS = 7  # in either direction; more would touch


@dataclass(frozen=True, slots=True)
class Axis:
    """A direction of a panel: its ends, where ticks stand, and how values become places."""

    low: float
    high: float
    ticks: Sequence[float]
    label: str = ""
    scale: Callable[[float], float] = float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def share(self, value: float) -> float:
        """The relative position of a value on the axis, from 0 (the low end) to 1."""
        low, high, place = map(self.scale, (self.low, self.high, value))
        return (place - low) / (high - low)


def linear_axis(low: float, high: float, label: str = "", *, step: float = 0) -> Axis:
    """An axis with ticks at round numbers, multiples of at least `step`."""
    fine = 10 ** math.floor(math.log10((high - low) / _MOST_TICKS))
    step = max(step, next(fine * n for n in (1, 2, 5, 10) if fine * n * _MOST_TICKS >= high - low))
    numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
    return Axis(low, high, [step * number for number in numbers], label)


def logarithmic_axis(low: float, high: float, label: str = "") -> Axis:
    """An axis from `low` above 0 with ticks at powers of ten."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = math.ceil((last - first + 1) / _MOST_TICKS) or 1
    return Axis(low, high, [10.0**n for n in range(first, last + 1, every)], label, math.log10)


class Panel:
    """One pair of axes and the drawing between them; made by `Plot.panel`."""

    def __init__(self, place: tuple[float, float, float, float], x: Axis, y: Axis) -> None:
        self.left, self.top, self.right, self.bottom = place
        self.x, self.y = x, y
        self.parts: list[str] = []
        self.names: dict[str, str] = {}  # of lines: their colours
        self._draw_axes()

    def line(
        self,
        points: Iterable[tuple[float, float]],
        colour: str,
        name: str = "",
        *,
        width: float = 1.8,
        dotted: bool = False,
    ) -> None:
        """Join points by a line, which breaks where one is outside the axes."""
        path, pen = "", "M"
        for x, y in points:
            inside = x in self.x and y in self.y
            path += "{}{:.1f},{:.1f}".format(pen, *self._at(x, y)) if inside else ""
            pen = "L" if inside else "M"
        dots = ' stroke-dasharray="0.1 4"' if dotted else ""
        self._stroke(path, colour, f'stroke-width="{width}" stroke-linecap="round"{dots}')
        if name:
            self.names[name] = colour

    def dots(self, points: Iterable[tuple[float, float]], colour: str, radius: float = 3) -> None:
        """Draw a filled dot at each point."""
        for x, y in points:
            self.parts.append(_circle(self._at(x, y), radius, f'fill="{colour}"'))

    def ring(self, x: float, y: float, colour: str) -> None:
        """Draw a circle round a point."""
        shape = f'fill="none" stroke="{colour}" stroke-width="1.8"'
        self.parts.append(_circle(self._at(x, y), 6, shape))

    def bar(self, low: float, high: float, value: float, colour: str) -> None:
        """Draw a bar between two positions of the x axis, with its value above it."""
        (left, top), (right, bottom) = self._at(low, value), self._at(high, self.y.low)
        self.parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{bottom - top:.1f}" fill="{colour}"/>'
        )
        self._write(f"{value:,.10g}", (left + right) / 2, top - 4, "middle", size=11)

    def title(self, text: str, note: str = "", colour: str = INK) -> None:
        """Write a title above the panel at the left, and a note in a colour at the right."""
        self._write(text, self.left, self.top - 12, "start", more='font-weight="bold"')
        self._write(note, self.right, self.top - 12, "end", colour=colour)

    def _draw_axes(self) -> None:
        for tick in self.x.ticks:
            x, _ = self._at(tick, self.y.low)
            self._grid(f"M{x:.1f},{self.top:.1f}V{self.bottom:.1f}")
            self._write(f"{tick:,.10g}", x, self.bottom + 17, "middle")
        for tick in self.y.ticks:
            _, y = self._at(self.x.low, tick)
            self._grid(f"M{self.left:.1f},{y:.1f}H{self.right:.1f}")
            self._write(f"{tick:,.10g}", self.left - 7, y + 4, "end")
        frame = f"M{self.left:.1f},{self.top:.1f}V{self.bottom:.1f}H{self.right:.1f}"
        self._stroke(frame, INK, 'stroke-opacity="0.55"')
        self._write(self.x.label, (self.left + self.right) / 2, self.bottom + 36, "middle")
        x, y = self.left - 62, (self.top + self.bottom) / 2
        turned = f'transform="rotate(-90 {x:.1f} {y:.1f})"'
        self._write(self.y.label, x, y, "middle", more=turned)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across, up = self.x.share(x), self.y.share(y)
        return (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )

    def _grid(self, path: str) -> None:
        self._stroke(path, INK, 'stroke-opacity="0.15"')

    def _stroke(self, path: str, colour: str, more: str) -> None:
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" {more}/>')

    def _write(
        self, text: str, x: float, y: float, anchor: str, *,
        colour: str = INK, size: int = 13, more: str = "",
    ) -> None:  # fmt: skip
        if text:
            self.parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                f'font-size="{size}" {more}>{html.escape(escaped(text))}</text>'
            )


def _circle(place: tuple[float, float], radius: float, more: str) -> str:
    x, y = place
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" {more}/>'


class Plot:
    """Panels on an area of some pixels, and under them a legend of all lines with a name."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._panels: list[Panel] = []

    def panel(self, area: tuple[float, float, float, float], x: Axis, y: Axis) -> Panel:
        """Add a panel on an area: its left, top, right and bottom as shares of the whole."""
        left, right = area[0] * self.width + _LEFT, area[2] * self.width - _RIGHT
        top, bottom = area[1] * self.height + _TOP, area[3] * self.height - _BOTTOM
        self._panels.append(Panel((left, top, right, bottom), x, y))
        return self._panels[-1]

    def write(self, path: str | Path) -> None:
        """Write the plot as an SVG file, dark on white wherever it is shown.

        Raises `NerError` when the place cannot be written.
        """
        with write_text(path) as file:
            xml = 'xmlns="http://www.w3.org/2000/svg" color="#222222"'
            file.write(self._svg(xml, '<rect width="100%" height="100%" fill="#ffffff"/>\n'))

    def inline(self, label: str) -> str:
        """The plot as an ``<svg>`` element with `label` for screen readers."""
        return self._svg(f'role="img" aria-label="{html.escape(label)}"')

    def _svg(self, attributes: str, ground: str = "") -> str:
        parts = [part for panel in self._panels for part in panel.parts]
        height = self.height
        names = {name: colour for panel in self._panels for name, colour in panel.names.items()}
        if names:
            parts.append(_legend(names, self.width / 2, height + 12))
            height += _LEGEND
        body = "\n".join(parts)
        return (
            f'<svg {attributes} width="{self.width:g}" height="{height:g}" '
            f'viewBox="0 0 {self.width:g} {height:g}" font-family="system-ui, sans-serif">\n'
            f"{ground}{body}\n</svg>\n"
        )


def _legend(names: dict[str, str], x: float, y: float) -> str:
    entries = "".join(
        f'<tspan fill="{colour}" font-weight="bold" dx="16">— </tspan>{html.escape(escaped(name))}'
        for name, colour in names.items()
    )
    start = f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="{INK}" font-size="13">'
    return f"{start}{entries}</text>"


# --- a training run -------------------------------------------------------------------------------


def draw_curves(records: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Draw `plot_curves` as an SVG picture. Raises `NerError` when it cannot be written."""
    plot_curves(records).write(path)


def plot_curves(records: Sequence[Mapping[str, Any]]) -> Plot:
    """Plot the objects of ``metrics.jsonl``, one an epoch.

    Keys used: ``epoch``, ``loss``, ``valid_precision``, ``valid_recall``, ``valid_f1``. The same
    records give the same bytes.
    """
    plot = Plot(960, 384)
    epochs = [record["epoch"] for record in records] or [1]
    x = linear_axis(epochs[0] - 0.5, epochs[-1] + 0.5, "epoch", step=1)
    losses = [record["loss"] for record in records]
    left = plot.panel((0, 0, 0.5, 1), x, linear_axis(0, 1.05 * max(losses, default=0) or 1))
    left.title("training loss")
    _draw_line(left, epochs, losses, BLUE)
    lines = {
        name: [100 * record[f"valid_{name.lower()}"] for record in records]
        for name in ("precision", "recall", "F1")
    }
    values = [value for line in lines.values() for value in line] or [0]
    right = plot.panel((0.5, 0, 1, 1), x, linear_axis(min(values) - 1, max(values) + 1))
    for (name, line), colour in zip(lines.items(), (SKY, ORANGE, GREEN), strict=True):
        _draw_line(right, epochs, line, colour, name)
    _mark_best(right, epochs, lines["F1"])
    return plot


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
        panel.line([(epoch, panel.y.low), (epoch, panel.y.high)], GREEN, width=1, dotted=True)
        panel.ring(epoch, best, GREEN)
        note = f"best F1 {best:.2f} at epoch {epoch}"
    panel.title("validation scores (%)", note, GREEN)
