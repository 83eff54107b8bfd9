"""A page of gradient flow: plots, tables with a plain reading, and the figures as JSON."""

import html
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ner.config import chosen
from ner.errors import NerError, UsageError
from ner.evaluation import Axis, Plot, format_columns, linear_axis, logarithmic_axis
from ner.extensions.experiments.gradients.flow import EXPLODED, VANISHED, Curve, GradientFlow
from ner.files import check_writable, open_binary, write_text
from ner.markup import escaped
from ner.render import TABLES, html_table, page_head

# Colours that people with any colour vision tell apart (Okabe and Ito 2008).
COLOURS = {
    ("rnn", "h"): "#d55e00",
    ("gru", "h"): "#009e73",
    ("lstm", "h"): "#0072b2",
    ("lstm", "c"): "#56b4e9",
}
GROUPS = ("#e69f00", "#0072b2", "#009e73", "#cc79a7")
_DEPTH = 1e-12  # of the longest norm: what is shorter is not drawn, or it would press the rest flat

_STYLE = f"{TABLES} .bad {{ color: var(--bad); }}"
_BODY = """\
<h1>{title}</h1>
{body}
<script type="application/json" id="figures">
{figures}
</script>
</body>
</html>
"""

Table = Sequence[Sequence[str]]


def write_pages(flow: GradientFlow, out: Path) -> None:
    """Write the page, and the figures as JSON beside it, under the same name: both or none.

    Raises `NerError` when `out` cannot be written.
    """
    with write_text(figures_file(out)) as figures, write_text(out) as file:
        figures.write(json.dumps(flow.to_dict(), indent=2, ensure_ascii=False) + "\n")
        file.write(page(flow))


def figures_file(out: Path) -> Path:
    """The path of the figures of a page, once both can be written.

    Raises `UsageError` for a page that is itself the figures, a folder, or would have the figures
    take the place of another file, and `NerError` where nothing can be written.
    """
    beside = out.with_suffix(".json")
    if beside == out:
        raise UsageError(f"{out}: is where the figures go; name the page otherwise, as x.html")
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; name a file for the page")
    if os.path.lexists(beside) and not _is_figures(beside):
        raise UsageError(
            f"{beside}: is where the figures of {out.name} go, and holds something else; "
            "name the page otherwise"
        )
    for path in (out, beside):
        check_writable(path)
    return beside


def _is_figures(path: Path) -> bool:
    """True for the figures of an earlier page."""
    try:
        with open_binary(path) as file:
            known = json.load(file)
    except (NerError, OSError, ValueError, RecursionError):
        return False
    return isinstance(known, dict) and {"vanished_below", "exploded_above"} <= known.keys()


def page(flow: GradientFlow) -> str:
    """The page, which needs no other file."""
    # Within a script, only an end tag (or what looks like a comment) could be misread.
    figures = json.dumps(flow.to_dict(), ensure_ascii=False).replace("<", "\\u003c")
    title = f"Gradient flow: {flow.corpus}"
    head = page_head(
        title,
        _STYLE,
        light="--bad: #b3261e;",
        dark="--bad: #f2938c;",
        width="60rem",
        font="1rem/1.6 system-ui, sans-serif",
    )
    return head + _BODY.format(title=escaped(title), body="\n".join(_body(flow)), figures=figures)


def format_flow(flow: GradientFlow) -> str:
    """The tables as text, one below the other."""
    tables = (_readings(flow), _radii(flow), _trainings(flow))
    return "\n".join(
        format_columns(table, {number for number, name in enumerate(table[0]) if name in _TEXT})
        for table in tables
    )


