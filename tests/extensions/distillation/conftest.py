"""Text without labels, and two models that may teach."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ner.api import train
from ner.config import Config
from ner.corpus import Corpus
from ner.extensions.distillation.ensemble import Ensemble
from ner.text import Sentence
from ner.training.examples import SoftLabels
from ner.training.preparation import prepare

CPU = torch.device("cpu")
TEXT = """Anna loved Rome? Berta met Carl Maria in Paris.

Dora saw New York. She left.
The weather was fine.
Anna visited Rome.
"""


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Six sentences, of which the training split of `tiny_corpus` has the last."""
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def members(
    tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus, tiny_config: Config
) -> list[Path]:
    """The bundles of two models that have not learnt much, so that they differ."""
    out = tmp_path_factory.mktemp("members")
    config = tiny_config.replace({"train.epochs": 2})
    train(tiny_corpus, out, config, seeds=[1, 2], device="cpu")
    return [out / "seed-1", out / "seed-2"]


def taught(
    members: list[Path],
    corpus: Corpus,
    config: Config,
    unlabelled: list[Sentence] | None = None,
    **train: Any,
) -> SoftLabels:
    """The targets of a corpus by some members, with some settings of training changed."""
    changes = {f"train.{name}": value for name, value in train.items()}
    return Ensemble(members, CPU).targets(
        prepare(corpus), unlabelled or [], config.replace(changes)
    )
