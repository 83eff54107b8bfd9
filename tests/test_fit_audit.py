"""The fit of the audit's weights and its measures, held against what is known."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fit_audit import (
    Audited,
    apply,
    baselines,
    by_kind,
    by_sentence,
    calibration_error,
    crossed,
    fit,
    kind_of,
    measures,
    read,
    stacked,
    write_tokens,
)
from ner.corpus import read_file, write_file
from ner.extensions.audit.judgements import save_judgements
from ner.extensions.audit.places import Place
from ner.text import Span
from tests.extensions.audit.corpora import judgement, sentence

LOC, ORG, PER = Span(1, 2, "LOC"), Span(1, 2, "ORG"), Span(0, 1, "PER")


def test_weights_that_made_the_truth_are_found_again() -> None:
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(20_000, 3))
    made = np.array([-1.0, 2.0, -0.5, 0.0])
    wrong = (draw.random(20_000) < apply(made, rows)).astype(float)
    assert fit(rows, wrong, np.ones(20_000)) == pytest.approx(made, abs=0.1)


def test_a_place_of_weight_two_counts_as_two() -> None:
    draw = np.random.default_rng(2)
    rows = draw.normal(size=(50, 2))
    wrong = (draw.random(50) < 0.4).astype(float)
    shares = np.where(np.arange(50) < 10, 2.0, 1.0)
    doubled = np.vstack([rows, rows[:10]]), np.concatenate([wrong, wrong[:10]])
    assert fit(rows, wrong, shares) == pytest.approx(fit(*doubled, np.ones(60)), abs=1e-6)


def test_a_fit_that_separates_is_finite() -> None:
    rows = np.array([[-1.0], [1.0]] * 20)
    found = fit(rows, (rows[:, 0] > 0).astype(float), np.ones(40))
    assert np.isfinite(found).all()
    assert found[1] > 0


def test_a_perfect_ranking_and_its_reverse() -> None:
    wrong = np.array([1.0, 1.0, 0.0, 0.0])
    best = measures(np.array([4.0, 3.0, 2.0, 1.0]), wrong, 2)
    assert best == {"AP": 1.0, "R@n": 1.0, "R@2n": 1.0}
    worst = measures(np.array([1.0, 2.0, 3.0, 4.0]), wrong, 2)
    assert worst["AP"] == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert (worst["R@n"], worst["R@2n"]) == (0.0, 1.0)


def test_mistakes_that_are_no_place_count_as_missed() -> None:
    assert measures(np.array([2.0, 1.0]), np.array([1.0, 0.0]), 4)["AP"] == 0.25


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_average_precision_is_that_of_the_definition(drawn: list[tuple[float, bool]]) -> None:
    scores = np.array([score for score, _ in drawn])
    wrong = np.array([float(bad) for _, bad in drawn])
    if not wrong.sum():
        return
    hits = [float(bad) for _, bad in sorted(drawn, key=lambda pair: -pair[0])]
    expected = sum(
        sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit
    ) / sum(hits)  # fmt: skip
    assert measures(scores, wrong, wrong.sum())["AP"] == pytest.approx(expected)


def test_calibration_counts_what_is_probable_at_all() -> None:
    p = np.array([0.01] * 50 + [0.55] * 10)
    wrong = np.array([1.0] * 50 + [1.0] * 5 + [0.0] * 5)
    assert calibration_error(p, wrong) == pytest.approx(0.05)
    assert calibration_error(np.array([0.01]), np.array([1.0])) == 0.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus with a wrong type and a dropped person, judged by two models of a seed."""
    out = tmp_path / "noisy"
    train = [
        sentence("in Paris today", ORG),
        sentence("Anna said so"),
        sentence("in Paris now", LOC),
    ]
    write_file(out / "train.conll", train)
    lines = [one.line for one in read_file(out / "train.conll")]
    records = [
        {"line": lines[0], "kind": "type", "before": LOC.to_dict(), "after": ORG.to_dict()},
        {"line": lines[1], "kind": "dropped", "before": PER.to_dict(), "after": None},
    ]
    told = (json.dumps({"source": "train.conll", **record}) + "\n" for record in records)
    (out / "planted.jsonl").write_text("".join(told))
    first = {
        0: judgement({ORG: 0.1, LOC: 0.8}, [LOC], gap=3.0),
        1: judgement({PER: 0.7}, [PER], gap=1.0),
    }
    save_judgements(out / "audit" / "judgements" / "seed-1-fold-1.jsonl", first)
    second = {2: judgement({LOC: 0.9}, [LOC])}
    save_judgements(out / "audit" / "judgements" / "seed-1-fold-2.jsonl", second)
    return out


@pytest.fixture
def audited(folder: Path) -> Audited:
    return read(folder)


def test_places_know_what_was_planted(audited: Audited) -> None:
    kinds = [kind_of(place, audited.planted) for place in audited.places]
    assert kinds == ["type", "dropped", ""]
    assert audited.wrong.tolist() == [1.0, 1.0, 0.0]
    assert len(audited.evidence) == 3


def test_another_entity_of_the_sentence_is_right() -> None:
    planted = {0: [{"kind": "dropped", "before": PER, "after": None}]}
    far, labelled = (
        Place(0, None, Span(2, 3, "LOC"), (0.5,), 0.0, 0.0),
        Place(0, PER, None, (0.5,), 0.0, 0.0),
    )
    assert kind_of(far, planted) == kind_of(labelled, planted) == ""


def test_recall_by_kind(audited: Audited) -> None:
    assert by_kind(audited, np.array([0.9, 0.1, 0.5]), 2) == {"dropped": 0.0, "type": 1.0}


def test_sentences_have_the_score_of_their_best_place(audited: Audited) -> None:
    best, wrong = by_sentence(audited, np.array([0.9, 0.1, 0.5]))
    assert best.tolist() == [0.9, 0.1, 0.5]
    assert wrong.tolist() == [1.0, 1.0, 0.0]


def test_baselines_rank_all_sentences(audited: Audited) -> None:
    found = baselines(audited)
    assert {len(scores) for scores in found.values()} == {3}
    assert found["NLL"].argmax() == 0
    assert found["CrossWeigh"].round().tolist() == [1.0, 1.0, 0.0]


def test_each_half_is_judged_by_the_other(audited: Audited) -> None:
    p = crossed(audited)
    assert p.shape == (3,)
    assert ((p > 0) & (p < 1)).all()


def test_folders_count_alike(audited: Audited) -> None:
    rows, wrong, shares = stacked([audited, audited])
    assert len(rows) == len(wrong) == len(shares) == 6
    assert shares.tolist() == [1.0] * 6


def test_tokens_for_other_tools(audited: Audited, tmp_path: Path) -> None:
    write_tokens([audited], tmp_path / "tokens")
    told = json.loads((tmp_path / "tokens" / "noisy.json").read_text())
    assert told["labels"] == [[0, 2, 0], [0, 0, 0], [0, 1, 0]]
    assert told["wrong"] == [1.0, 1.0, 0.0]
    assert all(
        math.isclose(sum(row), 1.0, abs_tol=1e-4) for s in told["probabilities"] for row in s
    )
    assert told["probabilities"][0][1] == pytest.approx([0.1, 0.8, 0.1])
