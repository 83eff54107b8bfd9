"""Models with a network, and the engine that runs it as training does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import ner.model.device  # noqa: F401  (says what a forked process must do with torch)
from ner.config import ModelConfig
from ner.features import (
    Batch,
    Context,
    Example,
    FeatureTable,
    Indexer,
    collate,
    collate_rows,
    plans,
)
from ner.model.kept_rows import KeptRows
from ner.model.network import BaseNetwork
from ner.model.token_embedders import TokenEmbedder
from ner.stored import Arrays
from ner.tensors import to_arrays


@contextmanager
def inference(network: nn.Module) -> Iterator[None]:
    """Switch gradients and dropout off; a network in training goes back to it after the block.

    One that is not in training is left alone, so that threads may share it.
    """
    was_training = network.training
    if was_training:
        network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if was_training:
            network.train()


# How much larger batches are on a GPU, which works on all of one at once.
GPU_BATCH = 4
_kept: WeakKeyDictionary[nn.Module, KeptRows] = WeakKeyDictionary()


class TorchEngine:
    """The network as it is, on any device.

    On a GPU the features of words stay there, also for the next engine of the same network.
    """

    def __init__(
        self, network: BaseNetwork, indexer: Indexer, *, keeps_rows: bool | None = None
    ) -> None:
        """With `keeps_rows`, words are kept on a CPU, too."""
        self._network = network
        self._indexer = indexer
        on_gpu = self._device.type == "cuda"
        self._larger = GPU_BATCH if on_gpu else 1
        self._rows: KeptRows | None = None
        if on_gpu if keeps_rows is None else keeps_rows:
            made = KeptRows(network.embedder, indexer)
            self._rows = _kept.setdefault(network, made)

    @property
    def _device(self) -> torch.device:
        return self._network.projection.weight.device

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Batches of equal length where possible: these need no packing."""
        most_tokens = plans.tokens_at_once(self._network.projection.out_features)
        return plans.plan_batches(
            lengths,
            most_sentences=plans.BATCH_SENTENCES * self._larger,
            most_tokens=most_tokens * self._larger,
        )

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
        nothing = [None] * len(sentences)
        parts = list(zip(sentences, contexts or nothing, embedded or nothing, strict=True))
        with inference(self._network):
            scores = self._network.emissions(*self._read(parts))
            found: NDArray[np.float32] = scores.float().cpu().numpy()
        return found

    def _read(self, parts: Sequence[tuple[Any, Any, Any]]) -> tuple[Batch, Tensor | None]:
        """The batch of sentences, their contexts and embeddings; its features, if rows are kept."""
        if self._rows is None:
            ids = FeatureTable(self._indexer)
            examples = [Example(ids.rows(t, c), contextual=states) for t, c, states in parts]
            return collate(ids, examples, range(len(examples))).to(self._device), None
        keys = [self._indexer.keys(tokens, context) for tokens, context, _ in parts]
        table, rows = self._rows([key for several in keys for key in several])
        cut = np.split(rows, np.cumsum([len(several) for several in keys])[:-1])
        states = [own for _, _, own in parts]
        batch = collate_rows([Example(r, contextual=s) for r, s in zip(cut, states, strict=True)])
        batch = batch.to(self._device)
        return batch, self._network.embedder.in_context(table[batch.forms], batch)


AnyNetwork = TypeVar("AnyNetwork", bound=BaseNetwork)


@dataclass(frozen=True)
class Model(Generic[AnyNetwork]):
    """Features, outputs and network of a tagger or classifier, and its token embedder, if any."""

    indexer: Indexer
    outputs: tuple[str, ...]  # the tags, or the labels of whole texts, in order
    network: AnyNetwork
    contextual: TokenEmbedder | None = None
    layers: tuple[str, ...] = ()  # names of tag layers, whose tags stand one after the other

    @property
    def device(self) -> torch.device:
        """The device of the network's weights."""
        return self.network.projection.weight.device

    @property
    def config(self) -> ModelConfig:
        """The settings of the network."""
        return self.network.config

    @property
    def weights(self) -> Arrays:
        """The weights of now, by name."""
        return to_arrays(self.network.state_dict())
