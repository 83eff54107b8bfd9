"""Batches: sentences of equal or nearly equal length, as tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.features.indexer import Form, FormTable


class Expected(NamedTuple):
    """What is expected of a sentence's tags, by one model or on average by several."""

    tokens: NDArray[np.float32]  # [T, K] how often each tag stands at each token
    moves: NDArray[np.float32]  # [M] how often each legal move is made from tag to tag


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence as numbers: rows of a `FormTable`, ``[T]``, and tag numbers, ``[T]``, if known.

    Of a partly labelled sentence, `choices`, ``[T, K]``, is true for the tags
    that each token can have, and `tags` are any of them. What is `taught` of a
    sentence takes the place of both. What language models say of each token
    in its sentence is `contextual`, ``[T, M]``, where there are any. `label` is
    the number of the class of the whole, if it has one.
    """

    rows: NDArray[np.int64]
    tags: NDArray[np.int64] | None = None
    choices: NDArray[np.bool_] | None = None
    taught: Expected | None = None
    contextual: NDArray[np.float16] | None = None
    label: int | None = None

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """B sentences of at most T tokens, with U distinct words of at most C characters.

    What a word contributes is computed once for each of the U distinct words
    and then spread over the tokens through `forms`. Row 0 is padding.
    """

    words: Tensor  # [U, V] numbers of folded words in V tables
    kinds: Tensor  # [U, F] features that are one number out of a few
    characters: Tensor  # [U, C]
    forms: Tensor  # [B, T] which of the U words stands where
    lengths: Tensor  # [B] tokens per sentence; stays on the CPU, where packing needs it
    mask: Tensor  # [B, T] true where there is a token
    tags: Tensor | None  # [B, T], padded with 0; where `choices` has several, one of them
    order: tuple[int, ...]  # which sentence of the caller's list each of the B is
    choices: Tensor | None = None  # [B, T, K] tags a token can have; none if `tags` says it all
    taught: Tensor | None = None  # [B, T, K] how often a teacher expects each tag
    moves: Tensor | None = None  # [B, M] and each legal move
    contextual: Tensor | None = None  # [B, T, M] what language models say of each token
    labels: Tensor | None = None  # [B] classes of the whole sentences

    def to(self, device: torch.device) -> "Batch":
        """The same batch with its tensors on another device (`lengths` stays)."""
        moved: dict[str, Any] = {
            item.name: value.to(device)
            for item in fields(self)
            if item.name != "lengths" and isinstance(value := getattr(self, item.name), Tensor)
        }
        return replace(self, **moved)


def plan_batches(
    lengths: Sequence[int],
    *,
    most_sentences: int,
    most_tokens: int,
    rng: np.random.Generator | None = None,
) -> list[list[int]]:
    """Group sentences into batches: every position of `lengths` occurs exactly once.

    Full batches hold sentences of one length, so that nothing is padded; what
    is left of each length joins its neighbours. A batch has at most
    `most_sentences`, and at most `most_tokens` with padding (a longer sentence
    is alone). With `rng`, both the members and the order of batches are random.
    """
    order = np.arange(len(lengths)) if rng is None else rng.permutation(len(lengths))
    order = order[np.argsort(np.asarray(lengths)[order], kind="stable")]
    batches: list[list[int]] = []
    rest: list[int] = []
    for length, members in groupby(order.tolist(), key=lambda index: lengths[index]):
        same = list(members)
        size = max(1, min(most_sentences, most_tokens // max(1, length)))
        full = len(same) // size * size
        batches += [same[i : i + size] for i in range(0, full, size)]
        rest += same[full:]
    batches += pack_batches(rest, lengths, most_sentences=most_sentences, most_tokens=most_tokens)
    if rng is not None:
        rng.shuffle(batches)
    return batches


def pack_batches(
    order: Sequence[int], lengths: Sequence[int], *, most_sentences: int, most_tokens: int
) -> list[list[int]]:
    """Cut sentences, sorted by rising length, into batches of neighbours within both bounds."""
    batches: list[list[int]] = []
    for index in order:
        room = min(most_sentences, most_tokens // max(1, lengths[index]))
        if batches and len(batches[-1]) < room:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def collate(table: FormTable, examples: Sequence[Example], order: Sequence[int]) -> Batch:
    """Build the batch of ``examples[i] for i in order``."""
    chosen = [examples[index] for index in order]
    lengths = np.array([len(example) for example in chosen])
    mask = np.arange(lengths.max())[None, :] < lengths[:, None]
    distinct, inverse = np.unique(
        np.concatenate([example.rows for example in chosen]), return_inverse=True
    )
    forms = np.zeros(mask.shape, dtype=np.int64)
    forms[mask] = inverse + 1  # row 0 is padding
    described = table.forms(distinct)
    tags = _tags(chosen, mask)
    taught, moves = _taught(chosen, mask)
    return Batch(
        words=_with_padding([form.words for form in described]),
        kinds=_with_padding([form.kinds for form in described]),
        characters=_characters(described),
        forms=torch.from_numpy(forms),
        lengths=torch.from_numpy(lengths),
        mask=torch.from_numpy(mask),
        tags=None if tags is None else torch.from_numpy(tags),
        order=tuple(order),
        choices=None if tags is None else _choices(chosen, tags, mask),
        taught=taught,
        moves=moves,
        contextual=_contextual(chosen, mask),
        labels=_labels(chosen),
    )


def _with_padding(numbers: Sequence[tuple[int, ...]]) -> Tensor:
    """Rows of numbers with one of zeros first."""
    return torch.tensor([(0,) * len(numbers[0]), *numbers])


def _characters(forms: Sequence[Form]) -> Tensor:
    """Character numbers ``[U, C]``, with the padding word first."""
    sizes = np.array([0, *(len(form.characters) for form in forms)])
    padded = np.zeros((len(sizes), max(1, sizes.max())), dtype=np.int64)
    flat = [number for form in forms for number in form.characters]
    padded[np.arange(padded.shape[1])[None, :] < sizes[:, None]] = flat
    return torch.from_numpy(padded)


def _tags(examples: Sequence[Example], mask: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    known = [example.tags for example in examples if example.tags is not None]
    if len(known) < len(examples):
        return None
    tags = np.zeros(mask.shape, dtype=np.int64)
    tags[mask] = np.concatenate(known)
    return tags


def _choices(
    examples: Sequence[Example], tags: NDArray[np.int64], mask: NDArray[np.bool_]
) -> Tensor | None:
    """Tags that each token can have: the given ones, or its only one; all at padding."""
    given = [(row, e.choices) for row, e in enumerate(examples) if e.choices is not None]
    if not given:
        return None
    choices: NDArray[np.bool_] = tags[:, :, None] == np.arange(given[0][1].shape[1])
    for row, possible in given:
        choices[row, : len(possible)] = possible
    choices[~mask] = True
    return torch.from_numpy(choices)


def _contextual(examples: Sequence[Example], mask: NDArray[np.bool_]) -> Tensor | None:
    """What language models say of the tokens, if they say it of all; 0 at padding."""
    known = [example.contextual for example in examples if example.contextual is not None]
    if len(known) < len(examples):
        return None
    states = np.zeros((*mask.shape, known[0].shape[1]), dtype=np.float32)
    states[mask] = np.concatenate(known)
    return torch.from_numpy(states)


def _labels(examples: Sequence[Example]) -> Tensor | None:
    """The classes of the sentences, if all have one."""
    known = [example.label for example in examples if example.label is not None]
    return torch.tensor(known) if len(known) == len(examples) else None


def _taught(
    examples: Sequence[Example], mask: NDArray[np.bool_]
) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """What is taught of the sentences, if it is taught of all; 0 at padding."""
    known = [example.taught for example in examples if example.taught is not None]
    if len(known) < len(examples):
        return None, None
    tokens = np.zeros((*mask.shape, known[0].tokens.shape[1]), dtype=np.float32)
    tokens[mask] = np.concatenate([taught.tokens for taught in known])
    moves = np.stack([taught.moves for taught in known])
    return torch.from_numpy(tokens), torch.from_numpy(moves)
