"""Characters: what is known of them, what a long word keeps, and how large they may be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config, ModelConfig
from ner.features import UNKNOWN, TrainingData, Vocabulary, feature_sizes
from ner.features.characters import FILE, Characters
from ner.features.modules import CharacterCNN, CharacterLSTM
from ner.features.vocabulary import FIRST, MOST_CHARACTERS
from ner.text import Sentence


def data(*tokens: str) -> TrainingData:
    return TrainingData([Sentence(tokens)], (), Config())


def test_frequent_characters_come_first() -> None:
    built = Characters.build(data("abb", "cb"))
    assert built.files() == {FILE: ["b", "a", "c"]}
    assert built.ids("cab") == (FIRST + 2, FIRST + 1, FIRST)


def test_others_are_unknown() -> None:
    assert Characters(Vocabulary("ab")).ids("aXb") == (FIRST, UNKNOWN, FIRST + 1)
    assert Characters(Vocabulary("ab")).ids("") == ()


@given(st.text(max_size=3 * MOST_CHARACTERS))
def test_a_long_word_keeps_both_ends(word: str) -> None:
    characters = Characters(Vocabulary(dict.fromkeys(word)))
    ids, half = characters.ids(word), MOST_CHARACTERS // 2
    assert len(ids) == min(len(word), MOST_CHARACTERS)
    whole = characters.vocabulary.numbers(word)
    assert ids == (whole if len(word) <= MOST_CHARACTERS else whole[:half] + whole[-half:])


@given(st.text("abcde"), st.text("cdefg"))
def test_what_was_known_keeps_its_number(first: str, second: str) -> None:
    old = Characters.build(data(first or "a"))
    grown = old.grown(data(second or "c"))
    for character in old.vocabulary:
        assert grown.ids(character) == old.ids(character)
    assert {*grown.vocabulary} == {*(first or "a"), *(second or "c")}
    [origins] = grown.origins(old)
    assert list(origins[: len(old.vocabulary)]) == list(range(len(old.vocabulary)))
    assert set(origins[len(old.vocabulary) :]) <= {UNKNOWN}


@pytest.mark.parametrize(
    ("kind", "module"), [("auto", CharacterCNN), ("cnn", CharacterCNN), ("lstm", CharacterLSTM)]
)
def test_a_module_of_the_size_that_is_asked_for(kind: str, module: type[Any]) -> None:
    made: Any = Characters(Vocabulary("ab")).module(ModelConfig(chars=kind, char_hidden=7))
    assert isinstance(made, module)
    assert made.embed.num_embeddings == 2 + FIRST
    assert made.out_dim == (14 if kind == "lstm" else 7)


def test_without_characters_there_is_neither_module_nor_size() -> None:
    config = ModelConfig(chars="none")
    assert Characters(Vocabulary("ab")).module(config) is None
    assert feature_sizes(config) == {}


def test_its_size_is_a_setting_within_the_range_of_a_search() -> None:
    [(key, size)] = feature_sizes(ModelConfig()).items()
    assert key == "model.char_hidden"
    assert size.low <= size.small <= size.high
    for value in size:
        assert Config().replace({key: value})[key] == value
