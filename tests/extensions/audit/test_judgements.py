"""Judgements: exact under the model, and kept on disk without loss."""

import math
from pathlib import Path

import pytest

from ner.extensions.audit.judgements import (
    LEAST,
    NOTICEABLE,
    Judgement,
    judge,
    load_judgements,
    pooled,
    save_judgements,
)
from ner.predict import predict, predict_nbest
from ner.text import Sentence, Span
from tests.predict.models import WORDS, random_model

LABELLED = Sentence(WORDS, (Span(0, 1, "PER"), Span(2, 4, "LOC")))
BARE = Sentence(WORDS)


def test_judgements_are_the_probabilities_of_the_model() -> None:
    model = random_model()
    found = judge(model, {3: LABELLED, 5: BARE})
    assert [*found] == [3, 5]
    [analyses] = predict_nbest(model, [WORDS], 10_000)
    by_spans = {one.spans: one.probability for one in analyses}
    for number, sentence in ((3, LABELLED), (5, BARE)):
        one = found[number]
        assert math.isclose(one.labelled, math.log(by_spans[sentence.spans]), abs_tol=1e-6)
        assert math.isclose(one.best, math.log(analyses[0].probability), abs_tol=1e-6)
        assert one.labelled <= one.best + 1e-9
        [(spans, scores)] = predict(model, [WORDS])
        assert one.chosen == {*spans}
        for span, score in zip(spans, scores, strict=True):
            assert score < NOTICEABLE or math.isclose(one.scores[span], score, abs_tol=1e-9)
    assert {*LABELLED.spans} <= {*found[3].scores}
    for span in LABELLED.spans:
        exact = sum(p for spans, p in by_spans.items() if span in spans)
        assert math.isclose(found[3].scores[span], exact, abs_tol=1e-6)


def test_of_an_unknown_type_nothing_is_probable() -> None:
    sentence = Sentence(WORDS, (Span(0, 1, "OTHER"), Span(2, 4, "LOC")))
    one = judge(random_model(), {0: sentence})[0]
    assert one.labelled == LEAST
    assert one.scores[Span(0, 1, "OTHER")] == 0.0


def test_they_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = judge(random_model(), {0: LABELLED, 1: BARE})
    path = tmp_path / "folder" / "one.jsonl"
    save_judgements(path, found)
    assert load_judgements(path, [LABELLED, BARE]) == found


@pytest.mark.parametrize(
    "text",
    ["{", "1\n", "[1]\n", '["a", -1.0, -1.0, []]\n', "[7, -1, -1, []]\n", '[0, "x", -1, []]\n',
     '[0, -1, -1, [[5, 9, "PER", 0.5, true]]]\n', '[0, -1, -1, [[3, 3, "PER", 0.5, true]]]\n',
     "[0, -1, -1, [[1, 2]]]\n"],
)  # fmt: skip
def test_what_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(text)
    with pytest.raises((ValueError, LookupError, TypeError)):
        load_judgements(path, [LABELLED])


def test_pooled_by_sentence() -> None:
    one, other, third = (Judgement(-p, -p, {}, frozenset()) for p in (1.0, 2.0, 3.0))
    assert pooled([{1: one}, {0: other}, {1: third}]) == {0: [other], 1: [one, third]}
    assert [*pooled([{1: one}, {0: other}])] == [0, 1]
