import pytest

from ner.evaluation.summary import format_summary, summarise


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
