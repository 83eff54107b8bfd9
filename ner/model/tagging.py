"""The network together with what gives its numbers a meaning."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ner.features import Batch, Indexer
from ner.model.network import Network


@dataclass(frozen=True)
class Model:
    """All that turns tokens into spans: how words are looked up, the tag set, the network."""

    indexer: Indexer
    tags: tuple[str, ...]
    network: Network

    @property
    def device(self) -> torch.device:
        """Where the network's weights are."""
        return self.network.projection.weight.device

    def emissions(self, batch: Batch) -> Tensor:
        """Tag scores ``[B, T, K]`` of a batch; the one part that another engine may replace."""
        return self.network.emissions(batch.to(self.device))
