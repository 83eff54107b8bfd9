"""Queues: written and read without loss, refused by line."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner.corpus import QueueItem, read_queue, write_queue
from ner.errors import CorpusError
from ner.text import Span

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=5)


@st.composite
def items(draw: st.DrawFn) -> QueueItem:
    tokens = tuple(draw(st.lists(WORDS, min_size=1, max_size=6)))
    places = st.integers(0, len(tokens) - 1)
    spans = st.builds(
        lambda one, other, label: Span(min(one, other), max(one, other) + 1, label),
        places, places, WORDS,
    )  # fmt: skip
    return QueueItem(
        draw(WORDS),
        draw(st.integers(1, 9)),
        tokens,
        draw(WORDS),
        draw(st.floats(0, 1)),
        draw(WORDS),
        draw(st.none() | spans),
        draw(st.none() | spans),
    )


@given(st.lists(items(), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_queue_is_read_as_it_was_written(tmp_path: Path, queue: list[QueueItem]) -> None:
    write_queue(tmp_path / "queue.jsonl", queue)
    assert read_queue(tmp_path / "queue.jsonl") == queue


GOOD = QueueItem("a.txt", 3, ("Rare", "song"), "missed", 0.5).to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tokens": []}, "'tokens' are not the words of a sentence"),
        ({"tokens": [1]}, "'tokens' are not the words of a sentence"),
        ({"score": "high"}, "'score' is text, not a number"),
        ({"score": True}, "'score' is True, not a number"),
        ({"line": "3"}, "'line' is text, not a whole number"),
        ({"labelled": {"start": 1, "end": 3, "label": "X"}}, "is [1, 3), outside of 2 tokens"),
        ({"proposed": {"start": 1, "end": 1, "label": "X"}}, "is [1, 1), outside of 2 tokens"),
        ({"proposed": {"start": 0, "end": 1}}, "lacks the field 'label'"),
        ({"proposed": [0, 1]}, "'proposed' is a list, not an object"),
    ],
)
def test_what_is_no_place_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    lines = [json.dumps(GOOD), "", json.dumps(GOOD | change)]
    (tmp_path / "queue.jsonl").write_text("\n".join(lines))
    with pytest.raises(CorpusError) as caught:
        read_queue(tmp_path / "queue.jsonl")
    assert str(caught.value).startswith(f"{tmp_path}/queue.jsonl:3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("line", ["[]", "3", "{", "EU NNP B-NP B-ORG"])
def test_a_line_that_is_no_object_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "queue.jsonl").write_text(line)
    with pytest.raises(CorpusError, match=r"queue\.jsonl:1: is "):
        read_queue(tmp_path / "queue.jsonl")
