"""Sums over all tag sequences: partition function, marginals, expected counts; gold score.

Forward filtering and backward smoothing: Rabiner (1989), "A tutorial on hidden Markov models",
sections III and V.A (the scaling); for CRFs Sutton and McCallum (2012). `Lattice`, `GoldScore` and
`ExpectedCounts` have one protocol: `log_z` ``[B]``, and `gradient`.
"""

from typing import Any

import numpy as np

from ner.lazy import cached_property
from ner.model.crf.arrays import FORBIDDEN, IMPOSSIBLE, Floats, Ints, Potentials, token_mask
from ner.model.crf.semiring import LEAST, Logs, ScaledProbabilities, Semiring


class GoldScore:
    """Score of one tag sequence ``[B, T]`` of each sentence: a lattice of a single path."""

    def __init__(
        self, emissions: Floats, tags: Ints, lengths: Ints, potentials: Potentials
    ) -> None:
        start, between, end = potentials
        self._shape = emissions.shape
        sentences, size = tags.shape
        # [B, T] each, once broadcast
        self._positions = np.arange(sentences)[:, None], np.arange(size), tags
        self._transitions = tags[:, :-1], tags[:, 1:]  # [B, T - 1] each
        self._ends = tags[:, 0], tags[np.arange(sentences), lengths - 1]  # [B] each
        self._mask = token_mask(lengths, size)  # [B, T]
        unary = emissions[self._positions] * self._mask  # [B, T]
        pairwise = between[self._transitions] * self._mask[:, 1:]  # [B, T - 1]
        ends = start[self._ends[0]] + end[self._ends[1]]  # [B]
        self.log_z: Floats = unary.sum(1) + pairwise.sum(1) + ends
        """Score of the sequence, ``[B]``: the log of a sum over one."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials."""
        tags = self._shape[2]
        spread = self._mask * weights[:, None]  # [B, T]
        unary = np.zeros(self._shape)  # [B, T, K]
        unary[self._positions] = spread
        # [B, T - 1], a number for each pair of tags
        pairs = self._transitions[0] * tags + self._transitions[1]
        between = _weighted_counts(pairs, spread[:, 1:], tags * tags).reshape(tags, tags)  # [K, K]
        start, end = (_weighted_counts(ends, weights, tags) for ends in self._ends)  # [K] each
        return unary, Potentials(start, between, end)


class ExpectedCounts:
    """Expected score of tag sequences of which only expected counts are known.

    `unary` ``[B, T, K]`` counts tags at each token (ignored beyond the length), `pairwise`
    ``[B, K, K]`` transitions. For a single sequence this is its `GoldScore`.
    """

    def __init__(
        self,
        emissions: Floats,
        unary: Floats,
        pairwise: Floats,
        lengths: Ints,
        potentials: Potentials,
    ) -> None:
        self._unary = unary * token_mask(lengths, unary.shape[1])[:, :, None]  # [B, T, K]
        self._pairwise = pairwise  # [B, K, K]
        self._ends = unary[np.arange(len(lengths)), lengths - 1]  # [B, K]
        start, between, end = potentials
        self.log_z: Floats = (
            np.einsum("btk,btk->b", self._unary, emissions)
            + np.einsum("bij,ij->b", pairwise, between)
            + self._unary[:, 0] @ start
            + self._ends @ end
        )
        """Expected score, ``[B]``."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials."""
        between = np.einsum("b,bij->ij", weights, self._pairwise)  # [K, K]
        potentials = Potentials(weights @ self._unary[:, 0], between, weights @ self._ends)
        return self._unary * weights[:, None, None], potentials


def _weighted_counts(numbers: Ints, weights: Floats, size: int) -> Floats:
    """Sum the weights of each number from 0 to `size`: ``[size]``."""
    counts: Any = np.bincount(numbers.ravel(), weights.ravel(), size)  # its stub says integers
    sums: Floats = counts
    return sums


