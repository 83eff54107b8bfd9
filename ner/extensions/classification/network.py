"""Whole sequences: the last state from each end, joined, and a score for each label.

Read from the left, the state after the last token has seen all; read from the right, that after the
first one (in the manner of Graves and Schmidhuber 2005, where each token has both).
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, Indexer, LabelBatch
from ner.model import BaseModel, BaseNetwork, Engine, FastEngine, Inputs, Steps, TokenEmbedder


def last_states(states: Tensor, lengths: Tensor, hidden: int) -> Tensor:
    """The last state of each direction, side by side, ``[B, H · directions]``.

    `states` ``[B, T, H · directions]`` are those of a layer, the first `hidden` of each read from
    the left; `lengths` ``[B]`` are all above 0. What stands at padding is not looked at.
    """
    ends = (lengths - 1).to(states.device)
    rows = torch.arange(len(states), device=states.device)
    return torch.cat([states[rows, ends, :hidden], states[:, 0, hidden:]], dim=1)


class SequenceClassifier(BaseNetwork):
    """A network with L scores for each sequence, on the tagger's embedder and encoder.

    Dropout behind the encoder takes the same features at every token, so joined states have it.
    """

    def __init__(self, config: ModelConfig, labels: int, inputs: Inputs) -> None:
        super().__init__(config, inputs, labels)
        self._hidden = config.hidden

    def emissions(self, batch: Batch, features: Tensor | None = None) -> Tensor:
        """Unnormalised scores of the labels, ``[B, L]``; `features` as in `states`."""
        joined = last_states(self.states(batch, features), batch.lengths, self._hidden)
        scores: Tensor = self.projection(joined)
        return scores

    def loss(
        self, batch: Batch, costs: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        """Mean over the sequences of the cross-entropy of their labels.

        `costs` ``[L]``, the log of the cost of mistakes at sequences of each label, are added to
        the scores of all wrong ones (softmax-margin).
        """
        assert isinstance(batch.target, LabelBatch), "a batch to learn from has labels"
        labels = batch.target.ids
        scores = self.emissions(batch, features)
        if costs is not None:
            wrong = 1 - nn.functional.one_hot(labels, len(costs))
            scores = scores + wrong * costs[labels][:, None]
        return nn.functional.cross_entropy(scores, labels)


class LastStatesEngine(FastEngine):
    """The same where only the last state from each end is scored: ``[B, L]``."""

    def _project(self, states: Tensor, steps: Steps, lengths: NDArray[np.int64]) -> Tensor:
        # Step s reads the s-th token from either end, so a sentence's last step is last for both.
        before = np.cumsum([0, *steps.counts])  # tokens read before each step
        last = torch.from_numpy(before[lengths - 1] + np.arange(len(lengths)))
        joined = states[:, last].transpose(0, 1).flatten(1)  # [B, D · H]
        return torch.addmm(self._out_bias, joined, self._out_weight)


@dataclass(frozen=True)
class ClassifierModel(BaseModel):
    """All that turns tokens into a label: how words are looked up, the labels, the network."""

    indexer: Indexer
    labels: tuple[str, ...]
    network: SequenceClassifier
    contextual: TokenEmbedder | None = None
    _engines: dict[tuple[object, ...], Engine] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _fast: ClassVar[type[FastEngine]] = LastStatesEngine
