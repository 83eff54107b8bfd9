"""The whole network: embed → encode → head."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, CountsBatch, Indexer, TagBatch
from ner.model.crf.head import CRFHead, SoftmaxHead
from ner.model.embedder import Embedder, Inputs
from ner.model.encoder import Encoder
from ner.model.skeleton import without_weights
from ner.model.token_embedders import TokenEmbedder
from ner.stored import Arrays
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


class Network(BaseNetwork):
    """A tagger for K tags: its `head` decodes emissions, and has their probabilities."""

    def __init__(self, config: ModelConfig, tags: Sequence[str], inputs: Inputs) -> None:
        super().__init__(config, inputs, len(tags))
        kind = CRFHead if config.head == "crf" else SoftmaxHead
        self.head: CRFHead | SoftmaxHead = kind(tags, config.scheme)

    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Compute unnormalised tag scores ``[B, T, K]``; `features` as in `states`."""
        scores: Tensor = self.projection(self.states(batch, features))
        return scores

    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Mean over the sentences of the negative log-likelihood of their known tags.

        For expected counts, the cross-entropy with these, weighed by sentence. `costs` ``[K]``
        augment it: the log of the weight of a mistake where a tag of that type is known; expected
        counts are of models that have learnt with them. `features` as in `states`.
        """
        emissions = self.emissions(batch, features)
        target = batch.target
        if isinstance(target, CountsBatch):
            counts = (target.unary, target.pairwise)
            losses = self.head.cross_entropy(emissions, *counts, batch.lengths)
            losses = losses if target.weights is None else losses * target.weights
        else:
            assert isinstance(target, TagBatch), "a batch to learn from has tags"
            losses = self.head.loss(emissions, target.ids, batch.lengths, target.possible, costs)
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
