"""The page of a gradient flow: self-contained, with its figures in it and beside it."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ner.errors import NerError, UsageError
from ner.extensions.experiments.gradients.flow import Curve, GradientFlow
from ner.extensions.experiments.gradients.page import figures_file, format_flow, page, write_pages

pytestmark = pytest.mark.slow


class Reader(HTMLParser):
    """Collects what a page has of tags and of script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script = ""
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        last = self.tags[-1][0] if self.tags else ""
        if last == "script":
            self.script += data
        elif last == "td" and data.strip():
            self.cells.append(data)


def test_the_page_needs_nothing_else(flow: GradientFlow) -> None:
    text = page(flow)
    read = Reader(text)
    names = [tag for tag, _ in read.tags]
    assert names.count("svg") == 3  # two lengths, and the training
    assert not {"link", "img", "iframe", "object"} & {*names}
    assert [attrs for tag, attrs in read.tags if tag == "script"] == [
        {"type": "application/json", "id": "figures"}
    ]
    assert not re.findall(r"(?:src|href)=\"(?!#)", text)
    assert "prefers-color-scheme: dark" in text
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_the_figures_are_in_the_page(flow: GradientFlow) -> None:
    odd = dataclasses.replace(flow, corpus="</script><b>&")
    read = Reader(page(odd))
    assert json.loads(read.script) == json.loads(json.dumps(odd.to_dict()))
    assert "b" not in [tag for tag, _ in read.tags]


def test_every_curve_has_its_reading(flow: GradientFlow) -> None:
    read, told = Reader(page(flow)), format_flow(flow)
    rows = [line.split() for line in told.splitlines()]
    for cell in flow.cells:
        for length in flow.lengths:
            for when, snapshot in cell.snapshots().items():
                for curve in snapshot.curves[length]:
                    row = [cell.cell, curve.state, str(length), when, f"{curve.ratio:.1e}"]
                    assert row in [line[:5] for line in rows]
                    assert curve.reading in read.cells
        assert [cell.cell, f"{cell.training[-1].last:,}"] in [line[:2] for line in rows]


def test_gradients_that_are_all_0_have_a_page(flow: GradientFlow) -> None:
    nothing = {n: (Curve("h", (0.0,) * n),) for n in flow.lengths}
    gru = flow.cells[2]
    snapshot = dataclasses.replace(gru.before, curves=nothing)
    cell = dataclasses.replace(gru, before=snapshot, after=snapshot)
    assert "vanishes" in page(dataclasses.replace(flow, cells=(cell,)))


def test_both_files_are_written(flow: GradientFlow, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    write_pages(flow, out)
    assert out.read_text(encoding="utf-8") == page(flow)
    assert json.loads(out.with_suffix(".json").read_text(encoding="utf-8")) == json.loads(
        json.dumps(flow.to_dict())
    )
    assert len(list(out.parent.iterdir())) == 2


def test_places_that_will_not_do(flow: GradientFlow, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is where the figures go"):
        figures_file(tmp_path / "x.json")
    with pytest.raises(UsageError, match="is a folder"):
        figures_file(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NerError, match="cannot be written"):
        write_pages(flow, tmp_path / "file" / "x.html")
