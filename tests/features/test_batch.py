"""Batches: every sentence once, within bounds, and nothing changed on the way."""

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
    Indexer,
    Label,
    LabelBatch,
    TagBatch,
    Tags,
    Words,
    WordTable,
    collate,
    targets,
)
from ner.features.casing import CASINGS
from ner.features.clusters import Clusters
from ner.features.gazetteers import Gazetteers
from ner.features.word_lists import WordList
from tests.features.making import an_indexer, with_features

# --- collating ----------------------------------------------------------------------------------

TRAIN = [["the", "Cat", "sat"], ["a", "mat", "1996"]]
INDEXER = an_indexer(TRAIN, ModelConfig())
EXACT = WordTable.count(["The"], 1, fold_case=False, fold_digits=False)
LISTS = WordList.build("PET", [["the", "cat"], ["Dog"]]), WordList.build("X", [["cat"]])
FULL = with_features(  # with a second table, clusters and word lists
    INDEXER,
    Words((*INDEXER.words.tables, EXACT)),
    Clusters(("00", "01101"), {"the": 0, "cat": 1}),
    Gazetteers(LISTS),
)

tokens = st.sampled_from(["the", "The", "Cat", "sat", "mat", "1996", "dog", "caterpillar", ""])
indexers = st.sampled_from([INDEXER, FULL])
sentences_of_tokens = st.lists(st.lists(tokens, min_size=1, max_size=7), min_size=1, max_size=6)


def tags_of(batch: Batch) -> TagBatch:
    assert isinstance(batch.target, TagBatch)
    return batch.target


def examples_of(
    sentences: list[list[str]], *, tagged: bool = True, indexer: Indexer = INDEXER
) -> tuple[FeatureTable, list[Example]]:
    table = FeatureTable(indexer)
    return table, [
        Example(table.rows(words), Tags(np.arange(len(words)) % 3 + 1) if tagged else None)
        for words in sentences
    ]


@pytest.mark.slow
@given(sentences_of_tokens, indexers, st.randoms(use_true_random=False))
def test_a_batch_holds_what_went_in(
    sentences: list[list[str]], indexer: Indexer, random: Random
) -> None:
    table, examples = examples_of(sentences, indexer=indexer)
    table.rows(["words", "of", "other", "batches"])
    order = random.sample(range(len(sentences)), random.randint(1, len(sentences)))
    batch = collate(table, examples, order)
    target = tags_of(batch)
    assert batch.order == tuple(order)
    assert batch.mask.shape == batch.forms.shape == target.ids.shape
    assert batch.mask.shape == (len(order), max(len(sentences[i]) for i in order))
    for row, index in enumerate(order):
        words = sentences[index]
        size = len(words)
        assert batch.lengths[row] == size
        assert batch.mask[row].tolist() == [t < size for t in range(batch.mask.shape[1])]
        own = examples[index].target
        assert isinstance(own, Tags)
        assert target.ids[row, :size].tolist() == own.ids.tolist()
        for form, key in zip(batch.forms[row], indexer.keys(words), strict=False):
            expected = indexer.ids(key)
            assert batch.words[form].tolist() == list(expected.words)
            assert batch.categorical[form].tolist() == list(expected.categorical)
            shown = batch.characters[form]
            assert shown[shown != 0].tolist() == list(expected.characters)
            assert not shown[len(expected.characters) :].any()
        assert not batch.forms[row, size:].any()
        assert not target.ids[row, size:].any()


def test_what_language_models_say_stands_at_the_tokens() -> None:
    table, examples = examples_of([["the"], ["Cat", "sat"]])
    said = np.arange(6, dtype=np.float16).reshape(3, 2)
    parts = said[:1], said[1:]
    told = [dataclasses.replace(e, contextual=s) for e, s in zip(examples, parts, strict=True)]
    batch = collate(table, told, [1, 0])
    assert batch.contextual is not None
    assert batch.contextual.dtype == torch.float32
    assert batch.contextual.tolist() == [[[2, 3], [4, 5]], [[0, 1], [0, 0]]]
    assert collate(table, [told[0], examples[1]], [0, 1]).contextual is None


@given(sentences_of_tokens, indexers)
def test_each_distinct_key_is_there_once_and_the_first_is_padding(
    sentences: list[list[str]], indexer: Indexer
) -> None:
    batch = collate(*examples_of(sentences, indexer=indexer), range(len(sentences)))
    distinct = {key for words in sentences for key in indexer.keys(words)}
    longest = max(len(word) for words in sentences for word in words)
    rows = len(distinct) + 1
    assert batch.words.shape == (rows, len(indexer.words.tables))
    assert batch.categorical.shape == (rows, indexer.columns)
    assert batch.characters.shape == (rows, max(1, longest))
    for numbers in (batch.words, batch.categorical, batch.characters):
        assert not numbers[0].any()


def test_a_word_with_and_without_a_match_has_two_rows() -> None:
    batch = collate(*examples_of([["the", "Cat"], ["Cat"]], indexer=FULL), [0, 1])
    the, among = batch.forms[0].tolist()
    alone = int(batch.forms[1, 0])
    assert among != alone
    assert batch.words[among].equal(batch.words[alone])
    title, lower = CASINGS.index("title"), CASINGS.index("lower")
    assert batch.categorical[[the, among, alone]].tolist() == [
        [lower, 2, 2, 2, 2, 2, 0],  # 00 is the first of each; begins an entry of the first list
        [title, 3, 3, 3, 3, 4, 1],  # ends that entry, and is one of the second list
        [title, 3, 3, 3, 3, 0, 1],
    ]


