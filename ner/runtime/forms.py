"""The names, types and shapes of a network's weights, which follow from its settings and features.

A file of weights is compared with them before any memory is taken.
"""

from collections.abc import Iterator

import numpy as np

from ner.config import ModelConfig
from ner.features import Indexer
from ner.runtime.embedding import embedded_columns
from ner.stored import Form

GATES = {"lstm": 4, "gru": 3, "rnn": 1}
_SIDES = ("", "_reverse")
_SINGLE, _HALF = np.dtype(np.float32), np.dtype(np.float16)

_Named = Iterator[tuple[str, Form]]


def network_forms(
    config: ModelConfig, indexer: Indexer, contextual: int, outputs: int
) -> dict[str, Form]:
    """The forms of all weights but those of the head.

    `contextual` is the size of a contextual embedding, 0 without any; `outputs` counts tags or
    labels.
    """
    parts = [
        *_words(config, indexer),
        *_characters(config, indexer),
        *_kinds(config, indexer),
        *_contextual(config, contextual),
    ]
    # Of each part one weight tells how many features it has: its columns, or its filters.
    width = sum(form.shape[1] for name, form in parts if name.endswith(".trained.weight"))
    width += sum(form.shape[1] for name, form in parts if ".kinds." in name)
    width += {"auto": 1, "cnn": 1, "lstm": 2}.get(config.chars, 0) * config.char_hidden
    width += config.contextual_dim if contextual else 0
    sides = _SIDES if config.bidirectional else _SIDES[:1]
    for number in range(config.layers):
        name = f"encoder.layers.{number}"
        parts += layer_forms(name, config.cell, width, config.hidden, sides)
        width = config.hidden * len(sides)
    return dict([*parts, *_linear("projection", width, outputs)])


def head_forms(config: ModelConfig, tags: int, name: str = "head") -> dict[str, Form]:
    """The forms of the weights of a tagger's head of that name."""
    if config.head == "softmax":
        return {}
    return {
        f"{name}.start_transitions": Form(_SINGLE, (tags,)),
        f"{name}.transitions": Form(_SINGLE, (tags, tags)),
        f"{name}.end_transitions": Form(_SINGLE, (tags,)),
    }


def layer_forms(
    name: str, cell: str, inputs: int, hidden: int, sides: tuple[str, ...] = _SIDES[:1]
) -> _Named:
    """The forms of the weights of a recurrent layer of that name."""
    rows = GATES[cell] * hidden
    for side in sides:
        yield f"{name}.weight_ih_l0{side}", Form(_SINGLE, (rows, inputs))
        yield f"{name}.weight_hh_l0{side}", Form(_SINGLE, (rows, hidden))
        yield f"{name}.bias_ih_l0{side}", Form(_SINGLE, (rows,))
        yield f"{name}.bias_hh_l0{side}", Form(_SINGLE, (rows,))


def _linear(name: str, inputs: int, outputs: int) -> _Named:
    yield f"{name}.weight", Form(_SINGLE, (outputs, inputs))
    yield f"{name}.bias", Form(_SINGLE, (outputs,))


def _words(config: ModelConfig, indexer: Indexer) -> _Named:
    for number, table in enumerate(indexer.words.tables):
        name, size = f"embedder.words.{number}", table.size
        yield f"{name}.trained.weight", Form(_SINGLE, (size.trained, size.dim))
        yield f"{name}.spare", Form(_HALF, (size.frozen, size.dim))
        if size.pretrained and config.vectors == "projected":
            yield f"{name}.projection.weight", Form(_SINGLE, (size.dim, size.dim))


def _characters(config: ModelConfig, indexer: Indexer) -> _Named:
    if config.chars == "none":
        return
    name, filters = "embedder.characters", config.char_hidden
    yield (
        f"{name}.embed.weight",
        Form(_SINGLE, (len(indexer.characters.vocabulary), config.char_dim)),
    )
    if config.chars == "lstm":
        yield from layer_forms(f"{name}.lstm", "lstm", config.char_dim, filters, _SIDES)
    else:
        kernel = config.char_kernel
        yield f"{name}.filters.weight", Form(_SINGLE, (filters, config.char_dim, kernel))
        yield f"{name}.filters.bias", Form(_SINGLE, (filters,))


def _kinds(config: ModelConfig, indexer: Indexer) -> _Named:
    sizes = [
        (size, getattr(config, feature.DIM))
        for feature in indexer.categorical
        for size in feature.sizes
    ]
    for number, column in enumerate(embedded_columns(indexer, config)):
        yield f"embedder.kinds.{number}.weight", Form(_SINGLE, sizes[column])


def _contextual(config: ModelConfig, size: int) -> _Named:
    if size:
        yield from _linear("embedder.contextual.linear", size, config.contextual_dim)
