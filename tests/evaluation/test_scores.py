import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.scores import (
    NOTHING,
    CountedScores,
    Report,
    Scores,
    count,
    format_f1,
    format_report,
    format_summary,
    score,
    score_sentences,
    summarise,
    unknown_labels,
)
from ner.text import Sentence, Span

PER, LOC = Span(0, 2, "PER"), Span(3, 4, "LOC")


def report_of(gold: Sequence[Sequence[Span]], predicted: Sequence[Sequence[Span]]) -> Report:
    return score(count(gold, predicted))


def test_counts_are_kept_per_type() -> None:
    counts = count([[PER, LOC], [PER], []], [[PER], [LOC, Span(0, 1, "PER")], []])
    assert counts.gold == {"PER": 2, "LOC": 1}
    assert counts.predicted == {"PER": 2, "LOC": 1}
    assert counts.correct == {"PER": 1}
    assert counts.sentences == 3


def test_a_span_counts_in_its_own_sentence_only() -> None:
    assert count([[PER], []], [[], [PER]]).correct == {}


def test_unequal_numbers_of_sentences_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        count([[PER], []], [[PER]])


def test_report_by_hand() -> None:
    report = report_of([[PER, LOC], [LOC]], [[PER, Span(4, 5, "LOC")], [Span(0, 1, "ORG")]])
    assert (report.precision, report.recall, report.f1) == (1 / 3, 1 / 3, 1 / 3)
    assert (report.support, report.predicted, report.correct) == (3, 3, 1)
    assert report.macro == Scores(1 / 3, 1 / 3, 1 / 3)
    assert report.weighted == Scores(1 / 3, 1 / 3, 1 / 3)
    assert report.per_type == {
        "LOC": CountedScores(0.0, 0.0, 0.0, 2, 1, 0),
        "ORG": CountedScores(0.0, 0.0, 0.0, 0, 1, 0),
        "PER": CountedScores(1.0, 1.0, 1.0, 1, 1, 1),
    }
    assert list(report.per_type) == ["LOC", "ORG", "PER"]
    assert report.sentences == 2


def test_f1_is_the_harmonic_mean() -> None:
    scores = CountedScores.of(support=4, predicted=2, correct=1)
    assert scores == CountedScores(0.5, 0.25, scores.f1, 4, 2, 1)
    assert scores.f1 == pytest.approx(1 / 3)


@pytest.mark.parametrize("sentences", [0, 2])
def test_no_entity_at_all_scores_zero(sentences: int) -> None:
    report = report_of([[]] * sentences, [[]] * sentences)
    assert report == Report(0.0, 0.0, 0.0, 0, 0, 0, NOTHING, NOTHING, {}, sentences)


def test_predictions_without_gold_have_no_weighted_average() -> None:
    report = report_of([[]], [[PER]])
    assert (report.precision, report.recall, report.f1) == (0.0, 0.0, 0.0)
    assert report.weighted == NOTHING


SPANS = st.lists(
    st.builds(
        lambda start, length, label: Span(start, start + length, label),
        st.integers(0, 5),
        st.integers(1, 3),
        st.sampled_from("ABC"),
    ),
    max_size=5,
)


@given(st.lists(st.tuples(SPANS, SPANS), max_size=4))
def test_swapping_gold_and_prediction_swaps_precision_and_recall(
    pairs: list[tuple[list[Span], list[Span]]],
) -> None:
    gold, predicted = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = report_of(gold, predicted), report_of(predicted, gold)
    assert (there.precision, there.recall) == (back.recall, back.precision)
    assert there.f1 == pytest.approx(back.f1)
    assert 0 <= there.f1 <= 1


ROW = ("precision", "recall", "f1", "support", "predicted", "correct")


def test_report_is_json() -> None:
    report = report_of([[PER, LOC]], [[PER]])
    assert json.loads(json.dumps(report.to_dict())) == {
        "precision": 1.0,
        "recall": 0.5,
        "f1": 2 / 3,
        "support": 2,
        "predicted": 1,
        "correct": 1,
        "macro": {"precision": 0.5, "recall": 0.5, "f1": 0.5},
        "weighted": {"precision": 0.5, "recall": 0.5, "f1": 0.5},
        "per_type": {
            "LOC": dict(zip(ROW, (0.0, 0.0, 0.0, 1, 0, 0), strict=True)),
            "PER": dict(zip(ROW, (1.0, 1.0, 1.0, 1, 1, 1), strict=True)),
        },
        "sentences": 1,
    }


