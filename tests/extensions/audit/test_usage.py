"""Usage: votes of other places, of the document, and of places between the same words."""

from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.audit.usage import NONE, PART, Usage, Votes, folded
from ner.text import Sentence, Span
from tests.extensions.audit.corpora import sentence

PARIS = Span(1, 2, "LOC")
CORPUS = [
    sentence("in Paris today", PARIS),
    sentence("in Paris now", PARIS),
    sentence("in Paris today", Span(1, 2, "ORG"), document=1),
    sentence("by Paris Hilton", Span(1, 3, "PER"), document=1),
    sentence("via Paris !", document=1),
]
USAGE = Usage(CORPUS, [0, 0, 1, 1, 1])


def test_other_places_vote() -> None:
    uses = USAGE.uses(0, PARIS)
    assert uses.corpus == Votes(1, 2)
    assert uses.document == Votes(1, 0)
    assert uses.context == Votes(0, 1)


def test_a_label_that_does_not_stand_here_has_all_votes_of_others() -> None:
    assert USAGE.uses(0, Span(1, 2, "ORG")).corpus == Votes(1, 2)
    assert USAGE.uses(4, PARIS).corpus == Votes(2, 1)
    assert USAGE.uses(3, PARIS).corpus == Votes(2, 2)


def test_digits_and_case_do_not_matter_between_the_same_words() -> None:
    corpus = [
        sentence("In 1996 Paris , 12", Span(2, 3, "LOC")),
        sentence("in 2024 Paris , 35", Span(2, 3, "LOC")),
    ]
    assert Usage(corpus, [0, 1]).uses(0, Span(2, 3, "LOC")).context == Votes(1, 0)


def test_a_string_that_is_nowhere_an_entity_has_no_votes() -> None:
    assert USAGE.uses(0, Span(2, 3, "LOC")).corpus == Votes(0, 0)


def test_the_label_at_precisely_these_tokens() -> None:
    assert USAGE.label(3, Span(1, 3, "X")) == "PER"
    assert USAGE.label(3, Span(1, 2, "X")) == PART
    assert USAGE.label(4, Span(1, 2, "X")) == NONE


def test_a_usual_label_needs_places_and_a_large_share() -> None:
    many = [sentence("in Paris today", PARIS)] * 3
    alone = [*many, sentence("via Paris !")]
    usage = Usage(alone, [0] * 4)
    assert usage.usual(3, 1, 2) == "LOC"
    assert usage.usual(0, 1, 2) == NONE  # two others have it, and one none
    assert [*usage.unlabelled()] == [(3, Span(1, 2, "LOC"))]
    assert Usage(alone[1:], [0] * 3).usual(2, 1, 2) == NONE


def test_inside_another_entity_nothing_is_unlabelled() -> None:
    many = [sentence("in Paris today", PARIS)] * 5
    usage = Usage([*many, sentence("by Paris Hilton", Span(1, 3, "PER"))], [0] * 6)
    assert [*usage.unlabelled()] == []


def test_all_places() -> None:
    text = ("Paris",)
    found = [(number, label) for number, place, label in USAGE.places() if place == text]
    assert found == [(0, "LOC"), (1, "LOC"), (2, "ORG"), (4, NONE)]


WORDS = st.sampled_from("aab")


@st.composite
def corpora(draw: st.DrawFn) -> list[Sentence]:
    found = []
    for _ in range(draw(st.integers(1, 6))):
        tokens = tuple(draw(st.lists(WORDS, min_size=1, max_size=5)))
        start = draw(st.integers(0, len(tokens) - 1))
        end = draw(st.integers(start + 1, len(tokens)))
        spans = draw(st.sampled_from([(), (Span(start, end, "X"),), (Span(start, end, "Y"),)]))
        found.append(Sentence(tokens, spans))
    return found


@given(corpora())
def test_votes_are_a_count_of_other_places(corpus: list[Sentence]) -> None:
    usage = Usage(corpus, [0] * len(corpus))
    for number, one in enumerate(corpus):
        for span in one.spans:
            text = one.tokens[span.start : span.end]
            size = len(text)
            others = [
                usage.label(i, Span(j, j + size, ""))
                for i, other in enumerate(corpus)
                for j in range(len(other) - size + 1)
                if other.tokens[j : j + size] == text and (i, j) != (number, span.start)
            ]
            others = [label for label in others if label != PART]
            votes = usage.uses(number, span).corpus
            assert votes == Votes(others.count(span.label), len(others) - others.count(span.label))


def test_words_are_folded_without_case_and_digits() -> None:
    assert [folded(word) for word in ("Paris", "1996-08-31", "")] == ["paris", "0000-00-00", ""]
