import math
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given

from ner.render import renderer
from ner.text import Document, Entity
from tests.render.documents import LABELS, documents, ranges, writable


class PageReader(HTMLParser):
    """The paragraphs of a page with their entities, the legend, and the tags met."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: list[str] = []
        self.entities: list[tuple[int, int, str]] = []
        self.legend: list[str] = []
        self.metas: dict[str, str | None] = {}
        self.path: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self.metas |= dict(attrs)
            return
        self.path.append(tag)
        if tag == "p":
            self.paragraphs.append("")
        if self.path[-2:] == ["p", "mark"]:
            self.start, self.label = len(self.paragraphs[-1]), str(dict(attrs)["data-label"])
        if self.path[-2:] == ["li", "mark"]:
            self.legend.append("")

    def handle_endtag(self, tag: str) -> None:
        if self.path[-2:] == ["p", "mark"]:
            self.entities.append((self.start, len(self.paragraphs[-1]), self.label))
        assert self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self.path:
            self.paragraphs[-1] += data
        if "li" in self.path:
            self.legend[-1] += data


def read_page(page: str) -> PageReader:
    reader = PageReader()
    reader.feed(page)
    reader.close()
    assert reader.path == []
    return reader


@given(documents())
def test_html_shows_exactly_the_text(document: Document) -> None:
    chosen = renderer("html", LABELS)
    page = read_page(chosen.begin() + chosen.document(document) * 2 + chosen.end())
    assert page.paragraphs == [writable(document.text).replace("\0", "\ufffd")] * 2
    assert page.entities == ranges(document) * 2
    assert page.legend == [writable(label) for label in LABELS]


def test_html_stands_alone() -> None:
    chosen = renderer("html", LABELS)
    page = chosen.begin() + chosen.end()
    assert read_page(page).metas["charset"] == "utf-8"
    assert '<html lang="en">' in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"https?:|url\(|src=|<link|<script", page)


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Relative luminance (WCAG 2.2) of an OKLCH colour, clipped to sRGB (CSS Color 4)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    red, green, blue = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_html_colours_are_readable_and_apart(theme: int) -> None:
    labels = [f"T{number}" for number in range(24)]
    page = renderer("html", labels).begin()

    def values(name: str) -> float:
        return float(re.findall(rf"--{name}: ([\d.]+)", page)[theme])

    hues = [int(hue) for hue in re.findall(r"\.t\d+ { --hue: (\d+)", page)]
    assert len(set(hues)) == len(labels)
    ink = [0.01, 0.81][theme]  # of #1b1b1f and #e9e9ec
    for hue in hues:
        fill = luminance(values("fill") / 100, values("fill-chroma"), hue)
        name = luminance(values("name") / 100, values("name-chroma"), hue)
        assert contrast(fill, ink) >= 7
        assert contrast(fill, name) >= 4.5


def test_html_colour_depends_on_the_order_of_labels_only() -> None:
    entity = Entity(0, 1, "LOC", "x", 0.5)
    document = Document("x", (entity,))
    first, second = renderer("html", ["PER", "LOC"]), renderer("html", ["PER", "LOC", "ORG"])
    assert first.document(document) == second.document(document)
    assert 'class="t1" data-label="LOC" title="LOC, score 0.500"' in first.document(document)
    assert "class" not in renderer("html", ["PER"]).document(document)
