"""The page of an audit in a real browser: filtered, in any width, light and dark."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ner.corpus import Corpus, QueueItem
from ner.extensions.audit.page import audit_page
from ner.text import Sentence, Span
from tests.extensions.browser import choose, complaints, prefer

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.slow(reason="starts a browser")

TOKENS = ("Anna", "visited", "Rome", ".")
ANNA, ROME, TEAM, BOTH = Span(0, 1, "PER"), Span(2, 3, "LOC"), Span(2, 3, "ORG"), Span(1, 3, "LOC")
OWN = Sentence(TOKENS, (ANNA, ROME), source="d/train.conll", line=1)
OTHER = Sentence(TOKENS, (ANNA,), source="d/test.conll", line=9)


def item(own: Sentence, kind: str, score: float, *spans: Span | None) -> QueueItem:
    return QueueItem(own.source, own.line, own.tokens, kind, score, "a reason", *spans)


ITEMS = [
    item(OWN, "type", 0.97, ROME, TEAM),
    *[item(OTHER, "missed", 0.6, None, ROME)] * 120,
    item(OWN, "border", 0.5, ROME, BOTH),
    item(OWN, "spurious", 0.2, ANNA, None),
]


def show(browser: "Chrome", file: Path, items: list[QueueItem]) -> "Chrome":
    corpus = Corpus("mine", train=(OWN,), test=(OTHER,))
    file.write_text(audit_page(corpus, range(2), items, ["“Rome”: here, not there"]))
    complaints(browser)
    browser.get(file.as_uri())
    return browser


@pytest.fixture
def shown(browser: "Chrome", tmp_path: Path) -> "Chrome":
    return show(browser, tmp_path / "audit.html", ITEMS)


def heads(browser: "Chrome") -> list[str]:
    return [e.text for e in browser.find_elements("css selector", "article .hint:first-child")]


def marks(browser: "Chrome") -> list[tuple[str | None, ...]]:
    """Of each mark its text, its type, and its class."""
    names = ("textContent", "data-label", "className")
    found = browser.find_elements("css selector", "article mark")
    return [tuple(mark.get_attribute(name) for name in names) for mark in found]


def test_places_are_shown_and_filtered(shown: "Chrome") -> None:
    told = shown.find_element("id", "told")
    assert told.text == "123 places, the first 100 of which are shown"
    assert heads(shown)[:2] == [
        "97 % type · d/train.conll:1 · train", "60 % missed · d/test.conll:9 · test"
    ]  # fmt: skip
    shown.find_element("id", "more").click()
    assert len(heads(shown)) == 123
    choose(shown, "split", "train")
    assert told.text == "3 places"
    choose(shown, "kind", "type")
    assert told.text == "1 place"
    assert marks(shown) == [
        ("Anna", "PER", "t2"), ("Rome", "LOC", "t0 wrong"),
        ("Anna", "PER", "t2"), ("Rome", "ORG", "t1 wrong"),
    ]  # fmt: skip
    choose(shown, "file", "test.conll")
    assert heads(shown) == []
    choose(shown, "kind", "")
    choose(shown, "split", "")
    assert told.text == "120 places, the first 100 of which are shown"
    assert complaints(shown) == []


def test_thousands_are_grouped(browser: "Chrome", tmp_path: Path) -> None:
    shown = show(browser, tmp_path / "audit.html", ITEMS[1:2] * 1234)
    assert shown.find_element("id", "told").text.startswith("1,234 places, the first 100 of")
    options = shown.find_elements("css selector", "#kind option")
    assert [option.text for option in options] == ["all", "missed (1,234)"]


def test_a_proposal_takes_the_place_of_what_it_overlaps(shown: "Chrome") -> None:
    choose(shown, "kind", "border")
    assert [mark[:2] for mark in marks(shown)[2:]] == [("Anna", "PER"), ("visited Rome", "LOC")]
    choose(shown, "kind", "spurious")
    assert [mark[:2] for mark in marks(shown)[2:]] == [("Rome", "LOC")]


@pytest.mark.parametrize("width", [320, 800, 1600])
def test_it_fits_every_window(shown: "Chrome", width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    shown.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert shown.execute_script("return document.documentElement.scrollWidth") <= width


def test_it_is_light_or_dark_and_loads_nothing(shown: "Chrome") -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        prefer(shown, scheme)
        ground = "return getComputedStyle(document.body).backgroundColor"
        grounds.add(shown.execute_script(ground))
    assert len(grounds) == 2
    assert shown.execute_script("return performance.getEntriesByType('resource').length") == 0
