"""Linear chains: the recursions over time that a CRF and a constrained softmax share.

All is NumPy in float64, on the CPU. A step over time is a few operations on
small arrays; NumPy's calls cost a third of torch's, and less than starting a
kernel on a GPU. Nor does decoding depend on what computed the emissions.

Everything works on padded batches. Shapes: `emissions` is ``[B, T, K]``,
`lengths` ``[B]`` (1 ≤ length ≤ T), a `Potentials` has ``start[K]``,
``between[K, K]`` (from row to column) and ``end[K]``. Positions beyond a
sentence's length have no influence on any result.

Sums over all paths are made by filtering forward and smoothing backward:
Rabiner (1989), "A tutorial on hidden Markov models", sections III and V.A (the
scaling); for CRFs Sutton and McCallum (2012). Best paths: Viterbi (1967).
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What is forbidden costs this much: more than any emission can make up for, and
# yet finite, so that no difference of two of them is NaN.
FORBIDDEN = -1e30
# Scores from here down hold something forbidden.
_IMPOSSIBLE = FORBIDDEN / 2
# Next to a sum of at least this much, what underflowed is nothing.
_LEAST = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)
# Steps after which plain sums are scaled: float64 has room for many more.
_RESCALE = 32
# From so many tags on, tags that may follow so few others are done apart from the rest.
_MANY, _FEW = 40, 2
# Numbers that a step over time holds at once for pairs of tags: it goes from tag to tag in
# blocks where a batch has more of them.
_MOST_PAIRS = 1 << 22
# Largest values that are looked for one after the other; more of them by sorting all.
_PASSES = 32


class Potentials(NamedTuple):
    """Scores of starting with a tag, of going from one to the next, and of ending with one."""

    start: Floats  # [K]
    between: Floats  # [K, K]
    end: Floats  # [K]


def token_mask(lengths: Ints, size: int) -> Bools:
    """True where there is a token: ``[B, T]`` for T = `size`."""
    mask: Bools = np.arange(size) < lengths[:, None]
    return mask


def _blocks(tags: int, each: int) -> Iterator[slice]:
    """Cut K tags into ranges, as few as `_MOST_PAIRS` allows if each needs so many numbers."""
    size = max(1, _MOST_PAIRS // each)
    return (slice(start, start + size) for start in range(0, tags, size))


class Path:
    """One tag sequence ``[B, T]`` of each sentence: what `Lattice` is for all of them."""

    def __init__(
        self, emissions: Floats, tags: Ints, lengths: Ints, potentials: Potentials
    ) -> None:
        start, between, end = potentials
        self._shape = emissions.shape
        sentences, size = tags.shape
        self._at = np.arange(sentences)[:, None], np.arange(size), tags
        self._moves = tags[:, :-1], tags[:, 1:]
        self._edges = tags[:, 0], tags[np.arange(sentences), lengths - 1]
        self._mask = token_mask(lengths, size)
        tokens = emissions[self._at] * self._mask
        moves = between[self._moves] * self._mask[:, 1:]
        edges = start[self._edges[0]] + end[self._edges[1]]
        self.log_z: Floats = tokens.sum(1) + moves.sum(1) + edges
        """The score of the sequence, ``[B]``: the log of a sum over one."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """The gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials."""
        tags = self._shape[2]
        spread = self._mask * weights[:, None]
        token = np.zeros(self._shape)
        token[self._at] = spread
        pairs = self._moves[0] * tags + self._moves[1]
        moves = _count(pairs, spread[:, 1:], tags * tags).reshape(tags, tags)
        start, end = (_count(edge, weights, tags) for edge in self._edges)
        return token, Potentials(start, moves, end)


class Counts:
    """What is expected of the sequences of each sentence: what `Lattice` is for all of them.

    `tokens` ``[B, T, K]`` has how often each tag stands at each token, `moves`
    ``[B, K, K]`` how often one follows another; nothing counts beyond a
    sentence's length. For a single sequence this is its `Path`.
    """

    def __init__(
        self,
        emissions: Floats,
        tokens: Floats,
        moves: Floats,
        lengths: Ints,
        potentials: Potentials,
    ) -> None:
        self._tokens = tokens * token_mask(lengths, tokens.shape[1])[:, :, None]
        self._moves = moves
        self._ends = tokens[np.arange(len(lengths)), lengths - 1]
        start, between, end = potentials
        self.log_z: Floats = (
            np.einsum("btk,btk->b", self._tokens, emissions)
            + np.einsum("bij,ij->b", moves, between)
            + self._tokens[:, 0] @ start
            + self._ends @ end
        )
        """The expected score, ``[B]``."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """The gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials."""
        moves = np.einsum("b,bij->ij", weights, self._moves)
        sides = Potentials(weights @ self._tokens[:, 0], moves, weights @ self._ends)
        return self._tokens * weights[:, None, None], sides


def _count(numbers: Ints, weights: Floats, size: int) -> Floats:
    """The sum of the weights of each number from 0 to `size`."""
    counts: Any = np.bincount(numbers.ravel(), weights.ravel(), size)  # its stub says integers
    sums: Floats = counts
    return sums


# --- sums over all paths ------------------------------------------------------------------------


class _Scores(NamedTuple):
    """Scores to sum over, time first; the best of each token, and of each kind, is 0."""

    words: Floats  # [T, B, K], emissions
    start: Floats  # [K]
    moves: Floats  # [K, K]
    end: Floats  # [K]

    def possible(self) -> "_Scores":
        """0 where a path may go, `FORBIDDEN` where it may not."""
        return _Scores(*(np.where(part > _IMPOSSIBLE, 0.0, FORBIDDEN) for part in self))


class _Sums(ABC):
    """Sums over all ways to each tag of each token: as plain numbers, or as their logs.

    `to` ``[T, B, K]`` has the token's own score in it, `before` has not. Both
    are up to a factor for each sentence and time. `log_z` ``[B]`` is the log of
    the sum over all paths, `last` ``[B, K]`` are the marginals of last tokens.
    """

    rescale: int  # steps after which the sums are scaled

    def __init__(self, scores: _Scores, lengths: Ints) -> None:
        words, start, self.moves, end = (self.enter(part) for part in scores)
        self.lasts = lengths - 1, np.arange(len(lengths))
        self.before, self.to = np.empty_like(words), np.empty_like(words)
        self.before[0] = start
        self.join(self.before[0], words[0], self.to[0])
        scale = np.zeros(len(lengths))
        for t in range(1, len(words)):
            self.step(self.to[t - 1], self.before[t])
            self.join(self.before[t], words[t], self.to[t])
            if t % self.rescale == 0:
                self.to[t], size = self.scaled(self.to[t])
                scale += size * (t < lengths)
        final = self.to[self.lasts]
        self.last, size = self.scaled(self.join(final, end, final))
        self.log_z = scale + size

    @abstractmethod
    def enter(self, scores: Floats) -> Floats:
        """Scores in the way of counting that is used here."""

    @abstractmethod
    def join(self, one: Floats, other: Floats, out: Floats) -> Floats:
        """What two parts of a way count together."""

    @abstractmethod
    def step(self, to: Floats, out: Floats) -> Floats:
        """What arrives in each tag from all tags of the token before, ``[B, K]``."""

    @abstractmethod
    def scaled(self, sums: Floats) -> tuple[Floats, Floats]:
        """Sums ``[B, K]`` over their total, and the log of the total, ``[B]``."""

    @abstractmethod
    def share(self, to: Floats, move: Floats, before: Floats) -> Floats:
        """What part of the ways `before` a tag comes from `to` through `move`."""

    @abstractmethod
    def back(self, token: Floats) -> Floats:
        """Hand marginals back from each token to the one before, in place; count the moves."""

    def smooth(self, weights: Floats) -> tuple[Floats, Floats]:
        """Marginals ``[T, B, K]``, 0 beyond a sentence, and expected moves between tags ``[K, K]``.

        Both with each sentence counted as often as `weights` ``[B]`` say: they
        are the gradient of ``(weights * log_z).sum()``.
        """
        token = np.zeros_like(self.to)
        token[self.lasts] = self.last * weights[:, None]
        return token, self.back(token)


class _Numbers(_Sums):
    """Plain sums: each step is one small matrix product, but what underflows is lost."""

    rescale = _RESCALE

    def enter(self, scores: Floats) -> Floats:
        return np.exp(scores)

    def join(self, one: Floats, other: Floats, out: Floats) -> Floats:
        return np.multiply(one, other, out=out)

    def step(self, to: Floats, out: Floats) -> Floats:
        return np.dot(to, self.moves, out=out)

    def scaled(self, sums: Floats) -> tuple[Floats, Floats]:
        size = np.maximum(sums.sum(1, keepdims=True), _LEAST)
        return sums / size, np.log(size[:, 0])

    def share(self, to: Floats, move: Floats, before: Floats) -> Floats:
        return to * move / np.maximum(before, _LEAST)

    def lost(self, scores: _Scores, lengths: Ints) -> bool:
        """Whether a sum over anything possible is so small that some of it may have underflowed."""
        if (self.last.sum(1) < 1.0 - 1e-9).any():  # divided by more than its total: too small
            return True
        small = self.before < _LEAST
        if not small[1:].any():
            return False
        ways = _Numbers(scores.possible(), lengths).before
        return bool((small & (ways > 0))[1:].any())

    def back(self, token: Floats) -> Floats:
        moves_back = np.ascontiguousarray(self.moves.T)
        parts = np.maximum(self.before, _LEAST)  # marginals by unit of what arrives
        for t in range(len(token) - 1, 0, -1):
            np.divide(token[t], parts[t], out=parts[t])
            token[t - 1] += self.to[t - 1] * parts[t].dot(moves_back)
        tags = token.shape[2]
        to = self.to[:-1].reshape(-1, tags)
        return self.moves * (to.T @ parts[1:].reshape(-1, tags))


class _Logs(_Sums):
    """The logs of the sums: slower, and right for whatever scores."""

    rescale = 1

    def __init__(self, scores: _Scores, lengths: Ints) -> None:
        super().__init__(scores, lengths)
        self.last = np.exp(self.last)

    def enter(self, scores: Floats) -> Floats:
        return scores

    def join(self, one: Floats, other: Floats, out: Floats) -> Floats:
        return np.add(one, other, out=out)

    def step(self, to: Floats, out: Floats) -> Floats:
        for block in self._blocks():
            out[:, block] = _log_sum(self._ways(to, block))
        return out

    def _blocks(self) -> Iterator[slice]:
        _, sentences, tags = self.to.shape
        return _blocks(tags, tags * sentences)

    def _ways(self, to: Floats, block: slice) -> Floats:
        """``[K, B, block]``, from all tags to some: sums over the first axis are fast."""
        return to.T[:, :, None] + self.moves[:, None, block]

    def scaled(self, sums: Floats) -> tuple[Floats, Floats]:
        top = sums.max(1)
        sums = sums - top[:, None]  # first, lest forbidden scores swallow the size
        size = _log_sum(sums.T)
        return sums - size[:, None], top + size

    def share(self, to: Floats, move: Floats, before: Floats) -> Floats:
        return np.exp(to + move - before)

    def back(self, token: Floats) -> Floats:
        count = np.zeros_like(self.moves)
        for t in range(len(token) - 1, 0, -1):
            for block in self._blocks():
                ways = self._ways(self.to[t - 1], block)
                ways = np.exp(ways - ways.max(0))
                pairs = ways * (token[t][:, block] / ways.sum(0))
                token[t - 1] += pairs.sum(2).T
                count[:, block] += pairs.sum(1)
        return count


def _log_sum(logs: Floats) -> Floats:
    """Log of the sum of exponentials over the first axis."""
    top = logs.max(0)
    total: Floats = top + np.log(np.exp(logs - top).sum(0))
    return total


class Lattice:
    """All tag sequences of each sentence of a batch, summed up.

    Where positions are asked for, sentences `b`, tokens `t` and tags `tag` are ``[N]``.
    """

    def __init__(self, emissions: Floats, lengths: Ints, potentials: Potentials) -> None:
        best = np.ascontiguousarray(emissions.transpose(2, 1, 0)).max(0)  # [T, B]
        tops = [part.max() for part in potentials]
        start, moves, end = (part - top for part, top in zip(potentials, tops, strict=True))
        words = np.subtract(emissions.transpose(1, 0, 2), best[:, :, None], order="C")
        scores = _Scores(words, start, moves, end)
        numbers = _Numbers(scores, lengths)
        # At the scores that a network gives, plain sums are safe.
        lost = numbers.lost(scores, lengths)
        self._sums: _Sums = _Logs(scores, lengths) if lost else numbers
        inside = token_mask(lengths, len(words)).T
        offset = (best * inside).sum(0) + tops[0] + tops[1] * (lengths - 1) + tops[2]
        self.log_z: Floats = self._sums.log_z + offset
        """Log of the sum over all sequences of the exponential of their score, ``[B]``."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """The gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials.

        These are expected counts: with weights of 1, the marginals of tags and of moves.
        """
        token, moves = self._sums.smooth(weights)
        ends = token[self._sums.lasts].sum(0)
        return token.transpose(1, 0, 2), Potentials(token[0].sum(0), moves, ends)

    @functools.cached_property
    def marginals(self) -> Floats:
        """The probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.gradient(np.ones_like(self.log_z))[0]

    @functools.cached_property
    def moves(self) -> Floats:
        """How often each tag (row) is expected right before each other, ``[B, K, K]``."""
        sums, marginals = self._sums, self.marginals
        count = np.zeros((len(marginals), *sums.moves.shape))
        for t in range(1, marginals.shape[1]):
            # Of each tag, how probable every other one is before it.
            share = sums.share(sums.to[t - 1][:, :, None], sums.moves, sums.before[t][:, None])
            count += share * marginals[:, None, t]
        return count

    def before(self, b: Ints, t: Ints, tag: Ints) -> Floats:
        """Probability of each tag at t - 1, given that `tag` stands at t: ``[N, K]``."""
        sums = self._sums
        return sums.share(sums.to[t - 1, b], sums.moves[:, tag].T, sums.before[t, b, tag][:, None])

    def after(self, b: Ints, t: Ints, tag: Ints) -> Floats:
        """Probability that `tag` stands at t and each tag at t + 1: ``[N, K]``."""
        sums = self._sums
        share = sums.share(sums.to[t, b, tag][:, None], sums.moves[tag], sums.before[t + 1, b])
        return share * self.marginals[b, t + 1]

    def along(self, tags: Ints) -> Floats:
        """``[B, T]``: log probability of all `tags` before each token, given its own.

        A difference of two is that of the tags from the one up to the other.
        """
        sums, tags = self._sums, tags.T
        t, b = np.arange(len(tags))[:, None], np.arange(tags.shape[1])
        to, before = sums.to[t, b, tags][:-1], sums.before[t, b, tags][1:]
        share = sums.share(to, sums.moves[tags[:-1], tags[1:]], before)
        # What is impossible must not drown what follows.
        steps = np.log(np.maximum(share, _LEAST))
        return np.cumsum(np.pad(steps, ((1, 0), (0, 0))), axis=0).T


