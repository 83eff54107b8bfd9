"""What the tests of language models share: a small text, and small networks over it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import Alphabet, Codes

LINE = "the cat sat on the mat and the dog sat on the log"


def codes_of(text: str) -> Codes:
    """A text as a row of code points, as `read_text` maps it."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


@pytest.fixture(scope="session")
def alphabet() -> Alphabet:
    """The letters of `LINE` and the end of a line."""
    return Alphabet(sorted({*LINE, "\n"}))


@pytest.fixture
def build(alphabet: Alphabet) -> Callable[..., CharacterNetwork]:
    """Build a network by settings of section `model`; the same settings give the same weights."""

    def make(**settings: Any) -> CharacterNetwork:
        small = {"hidden": 6, "embedding": 5} | settings
        config = CharLMConfig().replace({f"model.{k}": v for k, v in small.items()})
        torch.manual_seed(1)
        network = CharacterNetwork(len(alphabet), config.model)
        network.initialise()
        return network.eval()

    return make


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """`LINE`, a hundred times."""
    path = tmp_path / "text.txt"
    path.write_text(f"{LINE}\n" * 100, encoding="utf-8")
    return path
