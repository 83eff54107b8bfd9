"""Figures of the tiny model, and of two models beside each other."""

from dataclasses import replace
from pathlib import Path

import pytest

from ner.corpus import Corpus
from ner.extensions.report.figures import Model, ReportFigures, report_events


@pytest.fixture(scope="session")
def tiny_model(tiny_run: Path) -> Model:
    """The model of `tiny_run`."""
    return Model.load(str(tiny_run), "cpu", {})


@pytest.fixture(scope="session")
def wary_model(tiny_run: Path) -> Model:
    """The same model with so high a bias of O that it finds little."""
    return replace(Model.load(str(tiny_run), "cpu", {"predict.o_bias": 6.0}), name="wary <b>")


@pytest.fixture(scope="session")
def hard_corpus(tiny_corpus: Corpus) -> Corpus:
    """`tiny_corpus` in documents, with a first test sentence in which nothing is labelled."""
    first, *others = tiny_corpus.test
    test = (replace(first, spans=()), *others)
    return replace(
        tiny_corpus,
        test=tuple(replace(s, document=n, source="a <b>.conll") for n, s in enumerate(test)),
    )


def measured(models: list[Model], corpus: Corpus, split: str = "test") -> ReportFigures:
    """The figures at the end of a report."""
    *_, last = report_events(models, corpus, split)
    assert isinstance(last, ReportFigures)
    return last


@pytest.fixture(scope="session")
def one(tiny_model: Model, hard_corpus: Corpus) -> ReportFigures:
    """The figures of one model."""
    return measured([tiny_model], hard_corpus)


@pytest.fixture(scope="session")
def two(tiny_model: Model, wary_model: Model, hard_corpus: Corpus) -> ReportFigures:
    """The figures of two models."""
    return measured([tiny_model, wary_model], hard_corpus)
