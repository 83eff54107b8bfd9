"""A small gradient flow that several tests look at."""

import pytest

from ner.config import Config
from ner.corpus import Corpus
from ner.extensions.experiments.gradients.flow import GradientFlow, inspect_gradients


@pytest.fixture(scope="session")
def flow(tiny_corpus: Corpus, tiny_config: Config) -> GradientFlow:
    """Of all cells over `tiny_corpus`, after two epochs."""
    *_, last = inspect_gradients(tiny_corpus, tiny_config, lengths=(4, 30), epochs=2, device="cpu")
    assert isinstance(last, GradientFlow)
    return last
