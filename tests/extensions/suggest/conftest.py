"""Models that have not learnt much: two as a committee, one of fewer labels."""

from dataclasses import replace
from pathlib import Path

import pytest

from ner.api import train
from ner.config import Config
from ner.corpus import Corpus


@pytest.fixture(scope="session")
def members(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> list[Path]:
    """The folders of two runs of one epoch, which differ by their seed."""
    out = tmp_path_factory.mktemp("committee")
    train(tiny_corpus, out, tiny_config.replace({"train.epochs": 1}), seeds=[1, 2], device="cpu")
    return [out / "seed-1", out / "seed-2"]


@pytest.fixture(scope="session")
def earlier(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> Path:
    """The folder of a run on half of the sentences."""
    out = tmp_path_factory.mktemp("earlier") / "run"
    half = replace(tiny_corpus, train=tiny_corpus.train[:12], test=())
    train(half, out, tiny_config.replace({"train.epochs": 1}), device="cpu")
    return out