class ForwardScores:
    """Forward scores (alpha) and messages over a semiring, both ``[T, B, K]``.

    Emissions are ``[T, B, K]``, too; the best of each token, and of each potential, is 0.
    `log_z` ``[B]`` is the log of the partition function, `final` ``[B, K]`` are
    the marginals of last tokens, which stand at `last` (time, sentence).
    """

    def __init__(
        self, semiring: Semiring, emissions: Floats, lengths: Ints, potentials: Potentials
    ) -> None:
        self.semiring = semiring
        emissions = semiring.lift(emissions)
        start, self.transitions, end = (semiring.lift(part) for part in potentials)
        self.last = lengths - 1, np.arange(len(lengths))
        self.messages, self.alpha = np.empty_like(emissions), np.empty_like(emissions)  # [T, B, K]
        self.messages[0] = start
        semiring.product(self.messages[0], emissions[0], self.alpha[0])
        scale = np.zeros(len(lengths))  # [B]
        for t in range(1, len(emissions)):
            semiring.message(self.alpha[t - 1], self.transitions, self.messages[t])
            semiring.product(self.messages[t], emissions[t], self.alpha[t])
            if t % semiring.rescale == 0:
                self.alpha[t], log_total = semiring.normalise(self.alpha[t])
                scale += log_total * (t < lengths)
        final = self.alpha[self.last]  # [B, K]
        final, log_total = semiring.normalise(semiring.product(final, end, final))
        self.final = semiring.probabilities(final)
        self.log_z = scale + log_total

    def backward(self, weights: Floats) -> tuple[Floats, Floats]:
        """Marginals ``[T, B, K]``, 0 beyond a sentence, and expected transitions ``[K, K]``.

        Weighted by `weights` ``[B]``, they are the gradient of ``(weights * log_z).sum()``.
        """
        marginals = np.zeros_like(self.alpha)  # [T, B, K]
        marginals[self.last] = self.final * weights[:, None]
        return marginals, self.semiring.backward(
            marginals, self.alpha, self.messages, self.transitions
        )


def _underflows(
    forward: ForwardScores, emissions: Floats, lengths: Ints, potentials: Potentials
) -> bool:
    """True if a sum over anything possible is so small that some of it may have underflowed."""
    if (forward.final.sum(1) < 1.0 - 1e-9).any():  # divided by more than its total: too small
        return True
    small = forward.messages < LEAST  # [T, B, K]
    if not small[1:].any():
        return False
    # 0 where a path may go
    unary, *rest = (np.where(x > IMPOSSIBLE, 0.0, FORBIDDEN) for x in (emissions, *potentials))
    reachable = ForwardScores(forward.semiring, unary, lengths, Potentials(*rest)).messages > 0
    return bool((small & reachable)[1:].any())


