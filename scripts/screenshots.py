"""Take pictures of the pages of `ner serve` and `ner review`: light, dark and narrow.

    python scripts/screenshots.py --model DIR [--out docs/guides] [--narrow DIR]
    python scripts/screenshots.py --report FILE.html [--out docs/guides]

With `--report`, of the top of a page of `ner report` instead.

Needs selenium, and Debian's chromium with chromium-driver.
"""

import argparse
import sys
import tempfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.extensions.review.client import reviewed
from tests.extensions.server.client import Served, served

TEXT = """\
Angela Merkel met Emmanuel Macron in Paris on Tuesday, and flew on to the World Trade \
Organization in Geneva. Reuters was there.

Lima v San Telmo, kick-off 18:30. The match was moved from Bonn to Düsseldorf after the \
Bundesliga had complained; Borussia Dortmund did not.
"""
LABELLED = """\
Angela Merkel met Emmanuel Macron in Paris on Tuesday .
B-PER I-PER O B-PER I-PER O O O O O

She flew on to the World Trade Organization in Geneva , Reuters reported .
O O O O O B-ORG I-ORG I-ORG O B-LOC O O O O

Lima v San Telmo , kick-off 18:30 .
B-ORG O B-LOC I-LOC O O O O

The match was moved from Bonn to Düsseldorf after the Bundesliga had complained .
O O O O O B-LOC O B-LOC O O B-MISC O O O

Borussia Dortmund did not .
B-ORG I-ORG O O O
"""
GUIDELINES = """\
PER  People, without titles.
ORG  Clubs, companies, institutions.
LOC  Places that one can go to.
MISC Events and leagues.

A club that is called like its town is
an ORG where it plays.
"""
FLAGS = ("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "hide-scrollbars")
OFFLINE = ("disable-background-networking", "disable-component-update", "disable-sync")
WIDE, NARROW, TALL = (1100, 720), (420, 1250), (1040, 1240)


def main() -> None:
    """Read the command line, and take the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--model", metavar="DIR")
    chosen.add_argument("--report", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, default=Path("docs/guides"))
    parser.add_argument("--narrow", type=Path, metavar="DIR")
    given = parser.parse_args()
    with _browser() as browser:
        if given.report:
            _open(browser, given.report.resolve().as_uri(), "light", *TALL)
            _save(browser, given.out / "report.webp")
            return
        model = Path(given.model).resolve()
        with served("--model", f"conll2003={model}", cwd=Path.cwd()) as found:
            _pictures(browser, found, "serving", _tagged, given.out, given.narrow)
        with tempfile.TemporaryDirectory() as folder, _reviewed(Path(folder), model) as found:
            _pictures(browser, found, "review", _corrected, given.out, given.narrow)


@contextmanager
def _browser() -> Iterator[Chrome]:
    """A browser with nothing of its own, and offline."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as folder:
        for flag in (*FLAGS, *OFFLINE, f"user-data-dir={folder}/profile"):
            options.add_argument(f"--{flag}")
        with Chrome(options, Service("/usr/bin/chromedriver")) as browser:
            yield browser


def _reviewed(folder: Path, model: Path) -> AbstractContextManager[Served]:
    """A review of a small corpus with labels, a model and guidelines."""
    lines = [line.split() for line in LABELLED.splitlines() if line]
    pairs = (zip(*pair, strict=True) for pair in zip(lines[::2], lines[1::2], strict=True))
    text = "\n".join("".join(f"{token} {tag}\n" for token, tag in pair) for pair in pairs)
    (folder / "news.conll").write_text(text)
    (folder / "guidelines.txt").write_text(GUIDELINES)
    given = ["--out", "corrected.conll", "--model", model, "--guidelines", "guidelines.txt"]
    return reviewed("news.conll", *given, cwd=folder)


def _pictures(
    browser: Chrome,
    found: Served,
    name: str,
    prepare: Callable[[Chrome], None],
    out: Path,
    narrow: Path | None,
) -> None:
    """Take the pictures of a page once it is prepared."""
    pictures = [(out / f"{name}-{scheme}.webp", scheme, WIDE) for scheme in ("light", "dark")]
    pictures += [(narrow / f"{name}-narrow.webp", "light", NARROW)] if narrow else []
    browser.set_script_timeout(30)
    for path, scheme, size in pictures:
        _open(browser, f"http://127.0.0.1:{found.port}/", scheme, *size)
        prepare(browser)
        _save(browser, path)


def _save(browser: Chrome, path: Path) -> None:
    """A picture of what the browser shows."""
    how = {"format": "webp", "quality": 60}
    path.write_bytes(b64decode(browser.execute_cdp_cmd("Page.captureScreenshot", how)["data"]))


def _open(browser: Chrome, address: str, scheme: str, width: int, height: int) -> None:
    """A page, as wide and as bright as asked."""
    preferred = {"name": "prefers-color-scheme", "value": scheme}
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preferred]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(address)


def _tagged(browser: Chrome) -> None:
    """Put the text in and wait for its entities."""
    browser.execute_async_script(
        "const done = arguments[1], area = document.getElementById('text');"
        "const put = () => document.querySelector('#models input')"
        " ? (area.value = arguments[0], area.dispatchEvent(new Event('input')), look())"
        " : setTimeout(put, 50);"
        "const look = () => document.querySelector('.text mark') ? done() : setTimeout(look, 50);"
        "put();",
        TEXT,
    )


def _corrected(browser: Chrome) -> None:
    """Accept sentences until one with a proposal that no label tells, and choose its entity."""
    browser.execute_async_script(
        "const done = arguments[0];"
        "const press = (key) => document.body.dispatchEvent("
        " new KeyboardEvent('keydown', { key, bubbles: true }));"
        "const there = () => /sentence 3/.test(document.getElementById('where').textContent);"
        "const look = () => {"
        " if (!there()) press('Enter');"
        " else if (document.querySelector('#sentence mark.proposal')) {"
        "  press('e'); setTimeout(done, 300); return; }"
        " setTimeout(look, 300); };"
        "setTimeout(look, 500);"
    )


if __name__ == "__main__":
    main()
