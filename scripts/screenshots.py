"""Take pictures of the page of `ner serve`: light and dark for the guide, and narrow.

    python scripts/screenshots.py --model DIR [--out docs/guides] [--narrow FILE.webp]
    python scripts/screenshots.py --report FILE.html [--out docs/guides]

With `--report`, of the top of a page of `ner report` instead.

Needs selenium, and Debian's chromium with chromium-driver.
"""

import argparse
import sys
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.extensions.server.client import served

TEXT = """\
Angela Merkel met Emmanuel Macron in Paris on Tuesday, and flew on to the World Trade \
Organization in Geneva. Reuters was there.

Lima v San Telmo, kick-off 18:30. The match was moved from Bonn to Düsseldorf after the \
Bundesliga had complained; Borussia Dortmund did not.
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
    parser.add_argument("--narrow", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.report:
        with _browser() as browser:
            _open(browser, given.report.resolve().as_uri(), "light", *TALL)
            _save(browser, given.out / "report.webp")
        return
    pictures = [(given.out / f"serving-{name}.webp", name, WIDE) for name in ("light", "dark")]
    pictures += [(given.narrow, "light", NARROW)] if given.narrow else []
    model = Path(given.model).resolve()
    with (
        served("--model", f"conll2003={model}", cwd=Path.cwd()) as found,
        _browser() as browser,
    ):
        for path, scheme, size in pictures:
            _show(browser, f"http://127.0.0.1:{found.port}/", scheme, *size)
            _save(browser, path)


@contextmanager
def _browser() -> Iterator[Chrome]:
    """A browser with nothing of its own, and offline."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, *OFFLINE, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        with Chrome(options, Service("/usr/bin/chromedriver")) as browser:
            yield browser


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


def _show(browser: Chrome, address: str, scheme: str, width: int, height: int) -> None:
    """The page of a server with entities."""
    _open(browser, address, scheme, width, height)
    browser.set_script_timeout(30)
    browser.execute_async_script(
        "const done = arguments[1], area = document.getElementById('text');"
        "const put = () => document.querySelector('#models input')"
        " ? (area.value = arguments[0], area.dispatchEvent(new Event('input')), look())"
        " : setTimeout(put, 50);"
        "const look = () => document.querySelector('.text mark') ? done() : setTimeout(look, 50);"
        "put();",
        TEXT,
    )


if __name__ == "__main__":
    main()
