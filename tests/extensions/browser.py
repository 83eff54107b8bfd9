"""A real browser for tests of pages: Debian's chromium, driven by selenium."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.command import LIMIT

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

PATIENCE = 20  # seconds: what a page does takes far less
# Without them it asks hosts of its maker, which no test should.
FLAGS = (
    "headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "disable-quic", "window-size=1200,900",
)  # fmt: skip


@contextmanager
def running(profile: Path, downloads: Path) -> "Iterator[Chrome]":
    """Run a browser for the block; skips where there is none."""
    if find_spec("selenium") is None:
        pytest.skip("selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no chromium with its chromedriver is installed")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"user-data-dir={profile}"):
        options.add_argument(f"--{flag}")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with Chrome(options, Service(driver)) as found:
        found.set_script_timeout(LIMIT)
        yield found


def wait(browser: "Chrome", holds: Callable[[], Any]) -> None:
    """Wait until something holds on a page, which may be drawn anew meanwhile."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    ignored = [StaleElementReferenceException]
    WebDriverWait(browser, PATIENCE, 0.02, ignored_exceptions=ignored).until(lambda _: holds())


def prefer(browser: "Chrome", *schemes: str) -> None:
    """Let the reader prefer a colour scheme, or none."""
    features = [{"name": "prefers-color-scheme", "value": scheme} for scheme in schemes]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def choose(browser: Any, name: str, value: str) -> None:
    """Choose a value in the list of that name, as a user does."""
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change'))",
        name,
        value,
    )


def complaints(browser: Any) -> list[str]:
    """The messages in the browser's console since the last look."""
    return [entry["message"] for entry in browser.get_log("browser")]