# --- best paths ---------------------------------------------------------------------------------


def viterbi(emissions: Floats, lengths: Ints, potentials: Potentials) -> Ints:
    """The best tag sequence of each sentence, ``[B, T]``; 0 beyond its length.

    Of equally good sequences, the one with lower tag numbers at the end wins.
    """
    start, between, end = potentials
    words = np.array(emissions.transpose(1, 2, 0), order="C")  # [T, K, B]: maxima over rows
    words[0] += start[:, None]
    step = _best_step(between, words.shape[2])
    for before, here in pairwise(words):
        here += step(before)
    # What comes next: a tag, or (number K) the end of the sentence.
    following = np.concatenate([between.T, end[None]])
    scores = np.ascontiguousarray(words.transpose(0, 2, 1))
    return _trace(scores, following, ~token_mask(lengths, len(words)).T)


def _best_step(between: Floats, sentences: int) -> Callable[[Floats], Floats]:
    """From the best scores to each tag of a token, ``[K, B]``, to those to each tag of the next.

    Tags that may follow a few others only are done apart.
    """
    few, rows, sources = _apart(between, _FEW)
    if not few.any():
        return _largest_sums(between, sentences)
    dense = _largest_sums(between[np.ix_(rows, ~few)], sentences)
    sparse = np.take_along_axis(between[:, few], sources, 0)[:, :, None]

    def step(score: Floats) -> Floats:
        best = np.empty_like(score)
        best[~few] = dense(score[rows])
        best[few] = (score[sources] + sparse).max(0)
        return best

    return step


