"""Fixtures shared by the whole suite."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A deadline would be a timing assertion: it fails on a busy machine, not on wrong code.
settings.register_profile("ner", deadline=None)
settings.load_profile("ner")


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Find a file or folder of the real corpora under `NER_DATA`; skip where there is none."""

    def find(name: str) -> Path:
        root = os.environ.get("NER_DATA")
        if not root:
            pytest.skip("NER_DATA is not set")
        path = Path(root) / name
        if not path.exists():
            pytest.skip(f"{path} is not there")
        return path

    return find
