"""Places: one for each labelled entity, and one for each likely or usual span without a label."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.audit.judgements import Judgement
from ner.extensions.audit.places import NOTICED, Place, find_places, overlap, quoted, says
from ner.extensions.audit.usage import Usage
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import judgement, sentence

NEW_YORK = Span(1, 3, "LOC")
ORG, YORK, ANNA = Span(1, 3, "ORG"), Span(2, 3, "LOC"), Span(0, 1, "PER")


def places(one: Sentence, *judged: Judgement, others: tuple[Sentence, ...] = ()) -> list[Place]:
    corpus = [one, *others]
    return find_places(corpus, {0: [*judged]}, Usage(corpus, [*range(len(corpus))]))


def test_a_label_that_all_find_right() -> None:
    one = sentence("Anna New York", NEW_YORK)
    [place] = places(one, judgement({NEW_YORK: 0.9}, [NEW_YORK]), judgement({NEW_YORK: 0.7}))
    assert (place.number, place.labelled, place.proposed) == (0, NEW_YORK, None)
    assert math.isclose(place.doubt, 0.2)
    assert place.against == 0.5
    assert place.kind == "spurious"


def test_the_likeliest_rival_is_proposed() -> None:
    one = sentence("Anna New York", NEW_YORK)
    [place] = places(one, judgement({NEW_YORK: 0.1, ORG: 0.6, YORK: 0.3}, [ORG], gap=2.0))
    assert (place.proposed, place.kind) == (ORG, "type")
    assert place.gap == 2.0
    [place] = places(one, judgement({NEW_YORK: 0.1, ORG: 0.3, YORK: 0.6}, [YORK]))
    assert (place.proposed, place.kind) == (YORK, "border")


def test_nothing_is_proposed_where_that_is_likelier() -> None:
    one = sentence("Anna New York", NEW_YORK)
    [place] = places(one, judgement({NEW_YORK: 0.1, ORG: 0.2}))
    assert (place.proposed, place.kind) == (None, "spurious")


def test_usage_proposes_where_models_do_not() -> None:
    one = sentence("Anna New York", ORG)
    others = (sentence("in New York", NEW_YORK),) * 4
    [place] = places(one, judgement({ORG: 0.99}, [ORG]), others=others)
    assert (place.proposed, place.kind) == (NEW_YORK, "type")


def test_a_likely_span_without_a_label_is_missed() -> None:
    one = sentence("Anna New York", NEW_YORK)
    found = places(one, judgement({NEW_YORK: 0.9, ANNA: 0.5}, [ANNA]), judgement({NEW_YORK: 0.9}))
    missed = found[-1]
    assert (missed.labelled, missed.proposed, missed.kind) == (None, ANNA, "missed")
    assert missed.doubts == (0.5, 0.0)
    assert missed.against == 0.5
    assert missed.span == ANNA


def test_an_unlikely_one_is_no_place() -> None:
    assert places(sentence("Anna New York"), judgement({ANNA: NOTICED / 2})) == []


def test_of_overlapping_spans_the_likeliest_is_missed() -> None:
    found = places(sentence("Anna New York"), judgement({YORK: 0.3, ORG: 0.2, ANNA: 0.1}))
    assert [place.proposed for place in found] == [YORK, ANNA]


def test_a_usual_entity_without_a_label_is_missed() -> None:
    others = (sentence("in New York", NEW_YORK),) * 4
    found = places(sentence("Anna New York"), judgement({}), others=others)
    assert [(place.proposed, place.doubt) for place in found] == [(NEW_YORK, 0.0)]


def test_overlap() -> None:
    assert overlap(NEW_YORK, YORK)
    assert not overlap(ANNA, NEW_YORK)
    assert overlap(NEW_YORK, replace(NEW_YORK, start=0, end=2))


TOKENS = tuple("abcdef")


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(st.integers(0, len(TOKENS) - 1))
    end = draw(st.integers(start + 1, len(TOKENS)))
    return Span(start, end, draw(st.sampled_from(["LOC", "ORG"])))


@st.composite
def judged(draw: st.DrawFn) -> tuple[Sentence, list[Judgement]]:
    """A sentence with labels that do not overlap, and what up to three models make of it."""
    labelled: list[Span] = []
    for span in draw(st.lists(spans(), max_size=3)):
        if not any(overlap(span, other) for other in labelled):
            labelled.append(span)
    found = []
    for _ in range(draw(st.integers(1, 3))):
        others = draw(st.lists(spans(), max_size=4))
        scores = {span: draw(st.floats(0, 1)) for span in {*labelled, *others}}
        chosen = [span for span in scores if scores[span] > 0.5]
        found.append(judgement(scores, chosen, draw(st.floats(0, 5))))
    return Sentence(TOKENS, tuple(sorted(labelled))), found


@given(judged())
def test_each_label_has_one_place_and_no_other_overlaps_it(
    drawn: tuple[Sentence, list[Judgement]],
) -> None:
    one, models = drawn
    found = places(one, *models)
    assert [place.labelled for place in found if place.labelled] == [*one.spans]
    missed = [place.proposed for place in found if place.labelled is None]
    taken = [*one.spans]
    for span in missed:
        assert span is not None
        assert not any(overlap(span, other) for other in taken)
        taken.append(span)


@given(judged())
def test_doubts_are_probabilities_and_proposals_are_something_else(
    drawn: tuple[Sentence, list[Judgement]],
) -> None:
    one, models = drawn
    for place in places(one, *models):
        assert len(place.doubts) == len(models)
        assert all(0 <= doubt <= 1 for doubt in place.doubts)
        assert 0 <= place.against <= 1
        assert place.proposed != place.labelled
        if place.labelled and place.proposed:
            assert overlap(place.labelled, place.proposed)
        assert place.kind in ("missed", "spurious", "type", "border")


@given(judged())
def test_more_models_that_say_the_same_change_nothing(
    drawn: tuple[Sentence, list[Judgement]],
) -> None:
    one, models = drawn
    for place, again in zip(places(one, *models), places(one, *models, *models), strict=True):
        assert (place.labelled, place.proposed) == (again.labelled, again.proposed)
        assert math.isclose(place.doubt, again.doubt, abs_tol=1e-9)
        assert math.isclose(place.against, again.against, abs_tol=1e-9)


def test_a_span_in_words() -> None:
    one = sentence("in New York", Span(1, 3, "LOC"))
    assert says(one, one.spans[0]) == "“New York” LOC"
    assert quoted(()) == "“”"
