"""Windows: every token once, and what is stitched is what the whole sentence shows."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.predict.engines import tag_decoder
from ner.predict.predictions import predict
from ner.predict.windows import OVERLAP, WINDOW, windows
from tests.predict.models import WORDS, forgetful_model, restless_model, whole

sizes = st.integers(2, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@given(length=st.integers(0, 400), size_overlap=sizes)
def test_windows_cover_every_token_once(length: int, size_overlap: tuple[int, int]) -> None:
    size, overlap = size_overlap
    cut = windows(length, size, overlap)
    kept = [position for w in cut for position in range(w.keep_start, w.keep_end)]
    assert kept == list(range(length))
    for w in cut:
        assert 0 <= w.start <= w.keep_start <= w.keep_end <= w.end <= length
        assert w.end - w.start <= size
    for one, other in pairwise(cut):
        assert one.end - other.start == overlap
        # a token near the cut has half of the overlap as its context, on either side of it
        assert other.keep_start - other.start == overlap // 2
        assert one.end - one.keep_end == overlap - overlap // 2


@given(length=st.integers(0, 60), size=st.integers(60, 70))
def test_what_fits_is_one_window(length: int, size: int) -> None:
    assert windows(length, size, 8) == [(0, length, 0, length)]


@pytest.mark.parametrize("length", [WINDOW, WINDOW + 1, 2 * WINDOW - OVERLAP, 1300, 3000])
def test_windows_do_not_change_what_tokens_alone_decide(length: int) -> None:
    model = forgetful_model()
    tokens = [WORDS[(i * i + i // 7) % len(WORDS)] for i in range(length)]
    [found] = predict(model, [tokens])
    emissions, lengths, decoder = whole(model, tokens), np.array([length]), tag_decoder(model)
    tags = decoder.decode(emissions, lengths)
    positions = [(0, span.start, span.end) for span in found.spans]
    scores = decoder.span_scores(emissions, lengths, tags, positions)
    inside = {position for span in found.spans for position in range(span.start, span.end)}
    assert inside == {i for i, number in enumerate(tags[0].tolist()) if number != 0}
    assert found.scores == pytest.approx(scores, abs=1e-4)
    assert found.spans


def test_of_a_long_sentence_nothing_is_dropped() -> None:
    [found] = predict(restless_model(), [["Anna", "York", "visited"] * 1000])
    assert found.spans[0].start == 0
    assert found.spans[-1].end == 3000
    assert all(one.end == other.start for one, other in pairwise(found.spans))
