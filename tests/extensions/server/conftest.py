"""A server of the model that knows the tiny corpus, for tests that do not stop it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ner.extensions.server.models import Models, ServedModel
from tests.extensions.server.client import Served, served

TOKEN = "open-sesame"


@pytest.fixture(scope="session")
def server(model: Path) -> Iterator[Served]:
    """A server without a token, of small limits."""
    arguments = ("--model", model, "--max-characters", 20_000, "--timeout", 10)
    with served(*arguments, cwd=model.parent) as running:
        yield running


@pytest.fixture(scope="session")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture(scope="session")
def loaded(tiny_run: Path) -> ServedModel:
    """The model of `tiny_tagger` as a server has it."""
    return Models({"tiny": tiny_run}, {}).find(None)