def _apart(between: Floats, count: int) -> tuple[Bools, Bools, Ints]:
    """Which tags ``[K]`` may follow a few others only, where there are many tags.

    Such are most that go on with an entity: they follow those of their own
    type. Then, which tags ``[K]`` the rest may follow, and `count` tags for
    each of the few, ``[count, F]``, beginning with those that it may follow.
    """
    allowed = between > _IMPOSSIBLE
    few = allowed.sum(0) <= _FEW
    if len(few) < _MANY or few.all():
        few[:] = False
    rows: Bools = np.logical_or.reduce(allowed[:, ~few], axis=1)
    if rows.sum() < count:
        rows[:] = True
    return few, rows, np.argsort(~allowed[:, few], axis=0, kind="stable")[:count]


def _largest_sums(moves: Floats, sentences: int) -> Callable[[Floats], Floats]:
    """From scores ``[J, B]`` to the largest of each column of ``score + moves``, ``[K, B]``."""
    if moves.size * sentences > _MOST_PAIRS:
        return functools.partial(_largest_in_blocks, moves)
    tiled = np.repeat(moves[:, :, None], sentences, axis=2)
    sums = np.empty_like(tiled)

    def largest(score: Floats) -> Floats:
        sums[:] = score[:, None]
        np.add(sums, tiled, out=sums)  # a third faster than a sum that repeats both on the way
        best: Floats = np.maximum.reduce(sums, axis=0)
        return best

    return largest


