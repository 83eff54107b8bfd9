"""Viterbi (1967): the best tag sequence of each sentence, faster where most tags follow few."""

import functools
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ner.model.crf import arrays
from ner.model.crf.arrays import IMPOSSIBLE, Bools, Floats, Ints, Potentials, tag_blocks, token_mask

# From so many tags on, tags that may follow so few others are done apart from the rest.
MANY, FEW = 40, 2


def viterbi(emissions: Floats, lengths: Ints, potentials: Potentials) -> Ints:
    """Find the best tag sequence of each sentence: ``[B, T]``, 0 beyond its length.

    Of equally good sequences, the one with lower tag numbers at the end wins.
    """
    start, between, end = potentials
    # [T, K, B], maxima over rows
    scores = np.array(emissions.transpose(1, 2, 0), order="C")
    scores[0] += start[:, None]
    step = _best_step(between, scores.shape[2])
    for before, here in pairwise(scores):
        here += step(before)
    # [K + 1, K], by what comes next: a tag, or (number K) the end of the sentence
    following = np.concatenate([between.T, end[None]])
    scores = np.ascontiguousarray(scores.transpose(0, 2, 1))  # [T, B, K]
    return _backtrace(scores, following, ~token_mask(lengths, len(scores)).T)


def _best_step(between: Floats, sentences: int) -> Callable[[Floats], Floats]:
    """Build a step from the best scores to each tag of a token, ``[K, B]``, to those of the next.

    Tags that may follow a few others only are done apart.
    """
    few, rows, sources = sparse_transitions(between, FEW)
    if not few.any():
        return _largest_sums(between, sentences)
    dense = _largest_sums(between[np.ix_(rows, ~few)], sentences)
    sparse = np.take_along_axis(between[:, few], sources, 0)[:, :, None]  # [FEW, F, 1]

    def step(score: Floats) -> Floats:
        best = np.empty_like(score)
        best[~few] = dense(score[rows])
        best[few] = (score[sources] + sparse).max(0)
        return best

    return step


def sparse_transitions(between: Floats, count: int) -> tuple[Bools, Bools, Ints]:
    """Find the tags ``[K]`` that may follow a few others only, where there are many tags.

    Most that continue an entity do, since they follow tags of their type. Returns also the tags
    ``[K]`` that the rest may follow, and `count` tags for each of the few, ``[count, F]``, first
    those that it may follow.
    """
    allowed = between > IMPOSSIBLE  # [K, K]
    few = allowed.sum(0) <= FEW  # [K]
    if len(few) < MANY or few.all():
        few[:] = False
    rows: Bools = np.logical_or.reduce(allowed[:, ~few], axis=1)  # [K]
    if rows.sum() < count:
        rows[:] = True
    return few, rows, np.argsort(~allowed[:, few], axis=0, kind="stable")[:count]


def _largest_sums(between: Floats, sentences: int) -> Callable[[Floats], Floats]:
    """Build the map from a score ``[J, B]`` to the column maxima of ``score + between``."""
    if between.size * sentences > arrays.MOST_PAIRS:
        return functools.partial(_largest_in_blocks, between)
    tiled = np.repeat(between[:, :, None], sentences, axis=2)  # [J, K, B]
    sums = np.empty_like(tiled)

    def largest(score: Floats) -> Floats:
        sums[:] = score[:, None]
        np.add(sums, tiled, out=sums)  # a third faster than a sum that repeats both on the way
        best: Floats = np.maximum.reduce(sums, axis=0)
        return best

    return largest


def _largest_in_blocks(between: Floats, score: Floats) -> Floats:
    """Do the work of `_largest_sums` for more sums than it may hold at once."""
    best = np.empty((between.shape[1], score.shape[1]))  # [K, B]
    for block in tag_blocks(len(best), score.size):
        np.max(score[:, None] + between[:, block, None], axis=0, out=best[block])
    return best


def _backtrace(scores: Floats, following: Floats, outside: Bools) -> Ints:
    """Go back through `scores` ``[T, B, K]`` of the best paths up to each tag: ``[B, T]``.

    The best tag before another is found here, for one tag of each token.
    """
    size, sentences, tags = scores.shape
    ragged = bool(outside.any())
    path = np.empty((size, sentences), dtype=np.int64)  # [T, B]
    tag = np.full(sentences, tags)  # [B]
    candidates = np.empty_like(scores[0])  # [B, K]
    for t in range(size - 1, -1, -1):
        following.take(tag, axis=0, out=candidates, mode="clip")  # other modes make a copy first
        candidates += scores[t]
        tag = candidates.argmax(1, out=path[t])
        if ragged:
            tag[outside[t]] = tags
    path[outside] = 0
    return path.T
