"""Whole sequences: the last state from each end, joined, and a score for each label.

Read from the left, the state after the last token has seen all; read from the right, that after the
first one (in the manner of Graves and Schmidhuber 2005, where each token has both).
"""

import torch
from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, LabelBatch
from ner.model import BaseNetwork, Inputs


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
