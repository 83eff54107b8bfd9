"""A small corpus, and reviews of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ner.config import DataConfig
from ner.corpus import Head, History, read_files
from ner.extensions.review.ledger import Ledger
from ner.extensions.review.review import Review
from ner.text import Sentence

TEXT = """\
Anna B-PER
visited O
New B-LOC
York I-LOC
. O

Dora O
left O
New O
York O
, O
Anna O
stayed O
. O

Rome B-ORG
won O
"""
Make = Callable[..., Review]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "a.conll"
    file.write_text(TEXT)
    return file


@pytest.fixture
def sentences(corpus: Path) -> list[Sentence]:
    return read_files([corpus], DataConfig(), unlabelled=False)


@pytest.fixture
def head(corpus: Path, sentences: list[Sentence]) -> Head:
    return Head.of([corpus], sentences, {}, unlabelled=False)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl.journal"


@pytest.fixture
def make(sentences: list[Sentence], head: Head, journal: Path) -> Iterator[Make]:
    """Begin a review of the corpus; all of them are closed at the end."""
    ledgers: list[Ledger] = []

    def begin(*, resume: bool = False, **given: Any) -> Review:
        ledgers.append(Ledger(journal))
        if resume:
            history = ledgers[-1].resume()[1]
        else:
            history = History()
            ledgers[-1].begin(head)
        return Review(sentences, history, ledgers[-1], **given)

    yield begin
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def review(make: Make) -> Review:
    return make()
