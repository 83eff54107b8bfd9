"""What the tests of classifiers share: texts of two kinds, and runs that learn them by heart."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from ner.config import Config
from ner.corpus import Corpus
from ner.extensions.classification.reading import labelled
from ner.extensions.classification.run import train_events
from ner.text import Sentence


def _texts(ends: list[str]) -> tuple[Sentence, ...]:
    """A text for each two words of one kind, and each end; no text is in two splits."""
    kinds = {
        "weather": ["rain", "snow", "wind", "sun"],
        "sport": ["goal", "match", "team", "coach"],
    }
    drawn = [
        labelled(Sentence((one, "and", other, end), source="kinds.tsv"), label)
        for label, words in kinds.items()
        for one, other in itertools.permutations(words, 2)
        for end in ends
    ]
    return tuple(replace(one, document=number, line=number + 1) for number, one in enumerate(drawn))


@pytest.fixture(scope="session")
def kinds() -> Corpus:
    """Texts about the weather and about sports."""
    return Corpus("kinds", _texts([".", "!"]), _texts(["?"]), _texts([";"]))


@pytest.fixture(scope="session")
def small(tiny_config: Config) -> Config:
    """Settings of a classifier that learns `kinds` in a second."""
    changes = {"model.hidden": 8, "model.word_dim": 8, "train.epochs": 4, "train.patience": 4}
    return tiny_config.replace(
        {**changes, "data.tokenizer": "words-en", "train.batch_sentences": 8}
    )


def train(corpus: Corpus, config: Config, out: Path) -> Path:
    """Train a classifier to its end; returns its folder."""
    for _ in train_events(corpus, out, config, device="cpu"):
        pass
    return out


@pytest.fixture(scope="session")
def kinds_run(tmp_path_factory: pytest.TempPathFactory, kinds: Corpus, small: Config) -> Path:
    """The folder of a finished run over `kinds`; not to be changed."""
    return train(kinds, small, tmp_path_factory.mktemp("kinds") / "run")
