"""Labels packed, translated and learnt from."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.distillation.labels import (
    LEAST,
    Labels,
    LabelTable,
    PackedLabels,
    TableTarget,
    TagMap,
    joined,
)
from ner.extensions.distillation.segmentation import SpanChain
from ner.tags import allowed_transitions, tag_set, tags_of
from ner.text import Span

TYPES = ["DATE", "GPE", "PERSON"]
TAGS = tag_set(TYPES, "iobes")
SAME = TagMap(TAGS, {}, TYPES, "iobes")
HARD = Labels((Span(0, 2, "PERSON"), Span(3, 4, "GPE")))


def packed(labels: Sequence[Labels], lengths: Sequence[int]) -> PackedLabels:
    return PackedLabels.of(labels, lengths, TAGS, "iobes")


def soft(length: int, seed: int) -> Labels:
    """The labels of a token classifier that is in doubt."""
    scores = 3 * np.random.default_rng(seed).normal(size=(length, len(TAGS)))
    scores -= np.logaddexp.reduce(scores, axis=1)[:, None]
    return SpanChain(TAGS, "iobes").labels([scores])[0]


def transitions(tags: Sequence[str], known: Sequence[str]) -> list[float]:
    """How often each legal transition of `known` tags is made."""
    legal = np.array(allowed_transitions(known, "iobes").between)
    counts = np.zeros(legal.shape)
    for first, second in itertools.pairwise(tags):
        counts[known.index(first), known.index(second)] += 1
    found: list[float] = counts[legal].tolist()
    return found


def test_hard_labels_are_the_counts_of_one_sequence() -> None:
    table = LabelTable(SAME.translated(packed([HARD], [5])), SAME)
    counts = table.counts(0)
    tags = tags_of(HARD.spans or (), 5, "iobes")
    assert counts.unary.tolist() == np.eye(len(TAGS))[[TAGS.index(tag) for tag in tags]].tolist()
    assert counts.pairwise.tolist() == transitions(tags, TAGS)
    assert table.weight(counts) == 1.0


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_soft_labels_are_kept_but_for_what_is_near_0(lengths: list[int], seed: int) -> None:
    given_ = [soft(length, seed) for length in lengths]
    table = LabelTable(SAME.translated(packed(given_, lengths)), SAME)
    for number, labels in enumerate(given_):
        counts = table.counts(number)
        assert labels.expected is not None
        atol = len(TAGS) * LEAST + 2**-9  # of half precision
        np.testing.assert_allclose(counts.unary, labels.expected.unary, atol=atol)
        np.testing.assert_allclose(counts.unary.sum(1), 1.0, atol=1e-6)
        assert counts.pairwise.sum() == pytest.approx(len(counts.unary) - 1, abs=1e-4)
        kept = labels.expected.pairwise >= LEAST
        np.testing.assert_allclose(
            counts.pairwise[kept], labels.expected.pairwise[kept], rtol=0.7, atol=0.1
        )


def test_the_best_tags_are_kept_however_many_there_are() -> None:
    types = [f"T{number:02}" for number in range(80)]
    tags = tag_set(types, "iobes")
    same = TagMap(tags, {}, types, "iobes")
    flat = SpanChain(tags, "iobes").labels([np.zeros((2, len(tags)))])
    table = LabelTable(same.translated(PackedLabels.of(flat, [2], tags, "iobes")), same)
    counts = table.counts(0)
    np.testing.assert_allclose(counts.unary.sum(1), 1.0, atol=1e-5)
    assert np.isfinite(counts.pairwise).all()


def test_sentences_without_labels_have_a_number_and_nothing_else() -> None:
    labels = packed([HARD, Labels(None, misfits=2), HARD], [5, 7, 5])
    assert labels.lengths.tolist() == [5, 0, 5]
    assert labels.misfits.tolist() == [0, 2, 0]
    assert SAME.spans(labels) == [HARD.spans, (), HARD.spans]
    table = LabelTable(SAME.translated(labels), SAME)
    assert table.counts(2).unary.tolist() == table.counts(0).unary.tolist()


def test_parts_are_joined_in_order() -> None:
    parts = [packed([soft(3, 1), HARD], [3, 5]), packed([soft(2, 2)], [2])]
    whole = packed([soft(3, 1), HARD, soft(2, 2)], [3, 5, 2])
    for one, other in zip(map(np.asarray, joined(parts)), map(np.asarray, whole), strict=True):
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


def test_types_are_renamed_merged_and_dropped() -> None:
    """The sum over all that becomes one; what is dropped, or not known to the student, is O."""
    types = {"PERSON": "PER", "DATE": ""}
    tags = TagMap(TAGS, types, ["PER"], "iobes")
    labels = packed([soft(4, 7), HARD], [4, 5])
    assert tags.spans(labels)[1] == (Span(0, 2, "PER"),)
    table = LabelTable(tags.translated(labels), tags)
    whole = LabelTable(SAME.translated(labels), SAME).counts(0).unary
    counts = table.counts(0)
    names = ["O", "B-PER", "I-PER", "E-PER", "S-PER"]
    assert tags.tags == names
    for column, name in enumerate(names[1:], 1):
        own = whole[:, TAGS.index(name.replace("PER", "PERSON"))]
        np.testing.assert_allclose(counts.unary[:, column], own, atol=1e-6)
    np.testing.assert_allclose(counts.unary.sum(1), 1.0, atol=1e-6)
    merged = TagMap(TAGS, {"GPE": "PERSON"}, ["DATE", "PERSON"], "iobes")
    both = LabelTable(merged.translated(labels), merged).counts(0).unary
    for prefix in "BIES":
        wanted = whole[:, TAGS.index(f"{prefix}-GPE")] + whole[:, TAGS.index(f"{prefix}-PERSON")]
        found = both[:, merged.tags.index(f"{prefix}-PERSON")]
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_gold_labels_join_the_labels_of_a_teacher() -> None:
    tags = TagMap(TAGS, {"PERSON": "PER"}, ["LOC", "PER"], "iobes")
    gold = PackedLabels.of([Labels((Span(1, 2, "LOC"),))], [2], tags.tags, "iobes")
    table = LabelTable(
        joined([tags.translated(packed([HARD], [5])), tags.own().translated(gold)]), tags
    )
    assert table.counts(1).unary[1].argmax() == tags.tags.index("S-LOC")
    assert table.counts(0).unary[3, 0] == 1.0, "a type that the student lacks"


def test_a_batch_weighs_sentences_by_the_least_sure_token() -> None:
    labels = packed([HARD, soft(3, 5)], [5, 3])
    mask = np.arange(5) < np.array([[5], [3]])
    for discount in (0.0, 0.5, 1.0):
        table = LabelTable(SAME.translated(labels), SAME, discount)
        batch = TableTarget.collate([TableTarget(table, 0), TableTarget(table, 1)], mask)
        assert batch.weights is not None
        sure = float(batch.unary[1, :3].max(1).values.min())
        assert sure < 0.9
        assert batch.weights.tolist() == pytest.approx([1.0, 1 - discount * (1 - sure)])
        assert batch.unary.shape == (2, 5, len(TAGS))
        assert not batch.unary[1, 3:].any()


def test_a_token_takes_about_ten_bytes() -> None:
    many = packed([HARD] * 1000, [25] * 1000)
    size = sum(column.nbytes for column in many)
    assert size < 13 * many.lengths.sum()


def test_labels_that_fit_no_sentences_are_known_as_such() -> None:
    labels = packed([HARD, Labels(None)], [5, 3])
    assert labels.fit([5, 3], len(TAGS))
    assert not labels.fit([5], len(TAGS))
    assert not labels.fit([4, 3], len(TAGS))
    assert not labels.fit([5, 3], 2)
    for name in ("tags", "sizes", "values", "pairs", "misfits"):
        broken = labels._replace(**{name: getattr(labels, name)[:-1]})
        assert not broken.fit([5, 3], len(TAGS))
