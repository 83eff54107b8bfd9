"""Spans of a whole batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.predict.spans import spans_in
from ner.tags import spans_of, tag_set

NAMES = {name: tuple(tag_set(["PER", "LOC"], name)) for name in ("iobes", "iob2", "io", "iob1")}


@pytest.mark.slow
@pytest.mark.parametrize("scheme", NAMES)
@given(data=st.data())
def test_spans_in_a_batch_are_those_of_its_rows(scheme: str, data: st.DataObject) -> None:
    """Legal or not; O stands beyond the end of a sentence."""
    names = NAMES[scheme]
    row = st.lists(st.integers(0, len(names) - 1), min_size=1, max_size=7)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    size = max(map(len, rows))
    tags = np.array([[*numbers, *[0] * (size - len(numbers))] for numbers in rows])
    expected = [
        (number, span)
        for number, numbers in enumerate(rows)
        for span in spans_of(names[tag] for tag in numbers)
    ]
    assert spans_in(tags, names) == expected
