import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import seqeval.metrics
import seqeval.scheme
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from ner.errors import CorpusError, NerError, UsageError
from ner.evaluation import analyse_mistakes, evaluate_spans
from ner.evaluation.by_seqeval import seqeval_report
from ner.evaluation.scores import (
    Report,
    check_layers,
    count,
    format_report,
    score,
    score_sentences,
)
from ner.tags import spans_of, tags_of
from ner.text import PartialLabel, Sentence, Span

GOLDEN = Path(__file__).parents[1] / "golden" / "evaluation" / "sequences.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
LABELS = ["PER", "LOC", "a-b", "B", "O", "_", "地"]

Rows = list[list[str]]


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def tags(letters: str) -> st.SearchStrategy[str]:
    tag = st.builds("{}-{}".format, st.sampled_from(letters), st.sampled_from(LABELS))
    return st.one_of(st.just("O"), tag)


@st.composite
def rows_of_tags(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Gold and predicted tags of the same lengths, legal or not, in any letters seqeval knows."""
    lengths = draw(st.lists(st.integers(0, 8), max_size=5))
    tag = tags(draw(st.sampled_from(["BI", "I", "BIES"])))
    gold, predicted = (
        [draw(st.lists(tag, min_size=length, max_size=length)) for length in lengths]
        for _ in range(2)
    )
    return gold, predicted


@st.composite
def rows_of_spans(draw: st.DrawFn) -> tuple[list[list[Span]], list[list[Span]], list[int]]:
    """Gold and predicted spans of the same sentences, and the lengths of these."""
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=5))
    gold, predicted = ([spans_of(draw(legal_tags(n))) for n in lengths] for _ in range(2))
    return gold, predicted, lengths


def legal_tags(length: int) -> st.SearchStrategy[list[str]]:
    return st.lists(tags("BI"), min_size=length, max_size=length)


def fast_report(gold: Rows, predicted: Rows) -> Report:
    return score(count(map(spans_of, gold), map(spans_of, predicted)))


def assert_equal(one: Report, other: Report) -> None:
    """Equal, but for the last digit of averages: those are summed in another order."""
    assert one.per_type == other.per_type
    assert list(one.per_type) == list(other.per_type)
    for name in ("precision", "recall", "f1", "support", "predicted", "correct", "sentences"):
        assert getattr(one, name) == getattr(other, name)
    for mine, theirs in [(one.macro, other.macro), (one.weighted, other.weighted)]:
        assert mine.to_dict() == pytest.approx(theirs.to_dict())


@pytest.mark.slow
@given(st.lists(tags("BIES")))
def test_spans_are_those_of_seqeval(row: list[str]) -> None:
    expected = [(label, start, end + 1) for label, start, end in get_entities(row)]
    assert [(span.label, span.start, span.end) for span in spans_of(row)] == expected


@pytest.mark.slow
@given(rows_of_tags())
def test_fast_counter_equals_seqeval(rows: tuple[Rows, Rows]) -> None:
    assert_equal(fast_report(*rows), seqeval_report(*rows))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_golden_sequences(case: dict[str, Any]) -> None:
    report = fast_report(case["gold"], case["predicted"])
    found = {
        label: [row.support, row.predicted, row.correct] for label, row in report.per_type.items()
    }
    assert found == case["expected"]
    assert_equal(report, seqeval_report(case["gold"], case["predicted"]))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "strict"),
    [
        ("iob1", seqeval.scheme.IOB1),
        ("iob2", seqeval.scheme.IOB2),
        ("iobes", seqeval.scheme.IOBES),
        ("bilou", seqeval.scheme.BILOU),
    ],
)
@given(rows_of_spans())
def test_strict_mode_agrees_on_legal_tags(
    scheme: str, strict: Any, rows: tuple[list[list[Span]], list[list[Span]], list[int]]
) -> None:
    *both, lengths = rows
    gold, predicted = (
        [tags_of(spans, n, scheme) for spans, n in zip(row, lengths, strict=True)] for row in both
    )
    report = score(count(*both))
    for average, mine in [("micro", report), ("macro", report.macro)]:
        if not report.per_type:
            continue
        found = [
            measure(gold, predicted, mode="strict", scheme=strict, average=average, zero_division=0)
            for measure in (
                seqeval.metrics.precision_score,
                seqeval.metrics.recall_score,
                seqeval.metrics.f1_score,
            )
        ]
        assert found == pytest.approx([mine.precision, mine.recall, mine.f1])


@pytest.mark.slow
@given(rows_of_tags().filter(lambda rows: any(tag != "O" for row in rows[0] for tag in row)))
def test_table_is_that_of_seqeval(rows: tuple[Rows, Rows]) -> None:
    expected = seqeval.metrics.classification_report(*rows, digits=4, zero_division=0)
    percent = re.sub(r"\d\.\d{4}", lambda share: f"{100 * float(share[0]):6.2f}", expected)
    assert format_report(seqeval_report(*rows)) == percent


def sentence(*spans: Span, tokens: str = "a b c d") -> Sentence:
    return Sentence(tuple(tokens.split()), spans, source="x.conll", line=7)


def test_sentences_are_scored_by_their_spans() -> None:
    gold = [sentence(Span(0, 1, "PER"), Span(1, 2, "PER")), sentence(Span(0, 4, "LOC"))]
    predicted = [sentence(Span(0, 2, "PER")), sentence(Span(0, 4, "LOC"))]
    report = evaluate_spans(gold, predicted)
    assert (report.support, report.predicted, report.correct) == (3, 2, 1)
    assert report.sentences == 2
    assert_equal(report, score(count([s.spans for s in gold], [s.spans for s in predicted])))


def test_report_holds_plain_numbers() -> None:
    gold = [sentence(Span(0, 1, "PER")), sentence(Span(0, 4, "LOC"))]
    report = evaluate_spans(gold, [sentence(Span(0, 1, "PER")), sentence()])
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()


@pytest.mark.parametrize("sentences", [[], [sentence()]], ids=["no sentence", "no entity"])
def test_nothing_to_count_gives_zeros(sentences: list[Sentence]) -> None:
    report = evaluate_spans(sentences, sentences)
    assert (report.f1, report.macro.f1, report.support) == (0.0, 0.0, 0)
    assert report.sentences == len(sentences)


def test_other_sentences_are_refused() -> None:
    with pytest.raises(NerError, match="2 sentences in gold but 1 in predictions"):
        evaluate_spans([sentence(), sentence()], [sentence()])
    with pytest.raises(NerError, match=r"x\.conll:7: gold and predictions have different tokens"):
        evaluate_spans([sentence()], [sentence(tokens="a b c e")])


def test_partly_labelled_sentences_cannot_be_scored() -> None:
    whole = Sentence(("a",), source="f", line=3)
    partly = Sentence(("b",), source="f", line=5, partial=(PartialLabel(None, "no"),))
    assert evaluate_spans([whole], [whole]).sentences == 1
    with pytest.raises(CorpusError, match=r"^f:5: has tokens with an unknown tag"):
        evaluate_spans([whole, partly], [whole, partly])


def _rounded(report: Report) -> Any:
    return json.loads(json.dumps(report.to_dict()), parse_float=lambda text: f"{float(text):.9f}")


def test_several_corpora_are_scored_as_by_our_own_counts() -> None:
    gold = [
        Sentence(("a", "b"), (Span(0, 1, "PER"),), corpus="x"),
        Sentence(("a", "b"), (Span(1, 2, "LOC"),), corpus="y", unannotated=frozenset({"PER"})),
    ]
    found = [replace(s, spans=(Span(0, 1, "PER"), Span(1, 2, "LOC"))) for s in gold]
    report = evaluate_spans(gold, found)
    assert _rounded(report) == _rounded(score_sentences(gold, found))
    assert report.per_corpus["y"].f1 == 1.0


# --- tag layers -----------------------------------------------------------------------------------

LAYERED = [
    Sentence(("FC", "Ulm"), (Span(0, 2, "ORG", "outer"), Span(1, 2, "LOC", "inner"))),
    Sentence(("Ulm",), (Span(0, 1, "LOC", "outer"),)),
]


def test_layers_are_scored_together_and_each_by_itself() -> None:
    found = [
        LAYERED[0].with_spans((Span(0, 2, "ORG", "outer"),)),
        LAYERED[1].with_spans((Span(0, 1, "LOC", "inner"),)),
    ]
    for report in (evaluate_spans(LAYERED, found), score_sentences(LAYERED, found)):
        assert (report.support, report.predicted, report.correct) == (3, 2, 1)
        assert report.sentences == 2
        assert [*report.per_type] == ["inner:LOC", "outer:LOC", "outer:ORG"]
        assert [*report.per_layer] == ["outer", "inner"]
        outer, inner = report.per_layer.values()
        assert (outer.support, outer.predicted, outer.correct) == (2, 1, 1)
        assert (inner.support, inner.predicted, inner.correct) == (1, 1, 0)
        assert report.figures()["f1_outer"] == outer.f1
        assert report.to_dict()["per_layer"]["inner"]["sentences"] == 2
        assert "by layer:\n" in format_report(report)
    assert evaluate_spans(LAYERED, found).per_layer == score_sentences(LAYERED, found).per_layer
    plain = evaluate_spans([Sentence(("a",))], [Sentence(("a",))])
    assert "per_layer" not in plain.to_dict()


@pytest.mark.parametrize(
    ("gold", "found", "fits"),
    [
        (["outer", "inner"], ["outer", "inner"], True),
        (["outer"], ["outer", "inner"], True),
        (["outer", "inner"], ["inner"], True),
        ([], ["outer"], True),
        ([""], [""], True),
        (["1", "2"], ["outer", "inner"], False),
        (["outer"], [""], False),
        ([""], ["outer", "inner"], False),
    ],
)
def test_layers_of_other_names_are_not_compared(
    gold: list[str], found: list[str], fits: bool
) -> None:
    if fits:
        check_layers(gold, found)
        return
    with pytest.raises(UsageError, match="are not those of what is scored"):
        check_layers(gold, found)


def test_mistakes_are_those_of_one_layer() -> None:
    found = [((Span(0, 2, "LOC", "inner"),), (0.5,)), ((), ())]
    mistakes = analyse_mistakes(LAYERED, found)
    assert mistakes.overall.kinds == {
        "boundary": 1, "type": 0, "boundary and type": 0, "missed": 2, "spurious": 0,
    }  # fmt: skip
    assert [*mistakes.slices["type"]] == ["inner:LOC", "outer:LOC", "outer:ORG"]
    assert mistakes.confusions["outer:ORG"]["O"] == 1
    assert [example.gold for example in mistakes.missed] == ["outer:ORG", "outer:LOC"]
