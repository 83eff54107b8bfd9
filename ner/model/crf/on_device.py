"""A CRF's sums in torch, on the device of the emissions: the way of a GPU.

The same numbers as those of `forward_backward`, in float64 and over the log semiring, so right for
whatever scores. A GPU spends its time on starting kernels, and a CPU on waiting for it: a step over
time is three kernels for both directions at once, and nothing is read back.

`Lattice`, `GoldScore` and `ExpectedCounts` have the protocol of their namesakes in NumPy; all
tensors stand on one device, `lengths` ``[B]``, too.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ner.model.crf.arrays import FORBIDDEN
from ner.model.crf.constraints import TagConstraints

# Pairs of tags whose probabilities are held at once.
MOST_PAIRS = 1 << 26


class Scores(NamedTuple):
    """Transition scores in float64, as `Potentials` in NumPy."""

    start: Tensor  # [K]
    between: Tensor  # [K, K]
    end: Tensor  # [K]


class Constraints:
    """The constants of a tag set on a device; see `TagConstraints`."""

    def __init__(self, constraints: TagConstraints, device: torch.device) -> None:
        self._forbidden = [torch.from_numpy(part).to(device) for part in constraints.forbidden]
        self._types = torch.from_numpy(constraints.types).to(device)  # [K]
        self._legal = (~self._forbidden[1]).flatten().nonzero()[:, 0]  # [M]

    def constrain(self, weights: tuple[Tensor, ...]) -> Scores:
        """Put `FORBIDDEN` into the scores for what the scheme rules out."""
        pairs = zip(weights, self._forbidden, strict=True)
        return Scores(*(part.detach().double().masked_fill(m, FORBIDDEN) for part, m in pairs))

    def unpack(self, legal: Tensor) -> Tensor:
        """Put M legal transitions ``[B, M]`` into ``[B, K, K]``, with 0 for all others."""
        tags = len(self._types)
        transitions = legal.new_zeros(len(legal), tags * tags, dtype=torch.float64)
        return transitions.index_copy_(1, self._legal, legal.double()).view(-1, tags, tags)

    def cost_augmentation(self, tags: Tensor, choices: Tensor | None, costs: Tensor) -> Tensor:
        """Softmax-margin as `TagConstraints.cost_augmentation` states, ``[B, T, K]``."""
        if choices is None:
            choices = tags[:, :, None] == torch.arange(len(costs), device=tags.device)
        one = choices.byte().argmax(2)  # [B, T], any of the tags that a token can be
        sure = ((self._types == self._types[one][:, :, None]) | ~choices).all(2)  # [B, T]
        return (costs.double()[one] * sure)[:, :, None] * ~choices


def token_mask(lengths: Tensor, size: int) -> Tensor:
    """Mask ``[B, T]``, T = `size`: True where there is a token."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


class GoldScore:
    """Score of one tag sequence ``[B, T]`` of each sentence."""

    def __init__(self, emissions: Tensor, tags: Tensor, lengths: Tensor, scores: Scores) -> None:
        kinds = torch.arange(emissions.shape[2], device=tags.device)
        inside = token_mask(lengths, tags.shape[1])
        # [B, T, K], 1 where a tag stands
        self._unary = ((tags[:, :, None] == kinds) & inside[:, :, None]).to(emissions.dtype)
        self._ends = _last(self._unary, lengths)  # [B, K]
        start, between, end = scores
        pairwise = (self._unary[:, :-1] @ between) * self._unary[:, 1:]  # [B, T - 1, K]
        unary = (self._unary * emissions).sum((1, 2))
        ends = self._unary[:, 0] @ start + self._ends @ end
        self.log_z = unary + pairwise.sum((1, 2)) + ends
        """Score of the sequence, ``[B]``."""

    def gradient(self, weights: Tensor) -> tuple[Tensor, Scores]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and transitions."""
        spread = self._unary * weights[:, None, None]
        between = spread[:, :-1].flatten(0, 1).T @ self._unary[:, 1:].flatten(0, 1)  # [K, K]
        return spread, Scores(spread[:, 0].sum(0), between, weights @ self._ends)


class ExpectedCounts:
    """Expected score of tag sequences of which only expected counts are known.

    `unary` ``[B, T, K]`` counts tags at each token, `pairwise` ``[B, K, K]`` transitions.
    """

    def __init__(
        self, emissions: Tensor, unary: Tensor, pairwise: Tensor, lengths: Tensor, scores: Scores
    ) -> None:
        self._unary = unary.to(emissions.dtype) * token_mask(lengths, unary.shape[1])[:, :, None]
        self._pairwise = pairwise
        self._ends = _last(self._unary, lengths)  # [B, K]
        start, between, end = scores
        ends = self._unary[:, 0] @ start + self._ends @ end
        self.log_z = (self._unary * emissions).sum((1, 2)) + (pairwise * between).sum((1, 2)) + ends
        """Expected score, ``[B]``."""

    def gradient(self, weights: Tensor) -> tuple[Tensor, Scores]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and transitions."""
        between = torch.einsum("b,bij->ij", weights, self._pairwise)
        return self._unary * weights[:, None, None], Scores(
            weights @ self._unary[:, 0], between, weights @ self._ends
        )


