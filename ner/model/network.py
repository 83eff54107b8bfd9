"""The whole network: embed → encode → head."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, CountsBatch, TagBatch
from ner.model.embedder import Embedder, Inputs
from ner.model.encoder import Encoder
from ner.model.head import CRFHead, SoftmaxHead, SpanPlace
from ner.tags import allowed_transitions


class BaseNetwork(nn.Module, ABC):
    """Embed → encode → project: what networks that read tokens have in common, whatever for.

    Every shape follows from the arguments: weights are loaded after.
    """

    def __init__(self, config: ModelConfig, inputs: Inputs, outputs: int) -> None:
        super().__init__()
        self.embedder = Embedder(inputs, config)
        self.encoder = Encoder(self.embedder.out_dim, config)
        self.projection = nn.Linear(self.encoder.out_dim, outputs)

    def states(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """What is known at each token, ``[B, T, H · directions]``.

        With `features` ``[B, T, D]``, these take the place of the embedder's.
        """
        features = self.embedder(batch) if features is None else features
        states: Tensor = self.encoder(features, batch.lengths)
        return states

    @abstractmethod
    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Unnormalised scores of what the network tells apart; `features` as in `states`."""

    @abstractmethod
    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """What a step of training makes smaller: a mean over the sentences."""


class Network(BaseNetwork):
    """A tagger for K tags."""

    def __init__(self, config: ModelConfig, tags: Sequence[str], inputs: Inputs) -> None:
        super().__init__(config, inputs, len(tags))
        allowed = allowed_transitions(tags, config.scheme)
        self.head: CRFHead | SoftmaxHead = (
            CRFHead(tags, allowed) if config.head == "crf" else SoftmaxHead(tags, allowed)
        )

    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Unnormalised tag scores ``[B, T, K]``; of other `features` ``[B, T, D]``, if given."""
        scores: Tensor = self.projection(self.states(batch, features))
        return scores

    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Mean over the sentences of the negative log-likelihood of what is known of their tags.

        Where a teacher says what to expect of the sentences, it is the
        cross-entropy with that. `costs` ``[K]`` is the log of how much a
        mistake counts where a tag of that type is known; a teacher has heeded
        them already. With `features` ``[B, T, D]``, these take the place of
        the embedder's.
        """
        emissions = self.emissions(batch, features)
        target = batch.target
        if isinstance(target, CountsBatch):
            losses = self.head.taught_loss(emissions, *target, batch.lengths)
        else:
            assert isinstance(target, TagBatch), "a batch to learn from has tags"
            losses = self.head.loss(emissions, target.ids, batch.lengths, target.possible, costs)
        return losses.mean()

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The best legal tag numbers, ``[B, T]``; 0 beyond a sentence's length."""
        return self.head.decode(emissions, lengths)

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` most probable legal sequences, best first, and their probabilities.

        Returns tags ``[B, N, T]``, 0 beyond a sentence's length, and ``[B, N]``.
        Probability 0, with tags 0, stands for no sequence: there are fewer.
        """
        return self.head.nbest(emissions, lengths, count)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.head.marginals(emissions, lengths)

    def expected(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """How often each tag stands at each token, ``[B, T, K]``, and each legal move, ``[B, M]``.

        With `choices` ``[B, T, K]``, given that the tags are among those that are true there.
        """
        return self.head.expected(emissions, lengths, choices)

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPlace]
    ) -> list[float]:
        """The probability of each span that the tags ``[B, T]`` hold."""
        return self.head.span_scores(emissions, lengths, tags, spans)
