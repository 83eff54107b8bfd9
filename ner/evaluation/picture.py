"""Pictures: one look, and the same bytes for the same figures."""

import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.files import write_binary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The background is white wherever the picture stands: it reads the same on a dark page.
STYLE: Any = {  # any: the stubs of matplotlib ask for a union of all its keys
    "svg.hashsalt": "ner",  # ids in the file do not change from run to run
    "svg.fonttype": "path",
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "lines.linewidth": 1.8,
    "lines.markersize": 3.5,
    "legend.framealpha": 1,
    "legend.edgecolor": "white",
}


def write_picture(draw: Callable[[], "Figure"], path: str | Path) -> None:
    """Write the figure that `draw` makes as an SVG picture, in our style.

    Raises `NerError` when `path` cannot be written.
    """
    with _style(STYLE):
        figure = draw()
        with write_binary(path) as file:
            figure.savefig(file, format="svg", metadata={"Date": None})


# Stand for what the page says, as matplotlib knows no such colours.
_INK, _RULE = "#010203", "#040506"
_ON_PAGE: Any = STYLE | {
    "svg.fonttype": "none",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _RULE,
    "legend.framealpha": 0,
}


def inline_picture(draw: Callable[[], "Figure"], label: str) -> str:
    """The figure that `draw` makes as an ``<svg>`` element labelled `label` for screen readers.

    It has no ground of its own; its ink is the ``currentColor`` of the page it
    stands in, and its grid the colour ``--rule``.
    """
    # Ids within the picture depend on the label, so that they are its own in a page of several.
    with _style(_ON_PAGE | {"svg.hashsalt": label}):
        file = io.StringIO()
        draw().savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor").replace(_RULE, "var(--rule)")
    svg = re.sub(r" <metadata>.*?</metadata>\n", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # numbers, the same in all pictures of a page
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(label)}"', 1)


@contextmanager
def _style(style: Any) -> Iterator[None]:
    """Draw in a style while the block runs; a user's matplotlibrc does not change it."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(style)
        yield
