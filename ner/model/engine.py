"""Models with a network, and the engine that runs it as training does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

import ner.model.device  # noqa: F401  (says what a forked process must do with torch)
from ner.config import ModelConfig
from ner.features import Context, Example, FeatureTable, Indexer, collate, plans
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


class TorchEngine:
    """The network as it is, on any device."""

    def __init__(self, network: BaseNetwork, indexer: Indexer) -> None:
        self._network = network
        self._indexer = indexer
        outputs = network.projection.out_features
        self._most_tokens = plans.tokens_at_once(outputs)

    def plan(self, lengths: Sequence[int]) -> list[list[int]]:
        """Batches of equal length where possible: these need no packing."""
        return plans.plan_batches(
            lengths, most_sentences=plans.BATCH_SENTENCES, most_tokens=self._most_tokens
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
        table = FeatureTable(self._indexer)
        nothing = [None] * len(sentences)
        examples = [
            Example(table.rows(tokens, context), contextual=states)
            for tokens, context, states in zip(
                sentences, contexts or nothing, embedded or nothing, strict=True
            )
        ]
        batch = collate(table, examples, range(len(examples)))
        with inference(self._network):
            scores = self._network.emissions(batch.to(self._network.projection.weight.device))
            found: NDArray[np.float32] = scores.float().cpu().numpy()
        return found


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
