"""Spans of sentences, drawn."""

from hypothesis import strategies as st

from ner.text import Span

Row = list[Span]


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Spans that do not overlap, as tags have them."""
    spans, position = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), max_size=5)):
        start = position + gap
        spans.append(Span(start, start + length, draw(st.sampled_from(["PER", "LOC", "ORG"]))))
        position = start + length
    return spans
