"""The whole network: embed → encode → head."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, CountsBatch, Indexer, LayerBatch, TagBatch, TargetBatch
from ner.model.crf.head import CRFHead, SoftmaxHead
from ner.model.embedder import Embedder, Inputs
from ner.model.encoder import Encoder
from ner.model.skeleton import without_weights
from ner.model.token_embedders import TokenEmbedder
from ner.stored import Arrays
from ner.tags import tag_layers
from ner.tensors import to_tensors


class BaseNetwork(nn.Module, ABC):
    """Embed → encode → project: the common part of taggers and classifiers.

    Every shape follows from the arguments: weights are loaded after.
    """

    def __init__(self, config: ModelConfig, inputs: Inputs, outputs: int) -> None:
        super().__init__()
        self.config = config
        self.embedder = Embedder(inputs, config)
        self.encoder = Encoder(self.embedder.out_dim, config)
        self.projection = nn.Linear(self.encoder.out_dim, outputs)

    def states(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Compute the encoder's states at each token, ``[B, T, H · directions]``.

        With `features` ``[B, T, D]``, these take the place of the embedder's.
        """
        features = self.embedder(batch) if features is None else features
        states: Tensor = self.encoder(features, batch.lengths)
        return states

    @abstractmethod
    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Compute unnormalised scores of tags or labels; `features` as in `states`."""

    @abstractmethod
    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Compute the training loss: a mean over the sentences."""


Head = CRFHead | SoftmaxHead


class Network(BaseNetwork):
    """A tagger for K tags: its `head` decodes emissions, and has their probabilities.

    With `layers`, the names of tag layers, the tags are those of one after the other, and each has
    one of the `heads`, over one encoder.
    """

    head: Head
    heads: nn.ModuleList

    def __init__(
        self,
        config: ModelConfig,
        tags: Sequence[str],
        inputs: Inputs,
        layers: Sequence[str] = (),
    ) -> None:
        super().__init__(config, inputs, len(tags))
        kind = CRFHead if config.head == "crf" else SoftmaxHead
        self._layers = tag_layers(tags, layers)
        heads = [kind(layer.tags, config.scheme) for layer in self._layers]
        if layers:
            self.heads = nn.ModuleList(heads)
        else:
            (self.head,) = heads

    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Compute unnormalised tag scores ``[B, T, K]``; `features` as in `states`."""
        scores: Tensor = self.projection(self.states(batch, features))
        return scores

    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Mean over the sentences of the negative log-likelihood of their known tags.

        Of several tag layers it is the sum. For expected counts, the cross-entropy with these,
        weighed by sentence. `costs` ``[K]`` augment it: the log of the weight of a mistake where a
        tag of that type is known; expected counts are of models that have learnt with them.
        `features` as in `states`.
        """
        emissions = self.emissions(batch, features)
        if not isinstance(batch.target, LayerBatch):
            return _loss(self.head, emissions, batch.target, batch.lengths, costs)
        parts = [
            _loss(
                cast(Head, head),
                emissions[:, :, layer.columns],
                target,
                batch.lengths,
                None if costs is None else costs[layer.columns],
            )
            for layer, head, target in zip(
                self._layers, self.heads, batch.target.parts, strict=True
            )
        ]
        return torch.stack(parts).sum()


def _loss(
    head: Head,
    emissions: Tensor,
    target: TargetBatch | None,
    lengths: Tensor,
    costs: Tensor | None,
) -> Tensor:
    """The loss of one layer, by its emissions ``[B, T, K]`` and `costs` ``[K]``."""
    if isinstance(target, CountsBatch):
        losses = head.cross_entropy(emissions, target.unary, target.pairwise, lengths)
        losses = losses if target.weights is None else losses * target.weights
    else:
        assert isinstance(target, TagBatch), "a batch to learn from has tags"
        losses = head.loss(emissions, target.ids, lengths, target.possible, costs)
    return losses.mean()


AnyNetwork = TypeVar("AnyNetwork", bound=BaseNetwork)


def restored(
    build: Callable[[Inputs], AnyNetwork],
    indexer: Indexer,
    contextual: TokenEmbedder | None,
    weights: Arrays,
) -> AnyNetwork:
    """Build a network around weights that fit it, whose memory it uses."""
    with without_weights():
        network = build(Inputs.of(indexer, contextual))
    network.load_state_dict(to_tensors(weights), assign=True)
    return network.eval()
