"""The characters of words in the engine without torch, against the modules that learn."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from ner.config import ModelConfig
from ner.features.modules import CharacterCNN, CharacterLSTM
from ner.runtime import characters as native
from ner.runtime.characters import character_encoder, character_features, character_forms
from ner.stored import Arrays, forms_of
from ner.tensors import to_arrays

CHARACTERS, DIM, HIDDEN = 9, 4, 6
KINDS = ("cnn", "lstm")
each_kind = pytest.mark.parametrize("kind", KINDS)


def config_of(kind: str, kernel: int = 3) -> ModelConfig:
    return ModelConfig(chars=kind, char_dim=DIM, char_hidden=HIDDEN, char_kernel=kernel)


def module_of(kind: str, kernel: int = 3) -> CharacterCNN | CharacterLSTM:
    torch.manual_seed(2)
    if kind == "lstm":
        return CharacterLSTM(CHARACTERS, DIM, HIDDEN).eval()
    return CharacterCNN(CHARACTERS, DIM, HIDDEN, kernel).eval()


def weights_of(module: nn.Module) -> Arrays:
    named = {f"embedder.characters.{name}": t for name, t in module.state_dict().items()}
    return to_arrays(named)


def answers(
    kind: str, words: Sequence[Sequence[int]], kernel: int = 3, *, int8: bool = False
) -> NDArray[np.float32]:
    """The features ``[U, F]`` of words of character ids."""
    weights = weights_of(module_of(kind, kernel))
    encoder = character_encoder(config_of(kind, kernel), weights, int8=int8)
    assert encoder is not None
    out = np.full((len(words), encoder.dim), np.nan, np.float32)
    encoder.write(words, out)
    return out


def learnt(kind: str, words: Sequence[Sequence[int]], kernel: int = 3) -> NDArray[np.float32]:
    """The same by the module that learns."""
    padded = torch.zeros(len(words), max(1, *map(len, words)), dtype=torch.long)
    for row, word in zip(padded, words, strict=True):
        row[: len(word)] = torch.tensor(word, dtype=torch.long)
    with torch.no_grad():
        found: NDArray[np.float32] = module_of(kind, kernel)(padded).numpy()
    return found


word = st.lists(st.integers(1, CHARACTERS - 1), max_size=7)
words = st.lists(word, min_size=1, max_size=6)
full_words = st.lists(word.filter(bool), min_size=1, max_size=6)


@given(words, st.integers(1, 5))
def test_filters_answer_as_those_that_learn(texts: list[list[int]], kernel: int) -> None:
    np.testing.assert_allclose(
        answers("cnn", texts, kernel), learnt("cnn", [*texts, []], kernel)[:-1], atol=1e-5
    )


@given(full_words)
def test_last_states_are_those_of_the_module_that_learns(texts: list[list[int]]) -> None:
    np.testing.assert_allclose(
        answers("lstm", texts), learnt("lstm", [*texts, [1]])[:-1], atol=1e-5
    )


@each_kind
@given(texts=words)
def test_a_word_does_not_depend_on_the_others(kind: str, texts: list[list[int]]) -> None:
    together = answers(kind, texts)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_array_equal(row, answers(kind, [text])[0])


def test_without_characters_filters_are_silent() -> None:
    assert not answers("cnn", [[]]).any()


@given(full_words)
def test_eight_bits_are_close(texts: list[list[int]]) -> None:
    np.testing.assert_allclose(answers("lstm", texts, int8=True), answers("lstm", texts), atol=0.05)


@each_kind
@pytest.mark.parametrize("kernel", [1, 2, 5])
def test_forms_and_size_are_those_of_the_module(kind: str, kernel: int) -> None:
    module, config = module_of(kind, kernel), config_of(kind, kernel)
    assert dict(character_forms(config, CHARACTERS)) == forms_of(weights_of(module))
    assert character_features(config) == module.out_dim


def test_left_open_they_are_filters() -> None:
    config, filters = config_of("auto"), config_of("cnn")
    assert dict(character_forms(config, 5)) == dict(character_forms(filters, 5))
    assert character_features(config) == HIDDEN
    encoder = character_encoder(config, weights_of(module_of("cnn")), int8=False)
    assert isinstance(encoder, native.CharacterCNN)


def test_each_kind_has_its_encoder() -> None:
    encoder = character_encoder(config_of("lstm"), weights_of(module_of("lstm")), int8=False)
    assert isinstance(encoder, native.CharacterLSTM)
    assert character_encoder(config_of("none"), {}, int8=False) is None
    assert dict(character_forms(config_of("none"), 5)) == {}
    assert character_features(config_of("none")) == 0
