"""Parts of a batch: what a process learns from of what all of them do."""

import dataclasses
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features import (
    Batch,
    CountsBatch,
    Example,
    ExpectedCounts,
    FeatureTable,
    Label,
    LayerBatch,
    LayerTags,
    TagBatch,
    Tags,
    Target,
    collate,
    select,
)
from ner.features.clusters import Clusters
from ner.features.parts import select_targets
from tests.features.making import an_indexer, with_features

INDEXER = with_features(
    an_indexer([["the", "Cat", "sat"], ["a", "mat", "1996"]], ModelConfig()),
    Clusters(("00", "01101"), {"the": 0, "cat": 1}),
)
tokens = st.sampled_from(["the", "The", "Cat", "sat", "mat", "1996", "dog", "caterpillar", ""])
sentences_of_tokens = st.lists(st.lists(tokens, min_size=1, max_size=7), min_size=1, max_size=6)


def same(one: Batch, other: Batch) -> None:
    """Two batches are alike in all tensors, and in shapes."""
    for field in dataclasses.fields(Batch):
        found, wanted = getattr(one, field.name), getattr(other, field.name)
        assert type(found) is type(wanted)
        if field.name == "order" or found is None:
            assert found == wanted
            continue
        parts = ([one] if isinstance(one, torch.Tensor) else [*one] for one in (found, wanted))
        for part, like in zip(*parts, strict=True):
            assert part is like is None or torch.equal(part, like), field.name


@given(sentences_of_tokens, st.randoms(use_true_random=False))
def test_a_part_of_a_batch_is_the_batch_of_a_part(
    sentences: list[list[str]], random: Random
) -> None:
    table = FeatureTable(INDEXER)
    tags = [Tags(np.arange(len(words)) % 3 + 1) for words in sentences]
    rows = [table.rows(words) for words in sentences]
    examples = [Example(*pair) for pair in zip(rows, tags, strict=True)]
    whole = collate(table, examples, range(len(sentences)))
    part = sorted(random.sample(range(len(sentences)), random.randint(1, len(sentences))))
    same(select(whole, part), collate(table, examples, part))


ONE = np.array([1])
CHOICES = np.array([[True, False, True]])
FLOATS = np.ones((2, 3), np.float32), np.ones(4, np.float32)
PAIRS: list[tuple[Target | None, Target | None]] = [
    (None, None),
    (Tags(ONE, CHOICES), Tags(np.array([0, 1]))),
    (Label(1), Label(2)),
    (ExpectedCounts(FLOATS[0][:1] * 2, FLOATS[1] * 3), ExpectedCounts(*FLOATS)),
]


@pytest.mark.parametrize(("short", "long"), PAIRS)
def test_targets_of_all_kinds_can_be_taken_apart(short: Target | None, long: Target | None) -> None:
    table = FeatureTable(INDEXER)
    said = np.arange(6, dtype=np.float16).reshape(3, 2)
    examples = [
        Example(table.rows(["Cat", "sat"]), long, said[1:]),
        Example(table.rows(["the"]), short, said[:1]),
    ]
    whole = collate(table, examples, [0, 1])
    same(select(whole, [1]), collate(table, examples, [1]))
    assert select(whole, [1]).mask.tolist() == [[True]]


def test_the_layers_of_a_target_are_taken_apart() -> None:
    table = FeatureTable(INDEXER)
    layers = LayerTags((Tags(np.array([1, 2])), Tags(np.array([2, 1]))))
    alone = LayerTags((Tags(ONE), Tags(2 * ONE)))
    rows = table.rows(["Cat", "sat"]), table.rows(["the"])
    whole = collate(table, [Example(rows[0], layers), Example(rows[1], alone)], [0, 1])
    found = select(whole, [1]).target
    assert isinstance(found, LayerBatch)
    assert [part.ids.tolist() for part in found.parts if isinstance(part, TagBatch)] == [
        [[1]],
        [[2]],
    ]


def test_weights_of_sentences_are_taken_apart() -> None:
    weighed = CountsBatch(torch.ones(2, 3, 4), torch.ones(2, 5), torch.tensor([1.0, 2.0]))
    part = select_targets(weighed, torch.tensor([1]), 2)
    assert isinstance(part, CountsBatch)
    assert (part.unary.shape, part.pairwise.shape) == ((1, 2, 4), (1, 5))
    assert part.weights is not None
    assert part.weights.tolist() == [2.0]
