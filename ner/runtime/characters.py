"""Characters of a word from a network's weights alone: what `ner.features.modules` computes.

Shapes: ``U`` words.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig
from ner.runtime.kernels import CharacterTable
from ner.runtime.layers import SIDES, SINGLE, Named, layer_forms, layer_of
from ner.stored import Arrays, Form

Floats = NDArray[np.float32]

_NAME = "embedder.characters"


def character_encoder(
    config: ModelConfig, weights: Arrays, *, int8: bool
) -> "CharacterCNN | CharacterLSTM | None":
    """The character encoder that the configuration asks for, or None."""
    if config.chars in ("auto", "cnn"):
        return CharacterCNN(weights, _NAME)
    if config.chars == "lstm":
        return CharacterLSTM(weights, _NAME, int8=int8)
    return None


def character_features(config: ModelConfig) -> int:
    """The number of features that a word's characters give."""
    return {"auto": 1, "cnn": 1, "lstm": 2}.get(config.chars, 0) * config.char_hidden


def character_forms(config: ModelConfig, characters: int) -> Named:
    """The forms of the weights of the encoder of so many characters."""
    if config.chars == "none":
        return
    filters, dim = config.char_hidden, config.char_dim
    yield f"{_NAME}.embed.weight", Form(SINGLE, (characters, dim))
    if config.chars == "lstm":
        yield from layer_forms(f"{_NAME}.lstm", "lstm", dim, filters, SIDES)
    else:
        yield f"{_NAME}.filters.weight", Form(SINGLE, (filters, dim, config.char_kernel))
        yield f"{_NAME}.filters.bias", Form(SINGLE, (filters,))


class CharacterCNN:
    """The filters of `ner.features.modules.CharacterCNN`, as a table of products."""

    def __init__(self, weights: Arrays, name: str) -> None:
        filters = weights[f"{name}.filters.weight"]
        bias = weights[f"{name}.filters.bias"]
        self._table = CharacterTable(weights[f"{name}.embed.weight"], filters, bias)
        self.dim = len(filters)

    def write(self, words: Sequence[Sequence[int]], out: Floats) -> None:
        """Write the answers to words of character ids into `out` ``[U, filters]``."""
        flat = np.array([number for word in words for number in word], np.int32)
        starts = np.array([*accumulate(map(len, words), initial=0)], np.int32)
        found = np.empty((len(words), self.dim), np.float32)
        self._table.words(flat, starts, found)
        out[:] = found


class CharacterLSTM:
    """The last states of `ner.features.modules.CharacterLSTM` from each end of a word."""

    def __init__(self, weights: Arrays, name: str, *, int8: bool) -> None:
        self._layer = layer_of(weights, f"{name}.lstm", "lstm", 2, int8=int8)
        embedded = np.ascontiguousarray(weights[f"{name}.embed.weight"])
        self._rows = np.empty((len(embedded), self._layer.width), self._layer.row_dtype)
        self._layer.project(embedded, self._rows)
        self._hidden = weights[f"{name}.lstm.weight_hh_l0"].shape[1]
        self.dim = 2 * self._hidden

    def write(self, words: Sequence[Sequence[int]], out: Floats) -> None:
        """Write the states of words of character ids into `out` ``[U, 2 · hidden]``."""
        sizes = np.array([max(1, len(word)) for word in words], np.int32)
        order = np.argsort(-sizes, kind="stable")
        rows = np.zeros((len(words), int(sizes.max())), np.int32)  # a word of none reads padding
        for row, number in zip(rows, order.tolist(), strict=True):
            row[: len(words[number])] = words[number]
        states = self._layer.run(self._rows, rows, sizes[order])
        ends = states[np.arange(len(words)), sizes[order] - 1, : self._hidden]
        out[order, : self._hidden] = ends
        out[order, self._hidden :] = states[:, 0, self._hidden :]
