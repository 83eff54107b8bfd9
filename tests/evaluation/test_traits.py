import pytest

from ner.evaluation.traits import (
    CAPITALS,
    LENGTHS,
    SEEN,
    TEXTS,
    capitals_of,
    document_kinds,
    known_entities,
    length_of,
    main_type,
    seen_as,
    texts_of,
)
from ner.text import Sentence, Span


def _sentence(text: str, document: int = 0) -> Sentence:
    return Sentence(tuple(text.split()), document=document)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SOCCER - [JAPAN] GET LUCKY WIN .", "sentence in capitals"),
        ("[U.S.]", "sentence in capitals"),
        ("the [EU] said", "all capitals"),
        ("the [3M] said", "all capitals"),
        ("in [New York] today", "capitalised"),
        ("[1. FC Koeln] won", "capitalised"),
        ("like [anna] said", "lower-case"),
        ("the [al-Qaeda] said", "mixed"),
        ("in [1996] it", "no case"),
        ("[北 京] 很 大", "no case"),
    ],
)
def test_capitals(text: str, kind: str) -> None:
    before, inside, after = (
        part.split() for part in text.replace("[", "|").replace("]", "|").split("|")
    )
    sentence = Sentence((*before, *inside, *after))
    assert capitals_of(sentence, Span(len(before), len(before) + len(inside), "X")) == kind
    assert kind in CAPITALS


def test_how_words_were_seen() -> None:
    train = [
        Sentence(("Paris", "met", "Rome"), (Span(0, 1, "PER"), Span(2, 3, "LOC"))),
        Sentence(("Paris", "is", "New", "York"), (Span(0, 1, "LOC"), Span(2, 4, "LOC"))),
    ]
    known = known_entities(train)
    asked = Sentence(("Paris", "Rome", "New", "York", "york"))
    found = {
        (1, 2, "LOC"): "as this type",
        (0, 1, "LOC"): "as this and others",
        (0, 1, "PER"): "as this and others",
        (0, 1, "ORG"): "as others",
        (2, 4, "LOC"): "as this type",
        (2, 3, "LOC"): "not seen",
        (4, 5, "LOC"): "not seen",  # case counts
    }
    assert {key: seen_as(asked, Span(*key), known) for key in found} == found
    assert {*found.values()} == {*SEEN}


PROSE = "Nissan said on Monday that it will close a plant ."


@pytest.mark.parametrize(
    ("text", "alone", "beside"),
    [
        ("SOCCER - JAPAN GET LUCKY WIN .", "headline", "headline"),
        ("JERUSALEM POST", "fragment", "table"),
        ("LONDON 1996-08-30", "fragment", "table"),
        ("HULL 0 BARNET 0 LEEDS 1 YORK 2", "fragment", "table"),
        ("2. Anna Smith ( Britain ) 1:55.371 seconds", "fragment", "table"),
        ("Leicestershire v Somerset", "fragment", "table"),
        ("Zhang Ning ( China ) beat Olivia 11-8 11-6", "fragment", "table"),
        ("Iraq 's Saddam meets Russia 's Zhirinovsky .", "prose", "prose"),
        (PROSE, "prose", "prose"),
        ("i love new york", "prose", "prose"),
        ("李 先 生 , 1960 年 出 生", "prose", "prose"),
    ],
)
def test_kinds_of_text(text: str, alone: str, beside: str) -> None:
    """Among prose, and beside a line of a table."""
    texts = texts_of([_sentence(PROSE), _sentence(text), _sentence(PROSE)])
    assert texts == ["prose", alone, "prose"]
    assert texts_of([_sentence(text), _sentence("Barnet 3 0 1 2")])[0] == beside
    assert texts_of([_sentence("Barnet 3 0 1 2"), _sentence(text)])[1] == beside
    assert {alone, beside} <= {*TEXTS}


def test_a_line_of_another_document_is_no_neighbour() -> None:
    lines = [_sentence("Hull 0 Barnet 0"), _sentence("York 0 Leeds 1", document=1)]
    assert texts_of(lines) == ["fragment", "fragment"]
    other = Sentence(lines[1].tokens, source="other")
    assert texts_of([lines[0], other]) == ["fragment", "fragment"]
    assert texts_of([lines[0], lines[0]]) == ["table", "table"]


def test_sentences_of_nothing() -> None:
    assert texts_of([]) == []
    assert texts_of([Sentence(())]) == ["fragment"]


@pytest.mark.parametrize(("tokens", "group"), [*enumerate([*LENGTHS, LENGTHS[3]], 1)])
def test_length(tokens: int, group: str) -> None:
    assert length_of(Span(2, 2 + tokens, "X")) == group


def _labelled(document: int, *labels: str) -> Sentence:
    spans = tuple(Span(number, number + 1, label) for number, label in enumerate(labels))
    return Sentence(("x",) * 5, spans, document=document)


@pytest.mark.parametrize(
    ("labels", "first"),
    [
        ([["PER", "PER"], ["LOC"]], "PER"),
        ([["PER"], ["LOC", "LOC"]], "LOC"),
        ([["PER"], ["LOC"]], None),
        ([[]], None),
        ([], None),
    ],
)
def test_the_main_type_is_alone_the_most_frequent(
    labels: list[list[str]], first: str | None
) -> None:
    assert main_type(_labelled(0, *each) for each in labels) == first


def test_document_kinds_are_those_of_whole_documents() -> None:
    sentences = [
        _labelled(0, "PER"), _labelled(0, "PER", "LOC"), _labelled(1, "LOC"), _labelled(2)
    ]  # fmt: skip
    assert document_kinds(sentences) == ["mostly PER"] * 2 + ["mostly LOC", "of no main type"]
    assert document_kinds(sentences[:2]) == []
    assert document_kinds([]) == []
