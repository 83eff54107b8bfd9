"""What tests of pages share."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.extensions.browser import running

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Chrome]":
    """A browser; skips where none is installed."""
    profile, downloads = tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads")
    with running(profile, downloads) as found:
        yield found