def test_table() -> None:
    table = """\
              precision    recall  f1-score   support

         LOC       0.00      0.00      0.00         1
         PER     100.00    100.00    100.00         1

   micro avg     100.00     50.00     66.67         2
   macro avg      50.00     50.00     50.00         2
weighted avg      50.00     50.00     50.00         2
"""
    assert format_report(report_of([[PER, LOC]], [[PER]])) == table


def test_table_without_entities() -> None:
    lines = format_report(report_of([[]], [[]])).splitlines()
    assert lines[1] == ""
    assert lines[2].split() == ["micro", "avg", "0.00", "0.00", "0.00", "0"]


def test_unknown_labels_are_listed_once_and_sorted() -> None:
    gold = [[PER, LOC], [Span(0, 1, "MISC"), Span(1, 2, "MISC")], [Span(0, 1, "DATE")]]
    assert unknown_labels(gold, {"PER": 0, "LOC": 1}) == ["DATE", "MISC"]
    assert unknown_labels(gold, ["PER", "LOC", "MISC", "DATE", "ORG"]) == []


def test_unknown_labels_count_as_missed() -> None:
    report = report_of([[PER, Span(5, 6, "MISC")]], [[PER]])
    assert report.recall == 0.5
    assert report.per_type["MISC"] == CountedScores(0.0, 0.0, 0.0, 1, 0, 0)


def test_mean_and_sample_deviation() -> None:
    assert summarise([1.0, 2.0, 3.0]) == (2.0, 1.0)
    assert summarise([0.84, 0.86]) == pytest.approx((0.85, 0.0002**0.5))


def test_one_value_has_no_deviation() -> None:
    assert summarise([0.5]) == (0.5, 0.0)


def test_no_value_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        summarise([])


def test_scores_are_written_in_percent() -> None:
    assert format_summary([0.8438, 0.845, 0.8462]) == "84.50 ± 0.12"
    assert format_summary([1.0]) == "100.00 ± 0.00"


# --- several corpora ------------------------------------------------------------------------------

WORDS = ("a", "b", "c", "d", "e")
OF_A = Sentence(WORDS, (PER, LOC), corpus="a")
OF_B = Sentence(WORDS, (PER,), corpus="b", unannotated=frozenset({"LOC"}))


def found(sentence: Sentence, *spans: Span) -> Sentence:
    return replace(sentence, spans=spans)


def test_each_corpus_is_scored_by_itself_and_by_its_own_types() -> None:
    gold = [OF_A, OF_B, OF_A]
    report = score_sentences(gold, [found(OF_A, LOC), found(OF_B, PER, LOC), found(OF_A, PER, LOC)])
    assert (report.support, report.predicted, report.correct) == (5, 4, 4)
    assert [*report.per_corpus] == ["a", "b"]
    one, other = report.per_corpus.values()
    assert (one.support, one.predicted, one.correct, one.unannotated) == (4, 3, 3, ())
    assert (other.support, other.predicted, other.correct) == (1, 1, 1)
    assert other.unannotated == ("LOC",)
    assert [*other.per_type] == ["PER"]
    assert report.figures() == {
        "precision": 1.0, "recall": 0.8, "f1": report.f1, "f1_a": one.f1, "f1_b": 1.0,
    }  # fmt: skip


def test_a_wrong_span_of_an_own_type_still_counts() -> None:
    report = score_sentences([OF_B], [found(OF_B, Span(3, 4, "PER"), LOC)])
    assert (report.support, report.predicted, report.correct) == (1, 1, 0)


def test_a_corpus_alone_has_no_parts() -> None:
    sentence = Sentence(WORDS, (PER,))
    report = score_sentences([sentence], [sentence])
    assert report.per_corpus == {}
    assert not {"per_corpus", "unannotated"} & report.to_dict().keys()
    assert format_f1(report) == "100.00"


def test_the_report_tells_what_is_left_out() -> None:
    report = score_sentences([OF_A, OF_B], [found(OF_A, LOC), found(OF_B, PER, LOC)])
    assert format_report(report).endswith(
        "\nby corpus:\n\n"
        "   precision    recall  f1-score   support\n"
        "a     100.00     50.00     66.67         2\n"
        "b     100.00    100.00    100.00         1\n"
        "\nb does not label LOC: such predictions are left out there\n"
    )
    assert format_f1(report) == "80.00 (a 66.67, b 100.00)"
    values = report.to_dict()
    assert values["per_corpus"]["b"]["unannotated"] == ("LOC",)
    assert json.loads(json.dumps(values))["per_corpus"]["a"]["f1"] == pytest.approx(2 / 3)
