"""Pictures that stand in a page."""

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import matplotlib
from matplotlib.figure import Figure

from ner.evaluation.picture import inline_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw() -> Figure:
    figure = Figure()
    axes: Axes = figure.subplots()
    axes.plot([1, 2], [3, 4], color="#d55e00", label="a < b")
    axes.legend()
    return figure


def test_it_has_the_colours_of_the_page_and_no_ground() -> None:
    picture = inline_picture(draw, 'says "what"')
    root = ET.fromstring(picture)
    assert root.tag.endswith("svg")
    assert root.attrib["aria-label"] == 'says "what"'
    assert "a < b" in [text for text in root.itertext() if text.strip()]
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", picture))
    assert colours <= {"none", "currentColor", "var(--rule)", "#d55e00"}
    assert {"currentColor", "var(--rule)", "#d55e00"} <= colours


def test_pictures_of_a_page_have_no_id_in_common() -> None:
    ids = [re.findall(r'\bid="([^"]+)"', inline_picture(draw, label)) for label in ("one", "other")]
    assert all(ids)
    assert not {*ids[0]} & {*ids[1]}


def test_the_same_figure_gives_the_same_text() -> None:
    first = inline_picture(draw, "x")
    with matplotlib.rc_context({"lines.linewidth": 9}):
        assert inline_picture(draw, "x") == first
