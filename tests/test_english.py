"""`scripts/english`: what the labelled sentences of the English model are, and how it is judged."""

import random

import pytest

from english.labelled import as_points, gold_spans, merged
from english.mapping import three_types
from ner.text import Sentence, Span


def spans(text: str) -> tuple[Span, ...]:
    """Spans written as ``0-2 ORG, 3-4 GPE``."""
    found = []
    for place, label in (item.split() for item in text.split(", ") if item):
        start, end = place.split("-")
        found.append(Span(int(start), int(end), label))
    return tuple(found)


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        ("The World Bank", "0-3 ORG", "1-3 ORG"),
        ("the Alps and Rome", "0-2 LOC, 3-4 GPE", "1-2 LOC, 3-4 LOC"),
        ("Anna crossed Tower Bridge", "0-1 PERSON, 2-4 FAC", "0-1 PER, 2-4 LOC"),
        ("Two French films", "0-1 CARDINAL, 1-2 NORP", ""),
        ("The", "0-1 ORG", ""),
    ],
)
def test_three_types_are_judged(text: str, found: str, wanted: str) -> None:
    assert three_types(text.split(), spans(found)) == spans(wanted)


@pytest.mark.parametrize(
    ("text", "gold", "told", "wanted"),
    [
        # The corpus decides on persons, organisations and places, the teacher on all else.
        ("Anna saw Rome in May", "0-1 PERSON", "2-3 GPE, 4-5 DATE", "0-1 PERSON, 4-5 DATE"),
        ("Anna saw Rome", "2-3 LOC", "2-3 GPE", "2-3 GPE"),
        ("Anna saw Rome", "2-3 LOC", "2-3 ORG", "2-3 GPE"),
        ("Anna saw the Alps", "3-4 LOC", "2-4 LOC", "2-4 LOC"),
        ("Anna saw the Alps", "3-4 LOC", "", "3-4 GPE"),
        ("a Nobel Prize", "1-3 MISC", "1-3 WORK_OF_ART", "1-3 WORK_OF_ART"),
        ("a Nobel Prize", "1-3 MISC", "1-3 ORG", ""),
        ("a Nobel Prize", "1-3 MISC", "", ""),
        # OntoNotes has no titles in names.
        ("Mr. Darcy came", "0-2 PERSON", "1-2 PERSON", "1-2 PERSON"),
        ("Miss came", "0-1 PERSON", "", "0-1 PERSON"),
        # A date that overlaps a name of the corpus is none.
        ("the Daily Mail", "1-3 ORG", "1-2 DATE", "1-3 ORG"),
    ],
)
def test_what_the_corpus_lacks_the_teacher_says(
    text: str, gold: str, told: str, wanted: str
) -> None:
    assert merged(text.split(), spans(gold), spans(told)) == spans(wanted)


def test_types_of_corpora_become_those_of_ontonotes() -> None:
    sentence = Sentence(
        ("@", "anna", "read", "Emma", "about", "algebra"),
        spans("0-1 PER, 1-2 person, 3-4 book, 5-6 field"),
    )
    assert gold_spans(sentence) == spans("1-2 PERSON, 3-4 WORK_OF_ART")


def test_points_of_a_list_keep_their_spans() -> None:
    plain = [Sentence(("Anna", "saw", "Rome"), spans("0-1 PERSON, 2-3 GPE"))] * 600
    points = list(as_points(plain, random.Random(1)))
    marked = [point for point in points if len(point) > 3]
    assert 60 < len(marked) < 140
    assert {len(point) for point in marked} == {4, 5, 6}
    for point in points:
        assert point.tokens[-3:] == plain[0].tokens
        assert [(s.label, point.tokens[s.start : s.end]) for s in point.spans] == [
            ("PERSON", ("Anna",)),
            ("GPE", ("Rome",)),
        ]
