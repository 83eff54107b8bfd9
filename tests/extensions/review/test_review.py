"""The state of a review: decisions checked, saved, taken back; two who see different versions."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.corpus import Decision, read_journal
from ner.errors import UsageError
from ner.extensions.review.proposals import Proposals
from ner.extensions.review.review import Change, Conflict, Review, check_name
from ner.text import Sentence, Span
from tests.extensions.review.conftest import Make

ANNA, YORK = Span(0, 4, "PER"), Span(13, 21, "LOC")


def accepted(*entities: Span, version: int = 0) -> Change:
    return Change(version, Decision(entities, accepted=True))


def test_sentences_begin_with_the_labels_of_the_file(review: Review) -> None:
    assert review.decision(0) == Decision((ANNA, YORK))
    assert review.decision(1) == Decision(())
    assert review.statuses() == "ooo"
    assert review.types == [("", "LOC"), ("", "ORG"), ("", "PER")]
    assert review.result() == list(review.sentences)


def test_a_decision_changes_a_sentence_and_its_version(review: Review) -> None:
    assert review.decide({1: accepted(Span(0, 4, "PER"))}) == [1]
    assert (review.version(0), review.version(1)) == (0, 1)
    assert review.statuses() == "oao"
    assert review.result()[1].spans == (Span(0, 1, "PER"),)


def test_who_saw_an_older_version_is_told_and_changes_nothing(review: Review) -> None:
    review.decide({1: accepted()})
    with pytest.raises(Conflict) as conflict:
        review.decide({0: accepted(), 1: accepted(Span(0, 4, "PER"))})
    assert conflict.value.numbers == [1]
    assert review.statuses() == "oao"
    assert review.decision(1).entities == ()
    review.decide({1: accepted(Span(0, 4, "PER"), version=1)})
    assert review.version(1) == 2


def test_a_stroke_is_taken_back_whole(review: Review) -> None:
    review.decide({0: accepted(), 2: accepted(Span(0, 4, "LOC"))})
    assert review.undo() == [0, 2]
    assert review.statuses() == "ooo"
    assert review.decision(0) == Decision((ANNA, YORK))
    assert review.redo() == [0, 2]
    assert review.statuses() == "aoa"
    assert (review.can_undo, review.can_redo) == (True, False)
    assert review.redo() == []


def test_nothing_is_taken_back_before_anything_is_done(review: Review) -> None:
    assert review.undo() == []
    assert review.version(0) == 0


def test_taking_back_changes_the_version_too(review: Review) -> None:
    review.decide({0: accepted()})
    review.undo()
    with pytest.raises(Conflict):
        review.decide({0: accepted(version=1)})
    review.decide({0: accepted(version=2)})


def test_taking_back_goes_on_after_a_new_start(make: Make, journal: Path) -> None:
    review = make()
    review.decide({0: accepted()})
    review.decide({0: accepted(Span(0, 4, "ORG"), version=1)})
    [*lines] = journal.read_text().splitlines()
    assert len(lines) == 3
    found = [r.sentence.spans for r in read_journal(journal)]
    assert found[0] == (Span(0, 1, "ORG"),)


@pytest.mark.parametrize(
    ("number", "entities", "message"),
    [
        (3, [], "there is no sentence 3; there are 3"),
        (0, [Span(4, 5, "PER")], r"a\.conll:1: the entity \[4, 5\) does not begin"),
        (0, [ANNA, ANNA], "overlaps another one"),
        (0, [Span(0, 4, "WORK OF ART")], "is no name of a type"),
    ],
)
def test_what_cannot_be_is_refused_and_not_saved(
    review: Review, journal: Path, number: int, entities: list[Span], message: str
) -> None:
    before = journal.read_bytes()
    with pytest.raises(UsageError, match=message):
        review.decide({1: accepted(), number: Change(0, Decision(tuple(entities)))})
    assert journal.read_bytes() == before
    assert review.statuses() == "ooo"


def test_new_types_are_the_last(make: Make) -> None:
    review = make(types=[("", "PER"), ("", "DATE")])
    assert review.types == [("", "PER"), ("", "DATE"), ("", "LOC"), ("", "ORG")]
    review.decide({0: accepted(Span(0, 4, "ANIMAL"))})
    assert review.types[-1] == ("", "ANIMAL")


@pytest.mark.parametrize("name", ["", "A B", "a,b", "a:b", "a\n", "x" * 101])
def test_names_of_types_are_those_that_all_formats_hold(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a type"):
        check_name(name)


@pytest.mark.parametrize(
    ("layers", "layer", "known"),
    [
        ((), "inner", "none"),
        (("outer", "inner"), "other", "outer, inner"),
        (("outer",), "", "outer"),
    ],
)
def test_new_types_are_of_layers_that_there_are(
    make: Make, layers: tuple[str, ...], layer: str, known: str
) -> None:
    review = make(layers=layers)
    with pytest.raises(UsageError, match=f"there is no tag layer {layer!r}; there are: {known}"):
        review.decide({1: accepted(Span(0, 4, "ANIMAL", layer))})
    kind = (layers[-1] if layers else "", "ANIMAL")
    review.decide({1: accepted(Span(0, 4, kind[1], kind[0]))})
    assert review.types[-1] == kind


YORKS = {0: [(13, 21)], 1: [(10, 18)]}


def test_all_places_get_a_type_in_one_stroke(review: Review) -> None:
    assert review.label_all(YORKS, ("", "CITY")) == [1]  # the first has another type
    assert review.decision(1).entities == (Span(10, 18, "CITY"),)
    assert review.statuses() == "oco"
    review.undo()
    assert review.label_all(YORKS, ("", "CITY"), replace=True) == [0, 1]
    assert review.decision(0).entities == (ANNA, Span(13, 21, "CITY"))
    assert review.undo() == [0, 1]
    assert review.decision(0).entities == (ANNA, YORK)


def test_places_within_other_entities_are_left_alone(review: Review) -> None:
    assert review.label_all({0: [(13, 16)]}, ("", "CITY"), replace=True) == []
    assert not review.can_undo


def test_all_places_lose_their_entities_in_one_stroke(review: Review) -> None:
    assert review.label_all(YORKS, ("", "")) == [0]
    assert review.decision(0).entities == (ANNA,)


def test_labelling_all_places_leaves_what_else_is_known(review: Review) -> None:
    review.decide({1: Change(0, Decision((), accepted=True, note="sure"))})
    review.label_all(YORKS, ("", "LOC"))
    assert review.decision(1) == Decision((Span(10, 18, "LOC"),), accepted=True, note="sure")


class Fixed(Proposals):
    """Proposals that are known."""

    def __init__(self, entities: dict[int, tuple[Span, ...]]) -> None:
        self._entities = entities

    def entities(self, number: int) -> tuple[Span, ...]:
        return self._entities.get(number, ())


def test_text_without_labels_begins_with_what_is_proposed(make: Make) -> None:
    review = make(unlabelled=True, proposals=Fixed({1: (Span(0, 4, "PER"),)}))
    assert review.decision(1) == Decision((Span(0, 4, "PER"),))
    assert review.statuses() == "ooo"
    assert review.result() == []
    review.decide({1: Change(0, Decision((Span(0, 4, "PER"),)))})
    assert review.result() == []
    review.decide({1: accepted(Span(0, 4, "PER"), version=1)})
    assert [sentence.spans for sentence in review.result()] == [(Span(0, 1, "PER"),)]


STEPS = st.lists(
    st.one_of(
        st.sampled_from(["undo", "redo"]),
        st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([(), (Span(0, 4, "PER"),)])),
    ),
    max_size=15,
)


@given(STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_journal_tells_all_that_the_review_knows(
    make: Make, journal: Path, sentences: list[Sentence], steps: list[Any]
) -> None:
    journal.unlink(missing_ok=True)
    review = make()
    for step in steps:
        if isinstance(step, str):
            getattr(review, step)()
        else:
            number, is_accepted, entities = step
            version = review.version(number)
            review.decide({number: Change(version, Decision(entities, accepted=is_accepted))})
    read = read_journal(journal)
    assert [found.sentence.spans for found in read] == [s.spans for s in review.result()]
    assert "".join("a" if found.accepted else "-" for found in read) == (
        review.statuses().replace("c", "-").replace("o", "-")
    )
