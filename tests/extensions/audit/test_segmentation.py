"""Splits between sentences that cut an entity."""

from ner.extensions.audit.places import Place
from ner.extensions.audit.segmentation import cut_at, find_cuts
from ner.text import Span
from tests.extensions.audit.corpora import sentence

NEW_YORK = ("New", "York", "City")
ENTITIES = {NEW_YORK, ("York", "City")}
SPLIT = [sentence("went to New"), sentence("York City today"), sentence("New York City")]


def place(number: int, span: Span) -> Place:
    return Place(number, span, None, (0.5,), 0.0, 0.0)


def test_the_longest_entity_across_a_split_is_found() -> None:
    cuts = find_cuts(SPLIT, [0, 0, 0], ENTITIES)
    assert cuts == {(0, True): NEW_YORK, (1, False): NEW_YORK}


def test_not_between_documents() -> None:
    assert find_cuts(SPLIT, [0, 1, 2], ENTITIES) == {}


def test_a_place_is_cut_at_the_edge_of_its_sentence_alone() -> None:
    cuts = find_cuts(SPLIT, [0, 0, 0], ENTITIES)
    assert cut_at(place(0, Span(2, 3, "LOC")), SPLIT[0], cuts) == NEW_YORK
    assert cut_at(place(0, Span(0, 1, "LOC")), SPLIT[0], cuts) == ()
    assert cut_at(place(1, Span(0, 2, "LOC")), SPLIT[1], cuts) == NEW_YORK
    assert cut_at(place(1, Span(1, 2, "LOC")), SPLIT[1], cuts) == ()
    assert cut_at(place(2, Span(0, 3, "LOC")), SPLIT[2], cuts) == ()


def test_a_single_sentence_has_no_split() -> None:
    assert find_cuts(SPLIT[:1], [0], ENTITIES) == {}
    assert find_cuts([], [], ENTITIES) == {}
