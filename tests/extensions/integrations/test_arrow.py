"""Columns of texts as columns of Arrow: nulls, failing texts, types."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.errors import TrainingError
from ner.extensions.integrations.arrow import tag_values
from ner.tagger import Tagger
from ner.text import Document

pytest.importorskip("pyarrow")


class Failing:
    """A tagger that fails at texts with an x, and counts how often it is asked."""

    layers = ()

    def __init__(self, error: BaseException | None = None) -> None:
        self.asked = 0
        self.error = error or TrainingError("it fails\nbadly")

    def __call__(self, text: str) -> Document:
        [document] = self.pipe([text])
        return document

    def pipe(self, texts: Sequence[str | None]) -> list[Document]:
        self.asked += 1
        for text in texts:
            if "x" in (text or ""):
                raise self.error
        return [Document(text or "", ()) for text in texts]


def tagged(tagger: Any, values: Sequence[object]) -> tuple[list[Any], list[str | None]]:
    found = tag_values(tagger, values)
    return found.field("entities").to_pylist(), found.field("error").to_pylist()


def test_entities_are_structs(tiny_tagger: Tagger) -> None:
    text = "Anna visited Rome ."
    [found], errors = tagged(tiny_tagger, [text])
    assert errors == [None]
    assert [(e["start"], e["end"], e["label"], e["text"]) for e in found] == [
        (0, 4, "PER", "Anna"),
        (13, 17, "LOC", "Rome"),
    ]
    assert [e["score"] for e in found] == [e.score for e in tiny_tagger.tag(text)]


def test_layers_are_told(layered_tagger: Tagger) -> None:
    [found], _ = tagged(layered_tagger, ["Carl Maria left ."])
    assert {entity["layer"] for entity in found} <= {"inner", "outer"}
    assert found


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_nulls_stay_nulls(tiny_tagger: Tagger, missing: object) -> None:
    assert tagged(tiny_tagger, [missing, "", "Anna left ."])[0][:2] == [None, []]
    assert tagged(tiny_tagger, [missing]) == ([None], [None])


def test_what_is_no_text_is_told(tiny_tagger: Tagger) -> None:
    found, errors = tagged(tiny_tagger, ["Anna left .", 7, b"Rome"])
    assert found[0]
    assert found[1:] == [None, None]
    assert errors == [
        None,
        "TypeError: text is an int; a text is a str, or None or NaN where it is missing",
        "TypeError: text is a bytes; a text is a str, or None or NaN where it is missing; "
        "decode it first",
    ]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["a", "x", "", None]), max_size=20))
def test_only_texts_that_fail_have_an_error(texts: list[str | None]) -> None:
    found, errors = tagged(Failing(), texts)
    assert errors == ["it fails\\nbadly" if text == "x" else None for text in texts]
    assert found == [None if text in ("x", None) else [] for text in texts]


def test_a_failing_text_is_found_by_halving() -> None:
    tagger = Failing()
    _, errors = tagged(tagger, [*"abcdefgh" * 128, "x"])
    assert errors[-1]
    assert tagger.asked < 25


def test_types_do_not_depend_on_the_content(tiny_tagger: Tagger) -> None:
    types = {
        tag_values(tiny_tagger, values).type for values in ([], [None], ["."], ["Anna left ."])
    }
    assert len(types) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "MemoryError"),
        (ValueError("two\nlines"), r"ValueError: two\nlines"),
        (ValueError("x" * 5000), "ValueError: " + "x" * 988),
    ],
)
def test_a_message_is_one_line(error: Exception, told: str) -> None:
    assert tagged(Failing(error), ["x"]) == ([None], [told])


def test_ctrl_c_is_no_failing_text() -> None:
    with pytest.raises(KeyboardInterrupt):
        tagged(Failing(KeyboardInterrupt()), ["a", "x"])