class Lattice:
    """All tag sequences of each sentence of a batch, summed up.

    Sentences are read from both ends at once: `_alpha` and `_beta` ``[B, T, K]`` are the logs of
    the sums over all that stands up to a token, and from it on, with its own emission in both.
    """

    def __init__(self, emissions: Tensor, lengths: Tensor, scores: Scores) -> None:
        steps = torch.arange(emissions.shape[1], device=lengths.device)
        self._inside = steps < lengths[:, None]  # [B, T]
        backwards = torch.where(self._inside, lengths[:, None] - 1 - steps, steps)[:, :, None]
        both = torch.stack([emissions, emissions.take_along_dim(backwards, 1)])
        sums = _path_sums(both.transpose(1, 2).contiguous(), scores).transpose(1, 2)
        self._emissions, self._between = emissions, scores.between
        self._alpha, self._beta = sums[0], sums[1].take_along_dim(backwards, 1)
        self._lengths = lengths
        self.log_z = (_last(self._alpha, lengths) + scores.end).logsumexp(1)
        """Log of the partition function, the sum of exp(score) over all sequences: ``[B]``."""

    def gradient(self, weights: Tensor) -> tuple[Tensor, Scores]:
        """Gradient of ``(weights * log_z).sum()`` by emissions ``[B, T, K]`` and transitions."""
        spread = self._inside * weights[:, None]  # [B, T]
        # A softmax sums to 1 even where all is forbidden.
        marginals = (self._alpha + self._beta - self._emissions).softmax(2) * spread[:, :, None]
        between = torch.zeros_like(self._between)
        sentences, size, tags = marginals.shape
        most = max(1, MOST_PAIRS // (sentences * tags * tags))
        for first in range(1, size, most):
            between += self._transitions(first, min(size, first + most), spread)
        ends = _last(marginals, self._lengths).sum(0)
        return marginals, Scores(marginals[:, 0].sum(0), between, ends)

    def _transitions(self, first: int, end: int, spread: Tensor) -> Tensor:
        """Expected transitions into the tokens from `first` to `end`, weighted: ``[K, K]``."""
        before = self._alpha[:, first - 1 : end - 1, :, None] + self._between
        pairs = (before + self._beta[:, first:end, None]).flatten(2).softmax(2)  # [B, t, K · K]
        counts = spread[:, first:end].flatten() @ pairs.flatten(0, 1)
        return counts.view_as(self._between)


def _path_sums(emissions: Tensor, scores: Scores) -> Tensor:
    """Sums over all paths up to each token and tag, in both directions: ``[2, T, B, K]``."""
    start, between, end = scores
    ends = torch.stack([start, end])[:, None]  # [2, 1, K]
    moves = torch.stack([between.T, between])[:, None]  # [2, 1, K, K], from column to row
    sums = torch.empty_like(emissions)
    torch.add(emissions[:, 0], ends, out=sums[:, 0])
    for t in range(1, emissions.shape[1]):
        arriving = sums[:, t - 1, :, None] + moves  # [2, B, K, K]
        # One kernel, where a sum of exponentials is eight.
        torch.add(arriving.logcumsumexp(3)[..., -1], emissions[:, t], out=sums[:, t])
    return sums


def _last(values: Tensor, lengths: Tensor) -> Tensor:
    """The values ``[B, T, K]`` at the last token of each sentence: ``[B, K]``."""
    return values.take_along_dim((lengths - 1)[:, None, None], 1)[:, 0]
