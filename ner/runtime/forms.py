"""The names, types and shapes of a network's weights, which follow from its settings and features.

A file of weights is compared with them before any memory is taken.
"""

import numpy as np

from ner.config import ModelConfig
from ner.features import Indexer
from ner.runtime.characters import character_features, character_forms
from ner.runtime.embedding import embedded_columns
from ner.runtime.layers import SIDES, SINGLE, Named, layer_forms
from ner.stored import Form

_HALF = np.dtype(np.float16)


def network_forms(
    config: ModelConfig, indexer: Indexer, contextual: int, outputs: int
) -> dict[str, Form]:
    """The forms of all weights but those of the head.

    `contextual` is the size of a contextual embedding, 0 without any; `outputs` counts tags or
    labels.
    """
    parts = [
        *_words(config, indexer),
        *character_forms(config, len(indexer.characters.vocabulary)),
        *_kinds(config, indexer),
        *_contextual(config, contextual),
    ]
    # Of each part one weight tells how many features it has: its columns, or its filters.
    width = sum(form.shape[1] for name, form in parts if name.endswith(".trained.weight"))
    width += sum(form.shape[1] for name, form in parts if ".kinds." in name)
    width += character_features(config)
    width += config.contextual_dim if contextual else 0
    sides = SIDES if config.bidirectional else SIDES[:1]
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
        f"{name}.start_transitions": Form(SINGLE, (tags,)),
        f"{name}.transitions": Form(SINGLE, (tags, tags)),
        f"{name}.end_transitions": Form(SINGLE, (tags,)),
    }


def _linear(name: str, inputs: int, outputs: int) -> Named:
    yield f"{name}.weight", Form(SINGLE, (outputs, inputs))
    yield f"{name}.bias", Form(SINGLE, (outputs,))


def _words(config: ModelConfig, indexer: Indexer) -> Named:
    for number, table in enumerate(indexer.words.tables):
        name, size = f"embedder.words.{number}", table.size
        yield f"{name}.trained.weight", Form(SINGLE, (size.trained, size.dim))
        yield f"{name}.spare", Form(_HALF, (size.frozen, size.dim))
        if size.pretrained and config.vectors == "projected":
            yield f"{name}.projection.weight", Form(SINGLE, (size.dim, size.dim))


def _kinds(config: ModelConfig, indexer: Indexer) -> Named:
    sizes = [
        (size, getattr(config, feature.DIM))
        for feature in indexer.categorical
        for size in feature.sizes
    ]
    for number, column in enumerate(embedded_columns(indexer, config)):
        yield f"embedder.kinds.{number}.weight", Form(SINGLE, sizes[column])


def _contextual(config: ModelConfig, size: int) -> Named:
    if size:
        yield from _linear("embedder.contextual.linear", size, config.contextual_dim)
