"""Places for people: two lines each, whatever they hold."""

from ner.corpus import QueueItem
from ner.extensions.audit.table import format_places
from ner.text import Span


def item(labelled: Span | None, proposed: Span | None, reason: str = "because") -> QueueItem:
    tokens = ("in", "New", "York", "now")
    return QueueItem("x.conll", 7, tokens, "type", 0.934, reason, labelled, proposed)


def test_the_words_stand_once_where_they_are_the_same() -> None:
    [first, second] = format_places([item(Span(1, 3, "LOC"), Span(1, 3, "ORG"))]).splitlines()
    assert first == "  93%  type          x.conll:7  New York LOC → ORG"
    assert second == "       because"


def test_other_borders_and_none() -> None:
    text = format_places([item(Span(1, 3, "LOC"), Span(2, 3, "LOC"))])
    assert "New York LOC → York LOC" in text
    assert "no entity → York LOC" in format_places([item(None, Span(2, 3, "LOC"))])
    assert "New York LOC → no entity" in format_places([item(Span(1, 3, "LOC"), None)])


def test_no_reason_rewrites_a_line() -> None:
    text = format_places([item(None, Span(2, 3, "LOC"), "a\nb\x1b[2J")])
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text


def test_nothing() -> None:
    assert format_places([]) == ""
