"""The best tag sequence of each sentence, and the k best.

Viterbi (1967), and with k hypotheses for every tag; both faster where most tags follow few.
"""

import functools
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ner.model.crf import arrays
from ner.model.crf.arrays import IMPOSSIBLE, Bools, Floats, Ints, Potentials, tag_blocks, token_mask

# From so many tags on, tags that may follow so few others are done apart from the rest.
MANY, FEW = 40, 2
# Largest values that are looked for one after the other; more of them by sorting all.
PASSES = 32


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


# --- the k best ---------------------------------------------------------------------------------


def k_best(
    emissions: Floats, lengths: Ints, potentials: Potentials, count: int
) -> tuple[Ints, Floats]:
    """Find the `count` best tag sequences of each sentence, best first, and their scores.

    Returns tags ``[B, N, T]``, 0 beyond the length, and scores ``[B, N]``; tags 0 and score -inf
    stand for missing sequences. The first one is that of `viterbi`.
    """
    start, between, end = potentials
    sentences, size, tags = emissions.shape
    score = np.full((sentences, count, tags), -np.inf)  # [B, N, K]
    score[:, 0] = emissions[:, 0] + start
    still = np.arange(count * tags).reshape(count, tags)  # [N, K]
    pointers = []  # [B, N · K] each: from hypothesis and tag to the hypothesis and tag before
    step = k_best_step(between, count)
    for t in range(1, size):
        best, source = step(score)
        inside = (t < lengths)[:, None, None]  # [B, 1, 1]
        # A finished sentence stays where it is, so that all trace back from the last step.
        score = np.where(inside, best.swapaxes(1, 2) + emissions[:, None, t], score)
        pointers.append(np.where(inside, source.swapaxes(1, 2), still).reshape(sentences, -1))
    scores, last = top_k((score + end).reshape(sentences, -1), count)  # [B, N] each
    path = [last]
    for pointer in reversed(pointers):
        path.append(np.take_along_axis(pointer, path[-1], 1))
    found = scores > IMPOSSIBLE
    mask = token_mask(lengths, size)[:, None] & found[:, :, None]  # [B, N, T]
    return np.stack(path[::-1], axis=2) % tags * mask, np.where(found, scores, -np.inf)


def k_best_step(between: Floats, count: int) -> Callable[[Floats], tuple[Floats, Ints]]:
    """Build a step from the best scores to each tag, ``[B, N, K]``, to those of the next token.

    These are ``[B, K, N]``, with pointers into N · K. The hypotheses of a tag come from at most N
    tags, those whose first is best: to find these first pays where tags are many.
    """
    tags = len(between)
    if tags < MANY:
        return functools.partial(best_of_all, between, count)
    most = min(max(count, FEW), tags)
    few, rows, sources = sparse_transitions(between, most)
    (targets,), (origins,) = (~few).nonzero(), rows.nonzero()
    dense = np.ascontiguousarray(between[np.ix_(rows, ~few)].T)  # [to, from]
    ranks = np.arange(count)[:, None]  # [N, 1]

    def origins_of(first: Floats) -> Ints:
        """Find the tags, rising, from which the best paths come to each: ``[B, K, most]``."""
        found = np.empty((len(first), tags, most), np.int64)
        found[:, few] = sources.T
        for block in tag_blocks(len(dense), first[:, rows].size):
            where = top_k(first[:, None, rows] + dense[block], most)[1]
            found[:, targets[block]] = origins[where]
        found.sort(-1)  # of equals the first counts
        return found

    def step(score: Floats) -> tuple[Floats, Ints]:
        origin = origins_of(score[:, 0])
        best = np.empty((len(score), tags, count))  # [B, K, N]
        source = np.empty(best.shape, np.int64)
        each = np.arange(len(score))[:, None, None, None]  # [B, 1, 1, 1]
        for block in tag_blocks(tags, len(score) * count * most):
            here = origin[:, block, None]  # [B, block, 1, most]
            transitions = between[here, np.arange(tags)[block, None, None]]
            sums = score[each, ranks, here] + transitions  # [B, block, N, most]
            best[:, block], where = top_k(sums.reshape(*sums.shape[:2], -1), count)
            tag = np.take_along_axis(origin[:, block], where % most, -1)  # [B, block, N]
            source[:, block] = where // most * tags + tag
        return best, source

    return step


def best_of_all(between: Floats, count: int, score: Floats) -> tuple[Floats, Ints]:
    """Do one step of `k_best_step` by looking at all transitions from each tag to each."""
    sentences, _, tags = score.shape
    best = np.empty((sentences, tags, count))  # [B, K, N]
    source = np.empty(best.shape, np.int64)
    for block in tag_blocks(tags, score.size):
        sums = score[:, None] + between.T[block, None]  # [B, block, N, K]
        best[:, block], source[:, block] = top_k(sums.reshape(sentences, -1, count * tags), count)
    return best, source


def top_k(values: Floats, count: int) -> tuple[Floats, Ints]:
    """Find the `count` largest along the last axis, and where; the first of equals comes first."""
    if PASSES < count <= values.shape[-1]:  # one sort, where so many passes would take longer
        order = np.argsort(-values, -1, kind="stable")[..., :count]
        return np.take_along_axis(values, order, -1), order
    rest, best, where = values.copy(), [], []
    for _ in range(count):
        largest = rest.argmax(-1)[..., None]
        best.append(np.take_along_axis(rest, largest, -1))
        where.append(largest)
        np.put_along_axis(rest, largest, -np.inf, -1)
    return np.concatenate(best, -1), np.concatenate(where, -1)
