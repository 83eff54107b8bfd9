"""Engines: two ways from tokens to emissions, with one result; decoders, which are shared.

The native engine needs no torch and runs on a CPU. Torch's runs the network as training does, on
any device.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ner.config import ModelConfig, PredictConfig
from ner.features import Context
from ner.model import Decoder, decoder_of
from ner.runtime import CELLS, AnyModel, NativeEngine, StoredModel, compiled_chain
from ner.stored import Arrays
from ner.tags import TagLayer, tag_layers

_log = logging.getLogger("ner")


class Engine(Protocol):
    """The computation of tag scores; the one part of a model that may be replaced."""

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Group sentences into batches: every position of `lengths` once."""

    def emissions(
        self,
        sentences: Sequence[Sequence[str]],
        contexts: Sequence[Context] | None = None,
        embedded: Sequence[NDArray[np.float16]] | None = None,
    ) -> NDArray[np.float32]:
        """Tag scores ``[B, T, K]`` of sentences that all have a token, in their contexts.

        `embedded` are the contextual embeddings of their tokens, ``[T, M]`` each, if the model has
        any.
        """


def engine_of(model: AnyModel, settings: PredictConfig, *, last_states: bool = False) -> Engine:
    """The engine that computes emissions, as configured.

    Of a stored model it is the same for the same settings, shared by threads; a forked process
    gets its own, since its parent's lock may be held for ever. With `last_states` the last state of
    each direction is scored, as classifiers do.
    """
    if model.config.cell not in CELLS and settings.engine != "torch":
        _log.info("the native engine has no cell %s: torch tags, more slowly", model.config.cell)
        settings = replace(settings, engine="torch")
    if settings.engine == "torch" or not isinstance(model, StoredModel):
        return _engine_of_network(model, settings, last_states)
    int8 = precision_of(model, settings) == "int8"
    key = (os.getpid(), int8, settings.cache_mb, last_states)
    engine: Engine = model.made(key, lambda: _native(model, settings, int8, last_states))
    return engine


def engine_name(model: AnyModel, settings: PredictConfig) -> str:
    """The engine of `engine_of`: ``native`` or ``torch``."""
    native = isinstance(model, StoredModel) and model.config.cell in CELLS
    return settings.engine if native else "torch"


def precision_of(model: AnyModel, settings: PredictConfig) -> str:
    """The precision in which the native engine tags: ``int8`` or ``float32``."""
    chosen = "int8" if isinstance(model, StoredModel) and model.int8 else "float32"
    return chosen if settings.precision == "auto" else settings.precision


def read_batch(
    model: AnyModel,
    engine: Engine,
    sentences: Sequence[Sequence[str]],
    contexts: Sequence[Context] | None = None,
) -> NDArray[np.float32]:
    """`Engine.emissions`, with the contextual embeddings that the model has."""
    embedded = model.contextual.embed(sentences) if model.contextual else None
    return engine.emissions(sentences, contexts, embedded)


def _native(
    model: AnyModel, settings: PredictConfig, int8: bool, last_states: bool
) -> NativeEngine:
    return NativeEngine(
        model.config,
        model.indexer,
        model.weights,
        int8=int8,
        cache_bytes=settings.cache_mb * 1_000_000,
        last_states=last_states,
    )


def _engine_of_network(model: AnyModel, settings: PredictConfig, last_states: bool) -> Engine:
    """The engine of a network with the weights of now: it may learn on."""
    from ner.model import Model, TorchEngine  # taggers with weights from a file need no torch

    if isinstance(model, StoredModel):
        stored = model
        network = stored.made(("network",), lambda: stored.build(stored))
        return TorchEngine(network, model.indexer)
    assert isinstance(model, Model), "there are models with a network, and without one"
    if settings.engine == "torch" or model.device.type != "cpu":
        return TorchEngine(model.network, model.indexer)
    return _native(model, settings, settings.precision == "int8", last_states)


LayerDecoder = tuple[TagLayer, Decoder]
"""A tag layer among the outputs of a model, and the decoder of its emissions."""


def tag_decoder(model: AnyModel) -> Decoder:
    """The decoder of a tagger with one tag layer, with the weights of now."""
    ((_, decoder),) = tag_decoders(model)
    return decoder


def tag_decoders(model: AnyModel) -> tuple[LayerDecoder, ...]:
    """The decoder of each tag layer of a tagger, with the weights of now."""
    if isinstance(model, StoredModel):
        decoders: tuple[LayerDecoder, ...] = model.made(("decoders",), lambda: _decoders(model))
        return decoders
    return _decoders(model)


def _decoders(model: AnyModel) -> tuple[LayerDecoder, ...]:
    weights = model.weights
    return tuple(
        (layer, _decoder(model.config, layer, weights, f"heads.{i}." if model.layers else "head."))
        for i, layer in enumerate(tag_layers(model.outputs, model.layers))
    )


def _decoder(config: ModelConfig, layer: TagLayer, weights: Arrays, head: str) -> Decoder:
    own = {k.removeprefix(head): w for k, w in weights.items() if k.startswith(head)}
    return decoder_of(config.head, layer.tags, config.scheme, own, compiled_chain)
