"""Vectors held against a corpus, counted by hand and against plain counting."""

import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import Corpus
from ner.extensions.vectors.coverage import (
    Coverage,
    VectorsReport,
    describe_vectors,
    nearest,
    typical_words,
)
from ner.features.vectors import Vectors
from ner.text import Sentence, Span


def make(rows: dict[str, list[float]], *, fold_case: bool = True) -> Vectors:
    """Vectors of some words; the file has one word more."""
    table = np.array(list(rows.values()), np.float32).reshape(len(rows), -1)
    return Vectors(tuple(rows), table, fold_case, True, size=len(rows) + 1)


TRAIN = (
    Sentence(("Anna", "visited", "New", "York", "."), (Span(0, 1, "PER"), Span(2, 4, "LOC"))),
    Sentence(("anna", "left", "."), (Span(0, 1, "PER"),)),
    Sentence(("Anna", "left", "1996", "."), (Span(0, 1, "PER"),)),
)
TEST = (Sentence(("Nobody", ".")),)
VECTORS = make({"anna": [1, 0], ".": [0, 2], "york": [2, 2], "0000": [0, 0], "far": [-1, 0]})


def test_shares_of_types_of_running_tokens_and_inside_entities() -> None:
    report = describe_vectors(VECTORS, {"train": TRAIN, "valid": (), "test": TEST})
    assert report.splits == {
        # Anna, anna, York, 1996, "." of 8; 3 Anna, York, 1996, 3 "." of 12; 3 Anna, York of 5
        "train": Coverage(5 / 8, 8 / 12, 4 / 5),
        "test": Coverage(1 / 2, 1 / 2, None),
    }
    assert report.uncovered == {"left": 2, "visited": 1, "New": 1, "Nobody": 1}
    assert (report.dim, report.words, report.fold_case, report.fold_digits) == (2, 6, True, True)


def test_a_cased_file_has_only_what_it_has() -> None:
    cased = make({"Anna": [1, 0]}, fold_case=False)
    report = describe_vectors(cased, {"train": TRAIN})
    assert report.splits["train"] == Coverage(1 / 8, 2 / 12, 2 / 5)
    assert "anna" in report.uncovered


def test_neighbours_are_those_of_the_words_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        report = describe_vectors(VECTORS, {"train": TRAIN}, ["ANNA", "anna", "Zoe"])
    assert list(report.neighbours) == ["anna"]
    assert report.neighbours["anna"] == pytest.approx(
        {"york": math.sqrt(0.5), ".": 0, "0000": 0, "far": -1}
    )
    assert list(report.neighbours["anna"]) == ["york", ".", "0000", "far"]
    assert caplog.messages == ["'zoe' has no vector"]


def test_without_words_frequent_ones_of_entities_are_looked_at() -> None:
    assert list(describe_vectors(VECTORS, {"train": TRAIN}).neighbours) == ["york", "anna"]
    assert describe_vectors(VECTORS, {"test": TEST}).neighbours == {}


def test_typical_words_mostly_stand_in_entities_of_the_type() -> None:
    tokens = ("of", "of", "Bank", "Bank", "Bonn", "Bonn", "Bonn", "Mary")
    spans = (Span(0, 1, "ORG"), Span(2, 4, "ORG"), Span(4, 6, "LOC"), Span(7, 8, "PER"))
    assert typical_words([Sentence(tokens, spans)], {"of", "Bank", "Bonn"}) == ["Bonn", "Bank"]


def test_a_report_is_plain_data(tiny_corpus: Corpus) -> None:
    report = describe_vectors(VECTORS, tiny_corpus.splits(), ["anna"])
    value = report.to_dict()
    assert value.keys() == VectorsReport.__dataclass_fields__.keys()
    assert value["splits"]["valid"].keys() == {"types", "tokens", "entity_tokens"}


tables = st.dictionaries(
    st.text("abcd", min_size=1, max_size=3),
    st.lists(st.integers(-3, 3).map(float), min_size=3, max_size=3),
    min_size=1,
)


@given(tables, st.integers(1, 4))
def test_nearest_is_what_comparing_with_every_word_gives(
    rows: dict[str, list[float]], most: int
) -> None:
    def cosine(one: list[float], other: list[float]) -> float:
        lengths = math.hypot(*one) * math.hypot(*other)
        return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0

    found = nearest(make(rows), list(rows), most)
    assert list(found) == list(rows)
    for word, near in found.items():
        others = {other: cosine(rows[word], rows[other]) for other in rows if other != word}
        best = sorted(others.values(), reverse=True)[:most]
        assert list(near.values()) == pytest.approx(best, abs=1e-5)
        assert near == pytest.approx({other: others[other] for other in near}, abs=1e-5)
