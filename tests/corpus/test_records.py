"""Fields of records: what is not as it should be is described, and never taken for something."""

import contextlib
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.records import (
    CharacterSpan,
    InvalidRecord,
    ParseContext,
    TaggedRecord,
    field_of,
    is_list_of,
    kind_of,
    named_label,
    offset_entity,
    parse_json,
    triple_entity,
)
from ner.errors import CorpusError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | st.text("aO-"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["start", "end", "label", "text"]), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_entities_are_whole_or_invalid(value: Any) -> None:
    for make in (offset_entity, triple_entity):
        found: list[type] = []
        with contextlib.suppress(InvalidRecord):
            found = [*map(type, make(value, "A,B")[:3])]
        assert found in ([], [int, int, str])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "an entity is a list, not an object with start, end and label"),
        ({"start": 0, "end": 1}, "lacks the field 'label', which is text"),
        ({"start": 0, "end": 1, "label": None}, "'label' is null, not text"),
        ({"start": True, "end": 1, "label": "A"}, "'start' is True, not a whole number"),
        ({"start": 0, "end": 1, "label": 2}, "the labels are numbers; .* --labels PER,LOC,…"),
    ],
)
def test_wrong_entities_are_described(value: Any, message: str) -> None:
    with pytest.raises(InvalidRecord, match=message):
        offset_entity(value)


def test_types_may_be_numbers_with_names() -> None:
    assert triple_entity([0, 3, 1], "PER, LOC") == CharacterSpan(0, 3, "LOC")
    item = {"start_offset": 0, "end_offset": 3, "label": 0, "text": "Ada"}
    entity = offset_entity(item, "PER", "start_offset", "end_offset")
    assert entity == CharacterSpan(0, 3, "PER", "Ada")
    for number, labels, message in [
        (2, "PER,LOC", "the label 2 has no name among the 2 of --labels"),
        (-1, "PER,LOC", "the label -1 has no name"),
        (True, "PER", "the tag True is neither a name nor a number"),
        (0, "", "the labels are numbers"),
    ]:
        with pytest.raises(InvalidRecord, match=message):
            named_label(number, labels)


@given(VALUES)
def test_fields_have_the_kind_that_is_asked_for(value: Any) -> None:
    for kind in (str, list, dict, int):
        if type(value) is kind:
            assert field_of({"x": value}, "x", kind) is value
        else:
            with pytest.raises(InvalidRecord, match=re.escape(f"'x' is {kind_of(value)}, not ")):
                field_of({"x": value}, "x", kind)


def test_lists_are_told_by_their_items() -> None:
    assert is_list_of([], str)
    assert is_list_of(["a", 1], str, int)
    assert not is_list_of(["a", True], str, int)
    assert not is_list_of("ab", str)


def test_a_line_that_is_not_json_says_what_it_should_hold() -> None:
    assert parse_json(json.dumps({"a": [1]}), "a text") == {"a": [1]}
    for line in ("{", "[" * 100_000):
        with pytest.raises(InvalidRecord, match="each line is one object with a text"):
            parse_json(line, "a text")


def test_a_part_of_a_record_keeps_what_belongs_to_its_tokens() -> None:
    offsets = ((0, 1), (1, 2), (3, 4))
    record = TaggedRecord(["a", "b", "c"], ["O", "B-X", "I-X"], [4, 5, 9], 2, offsets)
    part = TaggedRecord(["b", "c"], ("B-X", "I-X"), [5, 9], 2, ((1, 2), (3, 4)))
    assert record.of(range(1, 3)) == record.of([1, 2]) == part
    assert record._replace(offsets=None).of([0]).offsets is None


def test_errors_are_reported_with_their_line() -> None:
    with pytest.raises(CorpusError, match=r"^in\.txt:7: no sense$"):
        ParseContext("in.txt", DataConfig(), Diagnostics()).error(7, "no sense")
    collecting = Diagnostics(collect=True)
    ParseContext("in.txt", DataConfig(), collecting).error(7, "no sense")
    assert [str(problem) for problem in collecting.errors.first] == ["in.txt:7: no sense"]
