"""Pictures: one look, and the same bytes for the same figures."""

from collections.abc import Callable
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

    Raises `NerError` when the place cannot be written.
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # a user's matplotlibrc does not change the picture
        matplotlib.rcParams.update(STYLE)
        figure = draw()
        with write_binary(path) as file:
            figure.savefig(file, format="svg", metadata={"Date": None})
