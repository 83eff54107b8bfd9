"""Chains of token classifiers against the sum over all their label sequences."""

import itertools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner.extensions.distillation.segmentation import SpanChain, best_spans
from ner.tags import (
    allowed_transitions,
    illegal_positions,
    parse_tag,
    spans_of,
    tag_set,
    tags_of,
)

LABELS = {
    "io": ["O", "I-A", "I-B"],
    "bare": ["A", "O", "B"],
    "iob": ["O", "B-A", "I-A", "B-B", "I-B"],
    "only-b": ["B-A", "O"],
    "iobes": ["O", *(f"{prefix}-A" for prefix in "BIES")],
    "bilou": ["U-A", "L-A", "I-A", "B-A", "O", "U-B"],
}
CLOSED = ("iobes", "bilou")
SCHEMES = ["iobes", "iob2"]


def probabilities(length: int, labels: int, seed: int) -> NDArray[np.float64]:
    scores = 3 * np.random.default_rng(seed).normal(size=(length, labels))
    scores -= np.logaddexp.reduce(scores, axis=1)[:, None]
    return scores


def readings(
    name: str, log_p: NDArray[np.float64], scheme: str
) -> Iterator[tuple[float, list[str]]]:
    """The probability of each sequence of labels, and its tags in a scheme."""
    labels = LABELS[name]
    for path in itertools.product(range(len(labels)), repeat=len(log_p)):
        tags = [parse_tag(labels[number], bare=True) for number in path]
        if name in CLOSED and illegal_positions(tags, "iobes"):
            continue
        p = float(np.exp(sum(row[number] for row, number in zip(log_p, path, strict=True))))
        yield p, tags_of(spans_of(tags), len(path), scheme)


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("scheme", SCHEMES)
@given(length=st.integers(1, 4), seed=st.integers(0, 999))
def test_expected_counts_are_sums_over_all_readings(
    name: str, scheme: str, length: int, seed: int
) -> None:
    chain = SpanChain(LABELS[name], scheme)
    log_p = probabilities(length, len(LABELS[name]), seed)
    unary = np.zeros((length, len(chain.tags)))
    pairs: dict[tuple[str, str], float] = defaultdict(float)
    total = 0.0
    for p, tags in readings(name, log_p, scheme):
        total += p
        unary[np.arange(length), [chain.tags.index(tag) for tag in tags]] += p
        for pair in itertools.pairwise(tags):
            pairs[pair] += p
    if name not in CLOSED:
        assert total == pytest.approx(1.0), "every sequence has a reading"
    [labels] = chain.labels([log_p])
    assert labels.expected is not None
    np.testing.assert_allclose(labels.expected.unary, unary / total, atol=1e-5)
    legal = np.array(allowed_transitions(chain.tags, scheme).between)
    found = dict(zip(zip(*legal.nonzero(), strict=True), labels.expected.pairwise, strict=True))
    for (first, second), p in pairs.items():
        place = chain.tags.index(first), chain.tags.index(second)
        assert found[place] == pytest.approx(p / total, abs=1e-5)
    assert sum(found.values()) == pytest.approx(length - 1, abs=1e-4)


def test_in_a_batch_sentences_do_not_matter_to_each_other() -> None:
    chain = SpanChain(LABELS["iob"], "iobes")
    several = [probabilities(length, 5, length) for length in (5, 1, 3, 5, 2)]
    together = chain.labels(several)
    for alone, labels in zip([chain.labels([one])[0] for one in several], together, strict=True):
        assert alone.spans == labels.spans
        assert alone.expected is not None
        assert labels.expected is not None
        for part in ("unary", "pairwise"):
            one, other = getattr(alone.expected, part), getattr(labels.expected, part)
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_labels_without_b_are_read_as_the_conll_scorer_reads_them() -> None:
    """A model that learnt IOB1 begins entities with I: read as IOB2, it would find none."""
    chain = SpanChain(LABELS["iob"], "iobes")
    sure = np.log(np.full((4, 5), 1e-6))
    for token, label in enumerate(["I-A", "I-A", "B-A", "O"]):
        sure[token, LABELS["iob"].index(label)] = 0.0
    [labels] = chain.labels([sure])
    assert labels.spans is not None
    assert [(s.start, s.end, s.label) for s in labels.spans] == [(0, 2, "A"), (2, 3, "A")]


def test_an_impossible_label_stays_impossible() -> None:
    chain = SpanChain(LABELS["io"], "iobes")
    log_p = np.full((2, 3), -np.inf)
    log_p[:, 1] = 0.0
    [labels] = chain.labels([log_p])
    assert labels.expected is not None
    assert labels.expected.unary.max(1).tolist() == [1.0, 1.0]
    assert np.isfinite(labels.expected.pairwise).all()


@given(seed=st.integers(0, 99))
def test_best_spans_are_those_of_the_legal_path_with_the_highest_marginals(seed: int) -> None:
    tags, rng = tag_set(["A"], "iobes"), np.random.default_rng(seed)
    unary = [rng.dirichlet(np.ones(5), size=n).astype(np.float32) for n in (3, 1, 3)]
    for marginals, spans in zip(unary, best_spans(unary, tags, "iobes"), strict=True):
        best = max(
            sum(float(marginals[t, k]) for t, k in enumerate(path))
            for path in itertools.product(range(5), repeat=len(marginals))
            if not illegal_positions([parse_tag(tags[k]) for k in path], "iobes")
        )
        own = tags_of(spans, len(marginals), "iobes")
        got = sum(float(marginals[t, tags.index(tag)]) for t, tag in enumerate(own))
        assert got == pytest.approx(best, abs=1e-5)