def test_a_batch_may_lack_tags() -> None:
    table, examples = examples_of([["the"], ["Cat", "sat"]], tagged=False)
    assert collate(table, examples, [1, 0]).target is None
    mixed = [examples[0], dataclasses.replace(examples[1], target=Tags(np.array([1, 2])))]
    assert collate(table, mixed, [1, 0]).target is None
    assert tags_of(collate(table, mixed, [1])).ids.tolist() == [[1, 2]]


def test_a_sentence_may_stand_in_a_batch_twice() -> None:
    batch = collate(*examples_of([["the"], ["Cat", "sat"]]), [1, 1])
    assert batch.forms[0].equal(batch.forms[1])
    assert batch.order == (1, 1)


def test_numbers_are_whole() -> None:
    batch = collate(*examples_of([["the", "dog"]]), [0])
    for name in ("words", "categorical", "characters", "forms", "lengths"):
        assert getattr(batch, name).dtype == torch.int64
    assert tags_of(batch).ids.dtype == torch.int64
    assert batch.mask.dtype == torch.bool


@pytest.mark.parametrize("tagged", [True, False])
def test_moving_a_batch_leaves_the_lengths_behind(tagged: bool) -> None:
    batch = collate(*examples_of([["the", "dog"]], tagged=tagged), [0])
    moved = batch.to(torch.device("meta"))  # a device that every machine has
    for item in dataclasses.fields(Batch):
        value = getattr(moved, item.name)
        if item.name == "lengths":
            assert value.device.type == "cpu"
        elif isinstance(value, torch.Tensor):
            assert value.device.type == "meta"
    assert moved.order == batch.order
    assert (moved.target is None) == (not tagged)
    if tagged:
        assert tags_of(moved).ids.device.type == "meta"


def test_an_example_is_as_long_as_its_sentence() -> None:
    assert len(Example(np.array([4, 4, 1]))) == 3


# --- partly labelled ---------------------------------------------------------------


def test_choices_are_given_for_all_sentences_or_for_none() -> None:
    table, examples = examples_of([["the"], ["Cat", "sat"], ["dog"]])
    assert tags_of(collate(table, examples, [0, 1, 2])).possible is None
    choices = np.array([[True, False, True], [False, True, True]])
    examples[0] = dataclasses.replace(examples[0], target=Tags(np.array([2])))
    examples[1] = dataclasses.replace(examples[1], target=Tags(choices.argmax(1), choices))
    batch = collate(table, examples, [1, 0])
    target, elsewhere = tags_of(batch), tags_of(batch.to(torch.device("meta")))
    assert target.ids.tolist() == [[0, 1], [2, 0]]
    assert target.possible is not None
    assert target.possible.dtype == torch.bool
    assert target.possible.int().tolist() == [
        [[1, 0, 1], [0, 1, 1]],
        [[0, 0, 1], [1, 1, 1]],  # the one tag it has; padding
    ]
    assert tags_of(collate(table, examples, [0])).possible is None
    assert elsewhere.possible is not None
    assert elsewhere.possible.device.type == "meta"


# --- taught ------------------------------------------------------------------------


def test_what_is_taught_is_given_for_all_sentences_or_for_none() -> None:
    table, examples = examples_of([["the"], ["Cat", "sat"]], tagged=False)
    tokens = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    moves = np.array([1.0, 2.0, 3.0], np.float32)
    one = dataclasses.replace(examples[0], target=ExpectedCounts(tokens[:1], moves))
    two = dataclasses.replace(examples[1], target=ExpectedCounts(tokens, 2 * moves))
    batch = collate(table, [one, two], [1, 0])
    assert isinstance(batch.target, CountsBatch)
    assert batch.target.unary.tolist() == [[[0.25, 0.75], [0.5, 0.5]], [[0.25, 0.75], [0.0, 0.0]]]
    assert batch.target.pairwise.tolist() == [[2.0, 4.0, 6.0], [1.0, 2.0, 3.0]]
    for mixed in ([one, examples[1]], examples):
        batch = collate(table, mixed, [0, 1])
        assert batch.target is None
    moved = collate(table, [one, two], [1, 0]).to(torch.device("meta")).target
    assert isinstance(moved, CountsBatch)
    assert [part.device.type for part in moved[:2]] == ["meta", "meta"]
    assert moved.weights is None
    weighed = CountsBatch(moved.unary, moved.pairwise, torch.ones(2))
    weights = targets.moved(weighed, torch.device("meta"))
    assert isinstance(weights, CountsBatch)
    assert weights.weights is not None
    assert weights.weights.device.type == "meta"


def test_classes_are_given_for_all_sentences_or_for_none() -> None:
    table, examples = examples_of([["the"], ["Cat", "sat"]], tagged=False)
    one, two = (dataclasses.replace(e, target=Label(n)) for n, e in enumerate(examples, 3))
    batch = collate(table, [one, two], [1, 0])
    assert isinstance(batch.target, LabelBatch)
    assert batch.target.ids.tolist() == [4, 3]
    moved = batch.to(torch.device("meta")).target
    assert isinstance(moved, LabelBatch)
    assert moved.ids.device.type == "meta"
    assert collate(table, [one, examples[1]], [0, 1]).target is None
