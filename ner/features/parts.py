"""Parts of a batch: what one of several processes learns from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ner.features.batch import Batch
from ner.features.targets import (
    CountsBatch,
    LabelBatch,
    LayerBatch,
    SentenceTargets,
    TagBatch,
    TargetBatch,
)

if TYPE_CHECKING:
    from torch import Tensor


def select(batch: Batch, sentences: Sequence[int]) -> Batch:
    """Build the batch of some sentences of a batch, by their places there."""
    import torch

    lengths = batch.lengths[list(sentences)]
    tokens = int(lengths.max())
    rows = torch.tensor(sentences, device=batch.forms.device)
    forms = batch.forms[rows, :tokens]
    # The padding word stays the first, even where there is no padding.
    places = torch.cat([forms.new_zeros(1), forms.flatten()])
    used, numbers = torch.unique(places, return_inverse=True)
    characters = batch.characters[used]
    widest = max(1, int((characters != 0).any(0).sum()))
    return Batch(
        words=batch.words[used],
        categorical=batch.categorical[used],
        characters=characters[:, :widest],
        forms=numbers[1:].view_as(forms),
        lengths=lengths,
        mask=batch.mask[rows, :tokens],
        order=tuple(batch.order[sentence] for sentence in sentences),
        target=batch.target and select_targets(batch.target, rows, tokens),
        contextual=None if batch.contextual is None else batch.contextual[rows, :tokens],
    )


def select_targets(target: TargetBatch, rows: Tensor, tokens: int) -> TargetBatch:
    """Select the targets of some sentences, the `rows` of a batch, of at most so many tokens."""
    if isinstance(target, LayerBatch):
        return LayerBatch(tuple(_select(part, rows, tokens) for part in target.parts))
    return _select(target, rows, tokens)


def _select(target: SentenceTargets, rows: Tensor, tokens: int) -> SentenceTargets:
    if isinstance(target, TagBatch):
        possible = None if target.possible is None else target.possible[rows, :tokens]
        return TagBatch(target.ids[rows, :tokens], possible)
    if isinstance(target, CountsBatch):
        weights = None if target.weights is None else target.weights[rows]
        return CountsBatch(target.unary[rows, :tokens], target.pairwise[rows], weights)
    return LabelBatch(target.ids[rows])
