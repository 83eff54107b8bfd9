"""The ranking: likeliest first, of the right kind, with reasons in words."""

from ner.extensions.audit.judgements import Judgement
from ner.extensions.audit.ranking import LEAST, rank
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import judgement, sentence

LOC, ORG = Span(1, 2, "LOC"), Span(1, 2, "ORG")
CORPUS = [
    sentence("in Paris today", LOC, line=1),
    sentence("in Paris now", ORG, line=5),
    sentence("via Paris !", LOC, line=9),
    sentence("by Paris .", LOC, line=13),
]
JUDGED = {
    0: [judgement({LOC: 0.99}, [LOC])] * 3,
    1: [judgement({ORG: 0.01, LOC: 0.98}, [LOC], gap=5.0)] * 3,
    2: [judgement({LOC: 0.9}, [LOC])] * 3,
    3: [judgement({LOC: 0.9}, [LOC])] * 3,
}


def test_the_likeliest_mistake_comes_first() -> None:
    items, _ = rank(CORPUS, JUDGED)
    first = items[0]
    assert (first.source, first.line, first.tokens) == ("x.conll", 5, ("in", "Paris", "now"))
    assert (first.labelled, first.proposed, first.kind) == (ORG, LOC, "type")
    assert all(LEAST <= item.score <= 1 for item in items)
    assert [item.score for item in items] == sorted((i.score for i in items), reverse=True)


def test_the_reason_is_in_words() -> None:
    first = rank(CORPUS, JUDGED)[0][0]
    assert first.reason == (
        "3 of 3 models contradict (99% on average); proposed: “Paris” LOC; "
        "the best analysis of the sentence is 148 times as probable as its labels; "
        "“Paris” ORG in 0 of 3 other places, 0 of 3 of this document; "
        "“Paris” LOC in 3 of 3 other places, 3 of 3 of this document"
    )


def test_a_label_that_differs_from_others_and_that_models_believe_is_inconsistent() -> None:
    judged = {**JUDGED, 1: [judgement({ORG: 0.6, LOC: 0.3}, [ORG])]}
    items, _ = rank(CORPUS, judged)
    [own] = [item for item in items if item.line == 5]
    assert (own.kind, own.proposed) == ("inconsistent", LOC)


def test_a_near_duplicate_makes_a_label_inconsistent() -> None:
    words = "the match between Leeds and York was abandoned at"
    leeds, club = Span(3, 4, "LOC"), Span(3, 4, "ORG")
    corpus = [sentence(f"{words} noon", leeds), sentence(f"{words} NOON", club, line=12)]
    judged = {0: [judgement({leeds: 0.8, club: 0.2})], 1: [judgement({club: 0.6, leeds: 0.4})]}
    items, _ = rank(corpus, judged)
    assert {(item.line, item.kind) for item in items} == {(1, "inconsistent"), (12, "inconsistent")}
    [own] = [item for item in items if item.line == 1]
    assert own.reason.endswith(
        "; 1 of 1 near duplicates of the sentence are labelled otherwise, as x.conll:12: "
        "“Leeds” ORG"
    )


def test_a_cut_entity_is_of_the_segmentation() -> None:
    corpus = [
        sentence("via New", Span(1, 2, "LOC")),
        sentence("York now", Span(0, 1, "LOC"), line=4),
        sentence("New York", Span(0, 2, "LOC"), line=7),
    ]
    judged = {0: [judgement({Span(1, 2, "LOC"): 0.2})], 1: [judgement({Span(0, 1, "LOC"): 0.2})]}
    items, _ = rank(corpus, judged)
    assert {item.kind for item in items} == {"segmentation"}
    assert "“New York”, an entity elsewhere, is cut by a split between sentences" in items[0].reason


def test_a_slight_border_is_told() -> None:
    one = sentence("Mr. Smith said", Span(1, 2, "PER"))
    judged = {0: [judgement({Span(1, 2, "PER"): 0.1, Span(0, 2, "PER"): 0.9}, [Span(0, 2, "PER")])]}
    [item] = rank([one], judged)[0]
    assert item.kind == "border"
    assert "a quote, a title or a full stop alone" in item.reason


def test_no_entity_is_proposed_for_a_spurious_one() -> None:
    one = sentence("the dog said", Span(1, 2, "PER"))
    [item] = rank([one], {0: [judgement({Span(1, 2, "PER"): 0.05})]})[0]
    assert (item.kind, item.proposed) == ("spurious", None)
    assert item.reason.endswith("proposed: no entity")


def test_nothing_judged_gives_no_places() -> None:
    nothing: dict[int, list[Judgement]] = {}
    assert rank(CORPUS, nothing) == ([], [])
    empty: list[Sentence] = []
    assert rank(empty, nothing) == ([], [])
