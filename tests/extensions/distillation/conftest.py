"""Text without labels, two models that may teach, and a teacher that knows a few names."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from ner.api import train
from ner.config import Config
from ner.corpus import Corpus
from ner.extensions.distillation.ensemble import Ensemble
from ner.extensions.distillation.labels import Labels
from ner.tags import tag_set
from ner.text import SegmentedText, Sentence, Span
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


NAMES = {"Anna": "PER", "Berta": "PER", "Carl": "PER", "Dora": "PER", "Rome": "LOC", "Paris": "LOC"}


class NameTeacher:
    """A teacher that knows single names, says nothing of Dora, and may fail in the end."""

    name = "names"
    tokenizer = ""

    def __init__(self, *, identity: str = "names 1", fails_at: str = "") -> None:
        self.identity = identity
        self.tags = tag_set(["LOC", "PER"], "iobes")
        self.size: int | None = 1000
        self.asked = 0
        self._fails_at = fails_at

    def label(self, documents: Sequence[SegmentedText]) -> Iterator[Labels]:
        for _, sentences in documents:
            for sentence in sentences:
                self.asked += 1
                if self._fails_at in sentence.tokens:
                    raise RuntimeError("out of\nmemory")
                known = [(i, NAMES[t]) for i, t in enumerate(sentence.tokens) if t in NAMES]
                spans = tuple(Span(i, i + 1, label) for i, label in known)
                yield Labels(None, misfits=1) if "Dora" in sentence.tokens else Labels(spans)


@pytest.fixture
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's cache, empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ner"