class Lattice:
    """All tag sequences of each sentence of a batch, summed up.

    Where positions are asked for, sentences `b`, tokens `t` and tags `tag` are ``[N]``.
    `forward` are the forward scores, over the semiring that the scores need.
    """

    def __init__(self, emissions: Floats, lengths: Ints, potentials: Potentials) -> None:
        best = np.ascontiguousarray(emissions.transpose(2, 1, 0)).max(0)  # [T, B]
        tops = [part.max() for part in potentials]
        potentials = Potentials(*(x - top for x, top in zip(potentials, tops, strict=True)))
        # [T, B, K]
        relative = np.subtract(emissions.transpose(1, 0, 2), best[:, :, None], order="C")
        scores = relative, lengths, potentials
        self.forward = ForwardScores(ScaledProbabilities(), *scores)
        # At the scores that a network gives, scaled probabilities are safe.
        if _underflows(self.forward, *scores):
            self.forward = ForwardScores(Logs(), *scores)
        inside = token_mask(lengths, len(relative)).T  # [T, B]
        offset = (best * inside).sum(0) + tops[0] + tops[1] * (lengths - 1) + tops[2]  # [B]
        self.log_z: Floats = self.forward.log_z + offset
        """Log of the partition function, the sum of exp(score) over all sequences: ``[B]``."""

    def gradient(self, weights: Floats) -> tuple[Floats, Potentials]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and potentials.

        These are expected counts: with weights of 1, the marginals of tags and of transitions.
        """
        marginals, between = self.forward.backward(weights)
        end = marginals[self.forward.last].sum(0)  # [K]
        return marginals.transpose(1, 0, 2), Potentials(marginals[0].sum(0), between, end)

    @cached_property
    def marginals(self) -> Floats:
        """Probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.gradient(np.ones_like(self.log_z))[0]

    @cached_property
    def transitions(self) -> Floats:
        """Expected number of times that each tag (row) stands before each other, ``[B, K, K]``."""
        forward, marginals = self.forward, self.marginals
        counts = np.zeros((len(marginals), *forward.transitions.shape))  # [B, K, K]
        for t in range(1, marginals.shape[1]):
            # [B, K, K], of each tag, how probable every other one is before it
            posterior = forward.semiring.posterior_transition(
                forward.alpha[t - 1][:, :, None], forward.transitions, forward.messages[t][:, None]
            )
            counts += posterior * marginals[:, None, t]
        return counts

    @property
    def entropy(self) -> Floats:
        """Entropy of the distribution over tag sequences, in nats: ``[B]``.

        By the chain rule, from the last token back: that of its tag, and of each tag given the next
        (Hernando, Crespi and Cybenko 2005). A sum of terms that are all 0 or more is exact even
        where it is small, as a difference of `log_z` and the expected score would not be.
        """
        forward, marginals = self.forward, self.marginals
        found = _entropies(forward.final)
        for t in range(1, marginals.shape[1]):
            # [B, K, K], of each tag, how probable every other one is before it
            posterior = forward.semiring.posterior_transition(
                forward.alpha[t - 1][:, :, None], forward.transitions, forward.messages[t][:, None]
            )
            found += (_entropies(posterior.swapaxes(1, 2)) * marginals[:, t]).sum(1)
        return found

    def previous_posterior(self, b: Ints, t: Ints, tag: Ints) -> Floats:
        """Probability of each tag at t - 1, given that `tag` stands at t: ``[N, K]``."""
        forward = self.forward
        return forward.semiring.posterior_transition(
            forward.alpha[t - 1, b],
            forward.transitions[:, tag].T,
            forward.messages[t, b, tag][:, None],
        )

    def next_joint(self, b: Ints, t: Ints, tag: Ints) -> Floats:
        """Probability that `tag` stands at t and each tag at t + 1: ``[N, K]``."""
        forward = self.forward
        posterior = forward.semiring.posterior_transition(
            forward.alpha[t, b, tag][:, None], forward.transitions[tag], forward.messages[t + 1, b]
        )
        return posterior * self.marginals[b, t + 1]

    def path_scores(self, tags: Ints) -> Floats:
        """Log probability of all `tags` ``[B, T]`` before each token, given its own: ``[B, T]``.

        A difference of two is that of the tags from the one up to the other.
        """
        forward, tags = self.forward, tags.T
        t, b = np.arange(len(tags))[:, None], np.arange(tags.shape[1])
        # [T - 1, B]
        posterior = forward.semiring.posterior_transition(
            forward.alpha[t, b, tags][:-1],
            forward.transitions[tags[:-1], tags[1:]],
            forward.messages[t, b, tags][1:],
        )
        # What is impossible must not drown what follows.
        steps = np.log(np.maximum(posterior, LEAST))
        return np.cumsum(np.pad(steps, ((1, 0), (0, 0))), axis=0).T


def _entropies(probabilities: Floats) -> Floats:
    """Entropy of each distribution along the last axis, in nats."""
    logs = np.log(np.maximum(probabilities, LEAST))
    entropies: Floats = np.maximum(-(probabilities * logs).sum(-1), 0.0)  # rounding leads below
    return entropies