def _largest_in_blocks(moves: Floats, score: Floats) -> Floats:
    """What `_largest_sums` finds, for more sums than it may hold at once."""
    best = np.empty((moves.shape[1], score.shape[1]))
    for block in _blocks(len(best), score.size):
        np.max(score[:, None] + moves[:, block, None], axis=0, out=best[block])
    return best


def _trace(scores: Floats, following: Floats, outside: Bools) -> Ints:
    """The way back through `scores` ``[T, B, K]`` of the best paths up to each tag: ``[B, T]``.

    Which tag is best before another is found here, for one tag of each token.
    """
    size, sentences, tags = scores.shape
    ragged = bool(outside.any())
    path = np.empty((size, sentences), dtype=np.int64)
    tag = np.full(sentences, tags)
    ways = np.empty_like(scores[0])
    for t in range(size - 1, -1, -1):
        following.take(tag, axis=0, out=ways, mode="clip")  # other modes make a copy first
        ways += scores[t]
        tag = ways.argmax(1, out=path[t])
        if ragged:
            tag[outside[t]] = tags
    path[outside] = 0
    return path.T


def k_best(
    emissions: Floats, lengths: Ints, potentials: Potentials, count: int
) -> tuple[Ints, Floats]:
    """The `count` best tag sequences of each sentence, best first, and their scores.

    Returns tags ``[B, N, T]``, 0 beyond the length, and scores ``[B, N]``,
    which are -inf, with tags 0, where there are fewer legal sequences. Every
    tag keeps its N best ways there. The first sequence is that of `viterbi`.
    """
    start, between, end = potentials
    sentences, size, tags = emissions.shape
    score = np.full((sentences, count, tags), -np.inf)
    score[:, 0] = emissions[:, 0] + start
    still = np.arange(count * tags).reshape(count, tags)
    pointers = []  # [B, N · K] each: from way and tag to the way and tag before
    step = _k_best_step(between, count)
    for t in range(1, size):
        best, source = step(score)
        inside = (t < lengths)[:, None, None]
        # A finished sentence stays where it is, so that all trace back from the last step.
        score = np.where(inside, best.swapaxes(1, 2) + emissions[:, None, t], score)
        pointers.append(np.where(inside, source.swapaxes(1, 2), still).reshape(sentences, -1))
    scores, place = _top((score + end).reshape(sentences, -1), count)
    path = [place]
    for pointer in reversed(pointers):
        path.append(np.take_along_axis(pointer, path[-1], 1))
    found = scores > _IMPOSSIBLE
    mask = token_mask(lengths, size)[:, None] & found[:, :, None]
    return np.stack(path[::-1], axis=2) % tags * mask, np.where(found, scores, -np.inf)


