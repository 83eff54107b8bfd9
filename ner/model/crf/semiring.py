"""Semirings of the forward-backward recursions: scaled probabilities, and logs.

The product joins parts of a path, the sum joins paths. Notation as in Rabiner (1989): ``alpha``
``[B, K]`` sums all paths up to a token with its own emission, the forward message ``[B, K]``
without it. Both are up to a factor for each sentence and token. A semiring has:

- `rescale`, the steps after which alpha is scaled; `lift`, which takes scores into the semiring;
- `product` of two parts of paths, and `message`: the sum of alpha ``[B, K]`` over transitions
  ``[K, K]``, which is the next forward message;
- `normalise`: sums ``[B, K]`` divided by their total, with its log ``[B]``; `probabilities` of
  what it gives; `posterior_transition`: the probability of a transition, given where it leads;
- `backward`, the backward pass over ``[T, B, K]``: it adds to each token's `marginals` what the
  next token's imply, in place, and returns the expected transitions ``[K, K]`` of all sentences.
"""

from collections.abc import Iterator

import numpy as np

from ner.model.crf.arrays import Floats, tag_blocks

# Next to a sum of at least this much, all that has underflowed is negligible.
LEAST = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)


class ScaledProbabilities:
    """Probabilities, scaled now and then: a step is one small matrix product; may underflow."""

    rescale = 32  # float64 has room for many more steps

    def lift(self, scores: Floats) -> Floats:
        """Exponentiate."""
        return np.exp(scores)

    def product(self, one: Floats, other: Floats, out: Floats) -> Floats:
        """Multiply element by element."""
        return np.multiply(one, other, out=out)

    def message(self, alpha: Floats, transitions: Floats, out: Floats) -> Floats:
        """Matrix product ``alpha · transitions``."""
        return np.dot(alpha, transitions, out=out)

    def normalise(self, sums: Floats) -> tuple[Floats, Floats]:
        """Divide by the total, or by `LEAST` where that is larger."""
        total = np.maximum(sums.sum(1, keepdims=True), LEAST)  # [B, 1]
        return sums / total, np.log(total[:, 0])

    def probabilities(self, normalised: Floats) -> Floats:
        """Probabilities already."""
        return normalised

    def posterior_transition(self, alpha: Floats, transition: Floats, message: Floats) -> Floats:
        """``alpha · transition / message``."""
        return alpha * transition / np.maximum(message, LEAST)

    def backward(
        self, marginals: Floats, alpha: Floats, messages: Floats, transitions: Floats
    ) -> Floats:
        """Divide marginals by messages, step by step; one matrix product counts the transitions."""
        # [K, K], from column to row
        transposed = np.ascontiguousarray(transitions.T)
        # [T, B, K], marginals by unit of what arrives: beta times the emission, up to a factor
        ratios = np.maximum(messages, LEAST)
        for t in range(len(marginals) - 1, 0, -1):
            np.divide(marginals[t], ratios[t], out=ratios[t])
            marginals[t - 1] += alpha[t - 1] * ratios[t].dot(transposed)
        tags = marginals.shape[2]
        sources = alpha[:-1].reshape(-1, tags)  # [(T - 1) · B, K]
        return transitions * (sources.T @ ratios[1:].reshape(-1, tags))


class Logs:
    """Log probabilities: slower, and right for whatever scores."""

    rescale = 1

    def lift(self, scores: Floats) -> Floats:
        """Keep log scores as they are."""
        return scores

    def product(self, one: Floats, other: Floats, out: Floats) -> Floats:
        """Add."""
        return np.add(one, other, out=out)

    def message(self, alpha: Floats, transitions: Floats, out: Floats) -> Floats:
        """Log-sum-exp over the tags before, in blocks."""
        for block, scores in _transition_scores(alpha, transitions):
            out[:, block] = _log_sum(scores)
        return out

    def normalise(self, sums: Floats) -> tuple[Floats, Floats]:
        """Subtract the log of the total."""
        top = sums.max(1)  # [B]
        sums = sums - top[:, None]  # first, lest forbidden scores swallow the total
        total = _log_sum(sums.T)
        return sums - total[:, None], top + total

    def probabilities(self, normalised: Floats) -> Floats:
        """Exponentiate."""
        return np.exp(normalised)

    def posterior_transition(self, alpha: Floats, transition: Floats, message: Floats) -> Floats:
        """``exp(alpha + transition − message)``."""
        return np.exp(alpha + transition - message)

    def backward(
        self, marginals: Floats, alpha: Floats, messages: Floats, transitions: Floats
    ) -> Floats:
        """Softmax over the tags before, in blocks; count the transitions on the way."""
        counts = np.zeros_like(transitions)  # [K, K]
        for t in range(len(marginals) - 1, 0, -1):
            for block, scores in _transition_scores(alpha[t - 1], transitions):
                weights = np.exp(scores - scores.max(0))
                # [K, B, block], probability of each pair of tags
                pairs = weights * (marginals[t][:, block] / weights.sum(0))
                marginals[t - 1] += pairs.sum(2).T
                counts[:, block] += pairs.sum(1)
        return counts


Semiring = ScaledProbabilities | Logs


def _transition_scores(alpha: Floats, transitions: Floats) -> Iterator[tuple[slice, Floats]]:
    """Scores ``[K, B, block]`` from all tags to some: sums over the first axis are fast."""
    for block in tag_blocks(len(transitions), alpha.size):
        yield block, alpha.T[:, :, None] + transitions[:, None, block]


def _log_sum(logs: Floats) -> Floats:
    """Log of the sum of exponentials over the first axis."""
    top = logs.max(0)
    total: Floats = top + np.log(np.exp(logs - top).sum(0))
    return total
