"""Targets of training: tags, expected counts or a label of a sentence, and batches of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class TagBatch(NamedTuple):
    """Tags of B sentences."""

    ids: Tensor  # [B, T], padded with 0; where `possible` has several, one of them
    possible: Tensor | None = None  # [B, T, K] tags a token can have; None if `ids` are complete


class CountsBatch(NamedTuple):
    """Expected counts of B sentences."""

    unary: Tensor  # [B, T, K], 0 at padding
    pairwise: Tensor  # [B, M]
    weights: Tensor | None = None  # [B] of the sentences in the loss; None: all weigh 1


class LabelBatch(NamedTuple):
    """Classes of B whole sentences."""

    ids: Tensor  # [B]


SentenceTargets = TagBatch | CountsBatch | LabelBatch


class LayerBatch(NamedTuple):
    """Targets of B sentences in each tag layer."""

    parts: tuple[SentenceTargets, ...]


TargetBatch = SentenceTargets | LayerBatch


def moved(target: TargetBatch, device: torch.device) -> TargetBatch:
    """The same target with its tensors on another device."""
    if isinstance(target, LayerBatch):
        return LayerBatch(tuple(_moved(part, device) for part in target.parts))
    return _moved(target, device)


def _moved(target: SentenceTargets, device: torch.device) -> SentenceTargets:
    parts: list[Any] = [None if part is None else part.to(device) for part in target]
    return type(target)(*parts)


class Target(Protocol):
    """The target of one sentence."""

    @classmethod
    def collate(cls, targets: Sequence[Self], mask: NDArray[np.bool_]) -> TargetBatch:
        """The targets of a batch; `mask` ``[B, T]`` is true where there is a token."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a sentence; of a partly labelled one those that each token can have."""

    ids: NDArray[np.int64]  # [T]; where `possible` has several, any of them
    possible: NDArray[np.bool_] | None = None  # [T, K]

    @classmethod
    def collate(cls, targets: Sequence[Self], mask: NDArray[np.bool_]) -> TagBatch:
        """Pad the tags; where some are partial, all have `possible`, true at padding."""
        import torch

        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = np.concatenate([target.ids for target in targets])
        given = [(row, t.possible) for row, t in enumerate(targets) if t.possible is not None]
        if not given:
            return TagBatch(torch.from_numpy(ids))
        possible: NDArray[np.bool_] = ids[:, :, None] == np.arange(given[0][1].shape[1])
        for row, own in given:
            possible[row, : len(own)] = own
        possible[~mask] = True
        return TagBatch(torch.from_numpy(ids), torch.from_numpy(possible))


class ExpectedCounts(NamedTuple):
    """Expected counts of a sentence's tags, by one model or on average by several."""

    unary: NDArray[np.float32]  # [T, K] how often each tag stands at each token
    pairwise: NDArray[np.float32]  # [M] how often each legal transition is made

    @classmethod
    def collate(cls, targets: Sequence[Self], mask: NDArray[np.bool_]) -> CountsBatch:
        """Pad the unary counts with 0."""
        import torch

        unary = np.zeros((*mask.shape, targets[0].unary.shape[1]), dtype=np.float32)
        unary[mask] = np.concatenate([target.unary for target in targets])
        pairwise = np.stack([target.pairwise for target in targets])
        return CountsBatch(torch.from_numpy(unary), torch.from_numpy(pairwise))


class LayerTags(NamedTuple):
    """Tags of a sentence in each tag layer."""

    parts: tuple[Tags, ...]

    @classmethod
    def collate(cls, targets: Sequence[Self], mask: NDArray[np.bool_]) -> LayerBatch:
        """Pad the tags of each layer."""
        layers = zip(*(target.parts for target in targets), strict=True)
        return LayerBatch(tuple(Tags.collate(layer, mask) for layer in layers))


class Label(NamedTuple):
    """The class of a whole sentence."""

    id: int

    @classmethod
    def collate(cls, targets: Sequence[Self], mask: NDArray[np.bool_]) -> LabelBatch:
        """The classes, one after the other."""
        import torch

        return LabelBatch(torch.tensor([target.id for target in targets]))
