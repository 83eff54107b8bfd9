"""Decisions by characters, and the sentences that follow from them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import (
    Decision,
    InvalidRecord,
    check_entities,
    decided,
    in_same_tokens,
    parse_decision,
    placed_entities,
    token_ranges,
)
from ner.text import PartialLabel, Sentence, Span

SENTENCE = Sentence(
    ("Merkel-led", "talks", "in", "Paris"), (Span(3, 4, "LOC"),), source="a.conll", line=7
)
WORDS = st.text(st.sampled_from("abé中😀-"), min_size=1, max_size=4)


def entities_of(draw: st.DrawFn, tokens: tuple[str, ...]) -> tuple[Span, ...]:
    """Entities that begin and end at characters of tokens and do not overlap."""
    inside = [place for start, end in token_ranges(tokens) for place in range(start, end)]
    chosen = sorted(draw(st.sets(st.sampled_from(inside), max_size=6)))
    pairs = zip(chosen[::2], chosen[1::2], strict=False)
    labels = st.sampled_from(["PER", "LOC"])
    return tuple(Span(start, end + 1, draw(labels)) for start, end in pairs)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Sentence, tuple[Span, ...]]:
    tokens = tuple(draw(st.lists(WORDS, min_size=1, max_size=5)))
    offsets = None
    if draw(st.booleans()):
        position, ranges = draw(st.integers(0, 3)), []
        for token in tokens:
            ranges.append((position, position + len(token)))
            position += len(token) + draw(st.integers(0, 2))
        offsets = tuple(ranges)
    return Sentence(tokens, offsets=offsets), entities_of(draw, tokens)


def test_ranges_of_tokens_have_a_blank_between() -> None:
    assert token_ranges(("a", "bcd", "e")) == [(0, 1), (2, 5), (6, 7)]
    assert token_ranges(()) == []


def test_entities_of_whole_tokens_leave_the_tokens() -> None:
    decision = Decision((Span(0, 10, "MISC"), Span(20, 25, "LOC")))
    found = decided(SENTENCE, decision)
    assert found.spans == (Span(0, 1, "MISC"), Span(3, 4, "LOC"))
    assert (found.tokens, found.offsets) == (SENTENCE.tokens, None)
    assert found.place == "a.conll:7"


def test_a_token_is_split_where_an_entity_ends_in_it() -> None:
    found = decided(SENTENCE, Decision((Span(0, 6, "PER"), Span(20, 25, "LOC"))))
    assert found.tokens == ("Merkel", "-led", "talks", "in", "Paris")
    assert found.spans == (Span(0, 1, "PER"), Span(4, 5, "LOC"))
    assert found.offsets == ((0, 6), (6, 10), (11, 16), (17, 19), (20, 25))


def test_offsets_of_a_text_are_kept_where_a_token_is_split() -> None:
    sentence = Sentence(("(Rome", ")"), offsets=((5, 10), (10, 11)))
    found = decided(sentence, Decision((Span(1, 5, "LOC"),)))
    assert found.tokens == ("(", "Rome", ")")
    assert found.offsets == ((5, 6), (6, 10), (10, 11))


def test_what_is_decided_is_labelled_in_full() -> None:
    partial = (PartialLabel(None, "open"), PartialLabel("", "no"))
    assert decided(Sentence(("a", "b"), partial=partial), Decision(())).partial == ()


def test_entities_of_several_layers_may_overlap() -> None:
    outer, inner = Span(0, 16, "ORG", "outer"), Span(0, 6, "PER", "inner")
    found = decided(SENTENCE, Decision((inner, outer)))
    assert found.spans == (Span(0, 3, "ORG", "outer"), Span(0, 1, "PER", "inner"))


@given(cases())
def test_the_text_and_the_entities_stay(case: tuple[Sentence, tuple[Span, ...]]) -> None:
    sentence, entities = case
    found = decided(sentence, Decision(entities))
    assert "".join(found.tokens) == "".join(sentence.tokens)
    assert all(found.tokens)
    joined = " ".join(sentence.tokens)
    told = [(joined[e.start : e.end].replace(" ", ""), e.label) for e in entities]
    assert told == [("".join(found.tokens[s.start : s.end]), s.label) for s in found.spans]
    if sentence.offsets and found.offsets:
        assert found.offsets[0][0] == sentence.offsets[0][0]
        assert found.offsets[-1][1] == sentence.offsets[-1][1]
    if found.offsets:
        assert [end - start for start, end in found.offsets] == [*map(len, found.tokens)]


@given(cases())
def test_spans_are_placed_and_found_again(case: tuple[Sentence, tuple[Span, ...]]) -> None:
    sentence, entities = case
    found = decided(sentence, Decision(entities))
    placed = placed_entities(found, found.spans)
    assert decided(found, Decision(placed)).spans == found.spans
    again = parse_decision(Decision(placed, accepted=True, note="é\n").to_dict())
    assert again == Decision(placed, accepted=True, note="é\n")


@given(cases(), st.data())
def test_two_decisions_come_to_have_the_same_tokens(
    case: tuple[Sentence, tuple[Span, ...]], data: st.DataObject
) -> None:
    sentence, entities = case
    others = data.draw(st.composite(lambda draw: entities_of(draw, sentence.tokens))())
    before = decided(sentence, Decision(entities)), decided(sentence, Decision(others))
    after = in_same_tokens(*before)
    assert after[0].tokens == after[1].tokens
    for one, other in zip(before, after, strict=True):
        told = ["".join(one.tokens[s.start : s.end]) for s in one.spans]
        assert told == ["".join(other.tokens[s.start : s.end]) for s in other.spans]
        assert [s.label for s in one.spans] == [s.label for s in other.spans]


@pytest.mark.parametrize(
    ("start", "end"),
    [(-1, 3), (3, 3), (4, 2), (10, 12), (0, 11), (16, 17), (0, 26), (10, 11), (25, 26)],
)
def test_entities_stand_at_characters_of_tokens(start: int, end: int) -> None:
    with pytest.raises(InvalidRecord, match="does not begin and end at characters of tokens"):
        check_entities(SENTENCE, [Span(start, end, "PER")])


@pytest.mark.parametrize("label", ["", "a\nb", "\x1b[0m"])
def test_types_have_names(label: str) -> None:
    with pytest.raises(InvalidRecord, match="give it a name"):
        check_entities(SENTENCE, [Span(0, 3, label)])


def test_entities_of_one_layer_do_not_overlap() -> None:
    with pytest.raises(InvalidRecord, match=r"\[4, 10\) overlaps another"):
        check_entities(SENTENCE, [Span(4, 10, "PER"), Span(0, 5, "LOC")])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "is a list, not a decision"),
        ({}, "lacks the field 'entities'"),
        ({"entities": [1], "accepted": True, "note": ""}, "are not objects"),
        ({"entities": [{"start": 0}], "accepted": True, "note": ""}, "lacks the field 'end'"),
        ({"entities": [], "accepted": 1, "note": ""}, "'accepted' is a whole number"),
        ({"entities": [], "accepted": True, "note": None}, "'note' is null, not text"),
    ],
)
def test_what_is_no_decision_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InvalidRecord, match=message):
        parse_decision(value)
