"""Evidence: what speaks against a label is above what speaks for it."""

import math

import pytest

from ner.extensions.audit.evidence import Evidence, EvidenceOf, is_quoted, is_slight
from ner.extensions.audit.places import Place
from ner.extensions.audit.usage import Usage, Votes
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import sentence

LOC, ORG = Span(1, 2, "LOC"), Span(1, 2, "ORG")
CORPUS = [sentence("in Paris today", LOC), *[sentence("in Paris now", ORG)] * 3]
DOCUMENTS = [0, 0, 1, 1]


def place(
    labelled: Span | None, proposed: Span | None, doubt: float = 0.5, number: int = 0
) -> Place:
    return Place(number, labelled, proposed, (doubt, doubt), 0.5, 1.0)


def evidence(own: Place, *others: Place, corpus: list[Sentence] = CORPUS) -> Evidence:
    documents = DOCUMENTS[: len(corpus)]
    usage = Usage(corpus, documents)
    return EvidenceOf(corpus, documents, usage, [own, *others])(own)


def test_votes_of_other_places() -> None:
    found = evidence(place(LOC, ORG))
    assert found.labelled_corpus == pytest.approx(math.log(3.5 / 0.5))
    assert found.proposed_corpus == pytest.approx(math.log(3.5 / 0.5))
    assert found.labelled_document == pytest.approx(math.log(1.5 / 0.5))
    assert found.labelled_context == pytest.approx(0.0)
    assert evidence(place(LOC, None)).proposed_corpus == 0.0
    assert evidence(place(None, ORG)).labelled_corpus == 0.0


def test_doubt_is_log_odds_within_bounds() -> None:
    assert evidence(place(LOC, None, 0.5)).doubt == pytest.approx(0.0)
    assert evidence(place(LOC, None, 1.0)).doubt == pytest.approx(math.log(9999))
    assert evidence(place(LOC, None, 0.0)).doubt == pytest.approx(-math.log(9999))
    assert evidence(place(LOC, None)).against == 0.0
    assert evidence(place(LOC, None)).gap == pytest.approx(math.log(2))


def test_the_length_of_a_sentence_is_held_against_the_others() -> None:
    corpus = [sentence("in Paris", LOC), sentence("in Paris and so on today no", LOC)]
    assert evidence(place(LOC, None), corpus=corpus).length < 0
    assert evidence(place(LOC, None, number=1), corpus=corpus).length > 0
    assert evidence(place(LOC, None)).length == pytest.approx(0.0)


def test_kinds_are_told_apart() -> None:
    def flags(own: Place) -> tuple[float, ...]:
        found = evidence(own)
        return found.missed, found.spurious, found.border, found.slight_border

    assert flags(place(None, ORG)) == (1, 0, 0, 0)
    assert flags(place(LOC, None)) == (0, 1, 0, 0)
    assert flags(place(LOC, ORG)) == (0, 0, 0, 0)
    assert flags(place(LOC, Span(0, 2, "LOC"))) == (0, 0, 1, 0)


def test_alike_places_of_a_document_back_one_another() -> None:
    alone = evidence(place(LOC, ORG))
    backed = evidence(place(LOC, ORG), place(LOC, ORG, 0.9, number=1))
    elsewhere = evidence(place(LOC, ORG), place(LOC, ORG, 0.9, number=2))
    other = evidence(place(LOC, ORG), place(LOC, None, 0.9, number=1))
    assert alone.alike == elsewhere.alike == other.alike == 0.0
    assert backed.alike == pytest.approx(0.3)


def test_a_place_at_the_edge() -> None:
    assert evidence(place(LOC, None)).at_edge == 0.0
    assert evidence(place(Span(0, 1, "LOC"), None)).at_edge == 1.0
    assert evidence(place(Span(2, 3, "LOC"), None)).at_edge == 1.0


def test_a_cut_is_seen() -> None:
    corpus = [
        sentence("via New", Span(1, 2, "LOC")),
        sentence("York now", Span(0, 1, "LOC")),
        sentence("New York", Span(0, 2, "LOC")),
    ]
    own = Place(0, Span(1, 2, "LOC"), None, (0.5,), 0.0, 0.0)
    usage = Usage(corpus, [0, 0, 0])
    assert EvidenceOf(corpus, [0, 0, 0], usage, [own])(own).cut == 1.0


@pytest.mark.parametrize(
    ("text", "labelled", "proposed", "slight"),
    [
        ("Mr. Smith said", (1, 2), (0, 2), True),
        ("“ Titanic ” sank", (0, 3), (1, 2), True),
        ("the Beatles sang", (0, 2), (1, 2), True),
        ("Acme Corp . fell", (0, 2), (0, 3), True),
        ("Acme Corp fell", (0, 1), (0, 2), False),
        ("Acme Corp fell", (0, 2), (0, 3), False),
    ],
)
def test_slight_borders(
    text: str, labelled: tuple[int, int], proposed: tuple[int, int], slight: bool
) -> None:
    one, other = Span(*labelled, "X"), Span(*proposed, "X")
    assert is_slight(sentence(text), place(one, other)) == slight
    assert not is_slight(sentence(text), place(one, Span(*proposed, "Y")))


def test_uses_are_those_of_the_two_spans() -> None:
    own = place(LOC, ORG)
    usage = Usage(CORPUS, DOCUMENTS)
    labelled, proposed = EvidenceOf(CORPUS, DOCUMENTS, usage, [own]).uses(own)
    assert labelled.corpus == Votes(0, 3)
    assert proposed.corpus == Votes(3, 0)


@pytest.mark.parametrize(
    ("text", "span", "quoted"),
    [
        ("the film “ Titanic ” sank", (3, 4), True),
        ("the film “ Titanic ” sank", (0, 1), False),
        ("Hector ' Macho ' Camacho won", (0, 5), True),
        ("Anna ( Rome ) won", (2, 3), True),
        ("Anna ( Rome ) won", (4, 5), True),
        ("Anna ( Rome ) won", (0, 1), False),
    ],
)
def test_quoted_spans(text: str, span: tuple[int, int], quoted: bool) -> None:
    assert is_quoted(sentence(text), Span(*span, "X")) == quoted


def test_the_words_of_a_place() -> None:
    corpus = [
        sentence("in Saint Helier now", Span(1, 3, "LOC")),
        sentence("in saint Helier"),
        sentence("Saint now", Span(0, 1, "LOC")),
    ]

    def words(span: Span, proposed: Span | None = None) -> tuple[float, float, float]:
        found = evidence(Place(0, span, proposed, (0.5,), 0.0, 0.0), corpus=corpus)
        return found.rare, found.capitals, found.known

    assert words(Span(1, 3, "LOC")) == (0.0, 1.0, 0.0)
    assert words(Span(0, 2, "LOC")) == (0.0, 0.5, 0.0)
    assert words(Span(1, 3, "LOC"), Span(1, 2, "LOC")) == (0.0, 1.0, 1.0)
    assert words(Span(1, 3, "LOC"), Span(1, 3, "ORG")) == (0.0, 1.0, 0.0)
    alone = [sentence("in Jersey", Span(1, 2, "LOC"))]
    found = evidence(Place(0, Span(1, 2, "LOC"), None, (0.5,), 0.0, 0.0), corpus=alone)
    assert found.rare == 1.0
