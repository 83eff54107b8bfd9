"""Batches: sentences of equal or nearly equal length, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ner.features.indexer import FeatureIds, FeatureTable
from ner.features.targets import Target, TargetBatch, moved

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence as rows of a `FeatureTable`, ``[T]``, and its target, if known.

    `contextual` are its contextual embeddings, ``[T, M]``, if the model has any.
    """

    rows: NDArray[np.int64]
    target: Target | None = None
    contextual: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """B sentences of at most T tokens, with U distinct words of at most C characters.

    Features of distinct words are computed once and spread over the tokens; row 0 is padding.
    """

    words: Tensor  # [U, V] ids of folded words in V tables
    categorical: Tensor  # [U, F] ids in F columns
    characters: Tensor  # [U, C]
    forms: Tensor  # [B, T] which of the U words stands where
    lengths: Tensor  # [B] tokens per sentence; stays on the CPU, where packing needs it
    mask: Tensor  # [B, T] true where there is a token
    order: tuple[int, ...]  # which sentence of the caller's list each of the B is
    target: TargetBatch | None = None  # if all sentences have one
    contextual: Tensor | None = None  # [B, T, M] contextual embeddings, if all have them

    def to(self, device: torch.device) -> Batch:
        """The same batch with its tensors on another device (`lengths` stays)."""
        names = ("words", "categorical", "characters", "forms", "mask", "contextual")
        own = {name: getattr(self, name) for name in names}
        tensors = {name: part.to(device) for name, part in own.items() if part is not None}
        return replace(self, **tensors, target=self.target and moved(self.target, device))


def collate(table: FeatureTable, examples: Sequence[Example], order: Sequence[int]) -> Batch:
    """Build the batch of ``examples[i] for i in order``."""
    import torch

    chosen = [examples[index] for index in order]
    lengths = np.array([len(example) for example in chosen])
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    distinct, inverse = np.unique(
        np.concatenate([example.rows for example in chosen]), return_inverse=True
    )
    forms = np.zeros(mask.shape, dtype=np.int64)
    forms[mask] = inverse + 1  # row 0 is padding
    ids = table.ids(distinct)
    contextual = _contextual(chosen, mask)
    return Batch(
        words=torch.from_numpy(_with_padding([of_word.words for of_word in ids])),
        categorical=torch.from_numpy(_with_padding([of_word.categorical for of_word in ids])),
        characters=torch.from_numpy(_characters(ids)),
        forms=torch.from_numpy(forms),
        lengths=torch.from_numpy(lengths),
        mask=torch.from_numpy(mask),
        order=tuple(order),
        target=_target(chosen, mask),
        contextual=None if contextual is None else torch.from_numpy(contextual),
    )


def _with_padding(ids: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    """Rows of ids with one of zeros first."""
    return np.array([(0,) * len(ids[0]), *ids], np.int64)


def _characters(ids: Sequence[FeatureIds]) -> NDArray[np.int64]:
    """Character ids ``[U, C]``, with the padding word first."""
    sizes = np.array([0, *(len(of_word.characters) for of_word in ids)])
    padded = np.zeros((len(sizes), max(1, sizes.max())), dtype=np.int64)
    flat = [number for of_word in ids for number in of_word.characters]
    padded[np.arange(padded.shape[1])[None, :] < sizes[:, None]] = flat
    return padded


def _target(examples: Sequence[Example], mask: NDArray[np.bool_]) -> TargetBatch | None:
    """The targets, which are of one kind, if all sentences have one."""
    known = [example.target for example in examples if example.target is not None]
    return known[0].collate(known, mask) if len(known) == len(examples) else None


def _contextual(examples: Sequence[Example], mask: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """The contextual embeddings, if all sentences have them; 0 at padding."""
    known = [example.contextual for example in examples if example.contextual is not None]
    if len(known) < len(examples):
        return None
    states = np.zeros((*mask.shape, known[0].shape[1]), dtype=np.float32)
    states[mask] = np.concatenate(known)
    return states
