"""The page in a real browser: it loads nothing, fits the window, and is read in either light."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ner.extensions.report.page import page
from tests.extensions.browser import complaints
from tests.extensions.report.by_hand import figures

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.slow(reason="starts a browser")

CONTRAST = 4.5  # of text to its ground, as WCAG 2.2 asks (AA)
# Relative luminance, as WCAG defines it, of a colour as the browser paints it.
_LUMINANCE = """
const paint = (colour) => {
  const canvas = document.createElement("canvas"); canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d"); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
};
const light = (colour) => { const [r, g, b] = paint(colour); return .2126*r + .7152*g + .0722*b; };
const ratio = (one, other) => {
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
"""


class Shown:
    """A page as a browser shows it."""

    def __init__(self, browser: "Chrome", file: Path) -> None:
        self.browser, self.file = browser, file

    def open(self, width: int = 1200, scheme: str = "light", media: str = "screen") -> None:
        """Show it in a window of a width, light or dark, on screen or for print."""
        preferred = {"name": "prefers-color-scheme", "value": scheme}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        for name, how in (
            ("setEmulatedMedia", {"media": media, "features": [preferred]}),
            ("setDeviceMetricsOverride", size),
        ):
            self.browser.execute_cdp_cmd(f"Emulation.{name}", how)
        self.browser.get(self.file.as_uri())

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)


@pytest.fixture(params=[False, True], ids=["one", "two"])
def shown(request: pytest.FixtureRequest, browser: "Chrome", tmp_path: Path) -> Shown:
    """The page of figures made by hand, of one model and of two."""
    file = tmp_path / "report.html"
    file.write_text(page(figures(two=request.param)), encoding="utf-8")
    return Shown(browser, file)


def test_nothing_is_loaded_and_nothing_is_wrong(shown: Shown) -> None:
    shown.open()
    assert shown.run("return performance.getEntriesByType('resource').length") == 0
    assert complaints(shown.browser) == []


def test_its_policy_lets_no_script_run(shown: Shown) -> None:
    shown.open()
    ran = shown.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s); return window.ran === 1"
    )
    assert ran is False


@pytest.mark.parametrize("width", [320, 390, 800, 1600])
def test_it_fits_every_window(shown: Shown, width: int) -> None:
    """Wide tables are scrolled by themselves, and the page never sideways."""
    shown.open(width)
    assert shown.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_text_stands_out(shown: Shown, scheme: str) -> None:
    shown.open(scheme=scheme)
    ratios = shown.run(
        _LUMINANCE + "const ground = getComputedStyle(document.body).backgroundColor;"
        "return ['h1', 'p', '.note', '.place', 'td', 'summary'].map((name) =>"
        " ratio(getComputedStyle(document.querySelector(name)).color, ground))"
    )
    assert min(ratios) >= CONTRAST
    marked = shown.run(
        _LUMINANCE + "return [...document.querySelectorAll('mark')].flatMap((mark) => {"
        " const own = getComputedStyle(mark); return [own.color,"
        " getComputedStyle(mark, '::after').color].map((c) => ratio(c, own.backgroundColor)) })"
    )
    assert marked
    assert min(marked) >= CONTRAST


def test_light_and_dark_differ(shown: Shown) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        shown.open(scheme=scheme)
        grounds.append(shown.run("return getComputedStyle(document.body).backgroundColor"))
    assert len({*grounds}) == 2


def test_each_link_leads_to_its_section(shown: Shown) -> None:
    shown.open()
    lost = shown.run(
        "return [...document.querySelectorAll('nav a')].filter((a) => {"
        " const to = document.getElementById(a.hash.slice(1));"
        " return !to || to.textContent !== a.textContent }).length"
    )
    assert lost == 0


def test_plots_are_named_for_those_who_do_not_see_them(shown: Shown) -> None:
    shown.open()
    names = shown.run("return [...document.querySelectorAll('svg')].map((s) => s.ariaLabel)")
    assert len(names) in (3, 6)
    assert all(names)
    assert len({*names}) == len(names)


def test_in_print_there_is_no_navigation(shown: Shown) -> None:
    shown.open(media="print")
    assert shown.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
    printed = shown.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
