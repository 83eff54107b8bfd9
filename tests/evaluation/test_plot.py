"""Plots: where things come to stand, and how they look in a page and in a file."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import NerError
from ner.evaluation.plot import Axis, Panel, Plot, draw_curves, linear_axis, logarithmic_axis

ORANGE = "#d55e00"


def drawn() -> Plot:
    plot = Plot(400, 300)
    panel = plot.panel((0, 0, 1, 1), linear_axis(1, 2, "across"), linear_axis(0, 5, "up"))
    panel.title("a title", "a note", ORANGE)
    panel.line([(1, 3), (2, 4)], ORANGE, "a < b")
    panel.dots([(1, 3)], ORANGE)
    panel.ring(2, 4, ORANGE)
    panel.bar(1.2, 1.4, 2, ORANGE)
    return plot


def bare(x: Axis, y: Axis) -> Panel:
    """A panel of 100 by 100 pixels without anything in it."""
    panel = Panel((0, 0, 100, 100), x, y)
    panel.parts.clear()
    return panel


# --- axes ---------------------------------------------------------------------------------------


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6))
def test_linear_ticks_are_few_round_and_within_the_ends(low: float, width: float) -> None:
    axis = linear_axis(low, low + width)
    steps = {round(b - a, 9) for a, b in zip(axis.ticks, axis.ticks[1:], strict=False)}
    assert 2 <= len(axis.ticks) <= 8
    assert len({f"{step:.3g}" for step in steps}) == 1
    assert f"{steps.pop():.0e}"[0] in "125"
    assert all(low - 1e-6 <= tick <= low + width + 1e-6 for tick in axis.ticks)


def test_whole_steps_have_whole_ticks() -> None:
    assert linear_axis(0.5, 1.5, step=1).ticks == [1]
    assert linear_axis(0.5, 4.5, step=1).ticks == [1, 2, 3, 4]
    assert linear_axis(0.5, 20.5, step=1).ticks == [5, 10, 15, 20]


def test_logarithmic_ticks_are_powers_of_ten() -> None:
    assert logarithmic_axis(0.05, 300).ticks == [0.1, 1, 10, 100]
    assert logarithmic_axis(2, 3).ticks == []
    many = logarithmic_axis(1e-12, 1)
    assert [f"{tick:g}" for tick in many.ticks[:2]] == ["1e-12", "1e-10"]
    assert len(many.ticks) <= 7


def test_values_have_their_share_of_an_axis() -> None:
    assert [linear_axis(2, 6).share(value) for value in (2, 3, 6)] == [0, 0.25, 1]
    assert logarithmic_axis(0.01, 100).share(1) == pytest.approx(0.5)
    assert 6 in linear_axis(2, 6)
    assert 6.1 not in linear_axis(2, 6)


# --- what is drawn ------------------------------------------------------------------------------


def test_the_low_ends_meet_at_the_bottom_left() -> None:
    panel = bare(linear_axis(0, 10), linear_axis(0, 10))
    panel.line([(0, 0), (5, 10)], ORANGE)
    assert 'd="M0.0,100.0L50.0,0.0"' in panel.parts[0]


def test_a_line_breaks_where_it_leaves_the_axes() -> None:
    panel = bare(linear_axis(0, 4), logarithmic_axis(0.01, 1))
    panel.line([(0, 1), (1, 0.1), (2, 0), (3, 0.1), (4, 1)], ORANGE)
    assert 'd="M0.0,0.0L25.0,50.0M75.0,50.0L100.0,0.0"' in panel.parts[0]


def test_a_bar_stands_on_the_axis_with_its_value_above() -> None:
    panel = bare(linear_axis(0, 10), linear_axis(0, 10))
    panel.bar(2, 4, 5, ORANGE)
    rectangle, text = map(ET.fromstring, panel.parts)
    assert [rectangle.attrib[key] for key in ("x", "y", "width", "height")] == [
        "20.0", "50.0", "20.0", "50.0"
    ]  # fmt: skip
    assert text.text == "5"
    assert float(text.attrib["y"]) < 50


def test_thousands_are_grouped() -> None:
    panel = Panel((0, 0, 100, 100), linear_axis(0, 3000), linear_axis(0, 1))
    panel.bar(0, 1, 1234, ORANGE)
    texts = [ET.fromstring(part).text for part in panel.parts if part.startswith("<text")]
    assert {"0", "1,000", "3,000", "0.2", "1,234"} <= {*texts}


# --- in a page, and in a file -------------------------------------------------------------------


def test_it_has_the_ink_of_the_page_and_no_ground() -> None:
    picture = drawn().inline('says "what"')
    root = ET.fromstring(picture)
    assert root.tag == "svg"
    assert root.attrib["aria-label"] == 'says "what"'
    texts = {text.strip() for text in root.itertext()}
    assert {"a title", "a note", "a < b", "across", "up"} <= texts
    colours = {*re.findall(r'(?:fill|stroke)="([^"]+)"', picture)}
    assert colours == {"none", "currentColor", ORANGE}


def test_plots_of_a_page_have_no_id_in_common() -> None:
    assert not re.findall(r'\bid="', drawn().inline("one"))


def test_a_file_is_dark_on_white(tmp_path: Path) -> None:
    drawn().write(tmp_path / "a.svg")
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].attrib == {"width": "100%", "height": "100%", "fill": "#ffffff"}
    assert "color" in root.attrib


def test_the_same_figures_give_the_same_text() -> None:
    assert drawn().inline("x") == drawn().inline("x")


def test_only_named_lines_make_room_for_a_legend() -> None:
    plot = Plot(400, 300)
    panel = plot.panel((0, 0, 1, 1), linear_axis(0, 1), linear_axis(0, 1))
    panel.line([(0, 0), (1, 1)], ORANGE)
    assert ET.fromstring(plot.inline("x")).attrib["height"] == "300"
    panel.line([(0, 0), (1, 1)], ORANGE, "named")
    assert float(ET.fromstring(plot.inline("x")).attrib["height"]) > 300


# --- the picture of a training run ----------------------------------------------------------------


def record(epoch: int, f1: float) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "loss": 3.0 / epoch,
        "valid_precision": f1 + 0.02,
        "valid_recall": f1 - 0.02,
        "valid_f1": f1,
        "learning_rate": 1e-3,
        "tokens_per_second": 1e4,
        "seconds": 9.5,
    }


RECORDS = [record(1, 0.5), record(2, 0.75), record(3, 0.75), record(4, 0.6)]


def texts_of(path: Path) -> list[str]:
    """All texts of the picture."""
    return [text.strip() for text in ET.parse(path).getroot().itertext()]


def test_picture_has_both_panels_and_the_first_best_epoch(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "curves.svg")
    texts = texts_of(tmp_path / "curves.svg")
    assert "training loss" in texts
    assert "validation scores (%)" in texts
    assert "best F1 75.00 at epoch 2" in texts
    assert {"precision", "recall", "F1"} <= set(texts)


@pytest.mark.slow
def test_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    draw_curves(RECORDS, tmp_path / "a.svg")
    draw_curves(RECORDS, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("records", [[], RECORDS[:1]], ids=["none", "one"])
def test_short_runs_have_a_picture_too(records: list[dict[str, Any]], tmp_path: Path) -> None:
    draw_curves(records, tmp_path / "curves.svg")
    assert ET.parse(tmp_path / "curves.svg").getroot().tag.endswith("svg")


def test_curves_need_no_package(tmp_path: Path) -> None:
    program = (
        "import sys; from ner.evaluation import draw_curves;"
        f"draw_curves({RECORDS!r}, {str(tmp_path / 'c.svg')!r});"
        "assert not {'seqeval', 'numpy', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NerError, match="cannot be written"):
        draw_curves(RECORDS, tmp_path / "file" / "curves.svg")