def _body(flow: GradientFlow) -> Iterator[str]:
    train, model = flow.config.train, flow.config.model
    samples = ", ".join(f"{count} of {length} tokens" for length, count in flow.samples.items())
    yield _paragraph(
        "How long the gradient of the loss at the last token is, by the state of the recurrent "
        "layer after each token: means over sequences of consecutive training sentences "
        f"({samples}). One layer of {model.hidden} units that reads forward, and a softmax over "
        f"tags: as initialised (before), and after a training with {train.optimizer} at a learning "
        f"rate of up to {chosen(train.learning_rate):g} (after; epochs: {train.epochs}, seed: "
        f"{train.seed})."
    )
    yield _paragraph(
        f"A gradient vanishes where at the longest distance {VANISHED:g} or less of its norm at "
        f"the last token is left (ratio); it explodes where it is anywhere more than {EXPLODED:g} "
        "times as long as there; otherwise it reaches back. Half and thousandth: the first "
        "distance at which that much is left, or less; –: it never is."
    )
    yield _as_html(_readings(flow))
    for length in flow.lengths:
        yield f"<h2>Sequences of {length} tokens</h2>"
        label = f"Norm of the gradient against distance, {length} tokens"
        yield _plot_flow(flow, length).inline(label)
    yield "<h2>The recurrent matrix</h2>"
    yield _paragraph(
        "Its spectral radius, the largest modulus of an eigenvalue, gate by gate: without gates "
        "and squashing, a gradient would grow or shrink by about that factor with each token."
    )
    yield _as_html(_radii(flow))
    yield "<h2>Training</h2>"
    yield _paragraph(
        "Norm of the gradient of each group of parameters before it is clipped "
        f"(to {train.clip:g} for all together), means over windows of steps."
    )
    yield _as_html(_trainings(flow))
    yield _plot_trainings(flow).inline("Norms over the training")


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def _readings(flow: GradientFlow) -> Table:
    rows = [
        [cell.cell, curve.state, str(length), when, *_reading(curve)]
        for cell in flow.cells
        for length in flow.lengths
        for when, snapshot in cell.snapshots().items()
        for curve in snapshot.curves[length]
    ]
    return [["cell", "state", "tokens", "when", "ratio", "half", "thousandth", "reading"], *rows]


def _reading(curve: Curve) -> list[str]:
    distances = (curve.distance(0.5), curve.distance(VANISHED))
    shown = ["–" if distance is None else str(distance) for distance in distances]
    return [f"{curve.ratio:.1e}", *shown, curve.reading]


def _radii(flow: GradientFlow) -> Table:
    rows = [
        [cell.cell, gate, f"{before:.3f}", f"{cell.after.radii[gate]:.3f}"]
        for cell in flow.cells
        for gate, before in cell.before.radii.items()
    ]
    return [["cell", "gate", "before", "after"], *rows]


def _trainings(flow: GradientFlow) -> Table:
    rows = [
        [
            cell.cell,
            f"{cell.training[-1].last:,}",
            f"{100 * cell.clipped:.1f} %",
            f"{100 * cell.valid_f1:.2f}",
        ]
        for cell in flow.cells
    ]
    return [["cell", "steps", "clipped", "valid F1"], *rows]


_TEXT = {"cell", "state", "gate", "when", "reading"}  # columns that hold no numbers


def _as_html(table: Table) -> str:
    left = {number for number, name in enumerate(table[0]) if name in _TEXT}
    bad = ("vanishes", "explodes")
    return html_table(table, left, lambda row, column: "bad" * (table[row][column] in bad))


def _plot_flow(flow: GradientFlow, length: int) -> Plot:
    snapshots = [snapshot for cell in flow.cells for snapshot in cell.snapshots().values()]
    curves = [curve for snapshot in snapshots for curve in snapshot.curves[length]]
    x = linear_axis(0, max(length - 1, 1), "tokens before the last", step=1)
    y = _norm_axis([norm for curve in curves for norm in curve.norms])
    plot = Plot(960, 384)
    for side, when in enumerate(("before", "after")):
        panel = plot.panel((side / 2, 0, (side + 1) / 2, 1), x, y)
        panel.title(f"{when} training")
        for cell in flow.cells:
            for curve in cell.snapshots()[when].curves[length]:
                name = f"{cell.cell} {curve.state}" if cell.cell == "lstm" else cell.cell
                panel.line(enumerate(curve.norms), COLOURS[cell.cell, curve.state], name)
    return plot


def _plot_trainings(flow: GradientFlow) -> Plot:
    windows = [window for cell in flow.cells for window in cell.training]
    x = linear_axis(0, max(window.last for window in windows), "step", step=1)
    y = _norm_axis([norm for window in windows for norm in window.gradients.norms.values()])
    plot, width = Plot(960, 346), 1 / len(flow.cells)
    for number, cell in enumerate(flow.cells):
        panel = plot.panel((number * width, 0, (number + 1) * width, 1), x, y)
        panel.title(cell.cell)
        for group, colour in zip(cell.training[0].gradients.norms, GROUPS, strict=False):
            points = [
                ((window.first + window.last) / 2, window.gradients.norms[group])
                for window in cell.training
            ]
            panel.line(points, colour, group)
    return plot


def _norm_axis(norms: Sequence[float]) -> Axis:
    """A logarithmic axis for lengths of gradients, unless all are 0."""
    label, longest = "norm of the gradient", max(norms)
    if not longest:
        return linear_axis(0, 1, label)
    return logarithmic_axis(max(min(norms) / 2, _DEPTH * longest), 3 * longest, label)