def _k_best_step(between: Floats, count: int) -> Callable[[Floats], tuple[Floats, Ints]]:
    """From the best scores to each tag of a token, ``[B, N, K]``, to those to each of the next.

    These are ``[B, K, N]``, and with them comes where each is from, N · K. The
    ways to a tag come from no more than N tags, those whose first way is best:
    to find these first pays where tags are many.
    """
    tags = len(between)
    if tags < _MANY:
        return functools.partial(_best_of_all, between, count)
    most = min(max(count, _FEW), tags)
    few, rows, sources = _apart(between, most)
    (targets,), (origins,) = (~few).nonzero(), rows.nonzero()
    dense = np.ascontiguousarray(between[np.ix_(rows, ~few)].T)  # to and from
    ranks = np.arange(count)[:, None]

    def origins_of(first: Floats) -> Ints:
        """The tags, rising, from which the best ways come to each: ``[B, K, most]``."""
        found = np.empty((len(first), tags, most), np.int64)
        found[:, few] = sources.T
        for block in _blocks(len(dense), first[:, rows].size):
            where = _top(first[:, None, rows] + dense[block], most)[1]
            found[:, targets[block]] = origins[where]
        found.sort(-1)  # of equals the first counts
        return found

    def step(score: Floats) -> tuple[Floats, Ints]:
        origin = origins_of(score[:, 0])
        best = np.empty((len(score), tags, count))
        source = np.empty(best.shape, np.int64)
        each = np.arange(len(score))[:, None, None, None]
        for block in _blocks(tags, len(score) * count * most):
            here = origin[:, block, None]  # [B, block, 1, most]
            moves = between[here, np.arange(tags)[block, None, None]]
            ways = score[each, ranks, here] + moves  # [B, block, N, most]
            best[:, block], where = _top(ways.reshape(*ways.shape[:2], -1), count)
            tag = np.take_along_axis(origin[:, block], where % most, -1)
            source[:, block] = where // most * tags + tag
        return best, source

    return step


def _best_of_all(between: Floats, count: int, score: Floats) -> tuple[Floats, Ints]:
    """One step of `_k_best_step`, by looking at all ways from each tag to each."""
    sentences, _, tags = score.shape
    best = np.empty((sentences, tags, count))
    source = np.empty(best.shape, np.int64)
    for block in _blocks(tags, score.size):
        ways = score[:, None] + between.T[block, None]  # [B, block, N, K]
        best[:, block], source[:, block] = _top(ways.reshape(sentences, -1, count * tags), count)
    return best, source


def _top(values: Floats, count: int) -> tuple[Floats, Ints]:
    """The `count` largest along the last axis, and where; the first of equals comes first."""
    if _PASSES < count <= values.shape[-1]:  # one sort, where so many passes would take longer
        order = np.argsort(-values, -1, kind="stable")[..., :count]
        return np.take_along_axis(values, order, -1), order
    rest, best, place = values.copy(), [], []
    for _ in range(count):
        where = rest.argmax(-1)[..., None]
        best.append(np.take_along_axis(rest, where, -1))
        place.append(where)
        np.put_along_axis(rest, where, -np.inf, -1)
    return np.concatenate(best, -1), np.concatenate(place, -1)
