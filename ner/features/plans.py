"""Plans: which sentences make a batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

BATCH_SENTENCES = 128  # of a batch that an engine reads
BATCH_TOKENS = 4096
BATCH_SCORES = 1 << 20  # emissions of a batch: where tags are many, it has fewer tokens


def tokens_at_once(outputs: int) -> int:
    """The most tokens of a batch, with so many scores for each."""
    return max(1, min(BATCH_TOKENS, BATCH_SCORES // outputs))


def plan_batches(
    lengths: Sequence[int],
    *,
    most_sentences: int,
    most_tokens: int,
    rng: np.random.Generator | None = None,
) -> list[list[int]]:
    """Group sentences into batches: every position of `lengths` occurs exactly once.

    Full batches hold sentences of one length, without padding; the rest of each length joins its
    neighbours. A batch has at most `most_sentences`, and at most `most_tokens` with padding (a
    longer sentence is alone). With `rng`, both the members and the order of batches are random.
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
