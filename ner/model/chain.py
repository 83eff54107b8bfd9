"""Linear chains: the recursions over time that a CRF and a constrained softmax share.

Everything works on padded batches. Shapes: `emissions` is ``[B, T, K]``,
`lengths` ``[B]`` (1 ≤ length ≤ T), a `Potentials` has ``start[K]``,
``between[K, K]`` (from row to column) and ``end[K]``. Positions beyond a
sentence's length have no influence on any result.

Forward and backward scores: Rabiner (1989), "A tutorial on hidden Markov
models", section III, in the log domain; for CRFs Sutton and McCallum (2012).
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# A forbidden transition costs this much: more than any emission can make up for,
# and yet finite, so that no difference of two of them is NaN.
FORBIDDEN = -1e30


class Potentials(NamedTuple):
    """Scores of starting with a tag, of going from one to the next, and of ending with one."""

    start: Tensor  # [K]
    between: Tensor  # [K, K]
    end: Tensor  # [K]

    def exact(self) -> "Potentials":
        """The same scores in float64, on the CPU (some accelerators have no float64)."""
        return Potentials(*(part.cpu().double() for part in self))


def token_mask(lengths: Tensor, size: int) -> Tensor:
    """True where there is a token: ``[B, T]`` for T = `size`."""
    return torch.arange(size, device=lengths.device) < lengths[:, None]


def _exp(x: Tensor) -> Tensor:
    """exp, in place and at least e⁻⁸⁰: what underflows is ten times slower, and as good as 0."""
    return x.clamp_(min=-80.0).exp_()


def _log_sum(x: Tensor, dim: int) -> Tensor:
    """Log of the sum of exponentials along a dimension; for finite values."""
    top = x.amax(dim, keepdim=True)
    return _exp(x - top).sum(dim).log() + top.squeeze(dim)


def forward_scores(emissions: Tensor, potentials: Potentials) -> Tensor:
    """``[B, T, K]``: log of the sum over all paths up to t that stand in k at t, emission included.

    Values beyond a sentence's length go on as if it were longer; they are not used.
    """
    alpha = potentials.start + emissions[:, 0]
    steps = [alpha]
    for t in range(1, emissions.shape[1]):
        alpha = _log_sum(alpha[:, :, None] + potentials.between, dim=1) + emissions[:, t]
        steps.append(alpha)
    return torch.stack(steps, dim=1)


def backward_scores(emissions: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    """``[B, T, K]``: log of the sum over all ways on from k at t, emission of t not included."""
    beta = potentials.end.expand(emissions.shape[0], -1)
    steps = [beta]
    for t in range(emissions.shape[1] - 1, 0, -1):
        ahead = (emissions[:, t] + beta)[:, None, :] + potentials.between
        inside = (t < lengths)[:, None]
        beta = torch.where(inside, _log_sum(ahead, dim=2), potentials.end)
        steps.append(beta)
    return torch.stack(steps[::-1], dim=1)


def last_scores(alpha: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    """Log of the sum over all paths, ``[B]``: log Z from forward scores, without a gradient."""
    last = alpha[torch.arange(len(lengths), device=alpha.device), lengths - 1]
    return torch.logsumexp(last + potentials.end, dim=1)


class _LogPartition(torch.autograd.Function):
    """log Z with its gradient in closed form: the gradient of log Z is the marginals.

    Going forward, each step keeps how much every previous tag contributes to
    every next one, as shares that sum to 1. Going backward, the marginals of
    the last token are handed back along these shares: forward filtering and
    backward smoothing, without another exponential.
    """

    @staticmethod
    def forward(
        ctx: Any, emissions: Tensor, lengths: Tensor, start: Tensor, between: Tensor, end: Tensor
    ) -> Tensor:
        alpha, *others = emissions.unbind(1)  # [B, K] each
        alpha = alpha + start
        shares = []
        for t, emission in enumerate(others, 1):
            ways = alpha[:, :, None] + between  # [B, from, to]
            top = ways.amax(1, keepdim=True)
            share = _exp(ways.sub_(top))
            total = share.sum(1, keepdim=True)
            shares.append(share.div_(total))
            moved = total.log_().add_(top).squeeze(1) + emission
            alpha = torch.where((t < lengths)[:, None], moved, alpha)
        final = alpha + end
        ctx.shares = shares
        ctx.save_for_backward(lengths, final)
        return final.logsumexp(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        lengths, final = ctx.saved_tensors
        last = final.softmax(1) * grads[0][:, None]
        marginal = last  # [B, K], of the last token that each sentence has
        tokens: list[Tensor] = []
        moves = torch.zeros(final.shape[1], final.shape[1], device=final.device, dtype=final.dtype)
        for t in range(len(ctx.shares), 0, -1):
            inside = (t < lengths)[:, None]
            here = marginal * inside
            pair = ctx.shares[t - 1] * here[:, None, :]
            moves += pair.sum(0)
            tokens.append(here)
            marginal = torch.where(inside, pair.sum(2), marginal)
        token = torch.stack([marginal, *tokens[::-1]], dim=1)
        return token, None, marginal.sum(0), moves, last.sum(0)


def log_partition(emissions: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    """Log of the sum over all tag sequences of the exponential of their score, ``[B]``."""
    result: Tensor = _LogPartition.apply(emissions, lengths, *potentials)  # type: ignore[no-untyped-call]
    return result


def path_scores(emissions: Tensor, tags: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    """The score of given tags ``[B, T]``, ``[B]``: emissions and transitions summed."""
    mask = token_mask(lengths, tags.shape[1])
    emitted = emissions.gather(2, tags[:, :, None]).squeeze(2) * mask
    moved = potentials.between[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
    last = tags.gather(1, (lengths - 1)[:, None]).squeeze(1)
    ends = potentials.start[tags[:, 0]] + potentials.end[last]
    return emitted.sum(1) + moved.sum(1) + ends


def viterbi(emissions: Tensor, lengths: Tensor, potentials: Potentials) -> Tensor:
    """The best tag sequence of each sentence, ``[B, T]``; 0 beyond its length.

    Viterbi (1967). Of equally good sequences, the one with lower tag numbers
    at the end wins.
    """
    size = emissions.shape[1]
    score = potentials.start + emissions[:, 0]
    still = torch.arange(emissions.shape[2], device=emissions.device).expand_as(score)
    pointers = []
    for t in range(1, size):
        best, source = (score[:, :, None] + potentials.between).max(dim=1)
        inside = (t < lengths)[:, None]
        # A finished sentence stays where it is, so that all trace back from the last step.
        score = torch.where(inside, best + emissions[:, t], score)
        # Only differences count; sums over a long sentence would swallow them.
        score = score - score.amax(1, keepdim=True)
        pointers.append(torch.where(inside, source, still))
    tag = (score + potentials.end).argmax(dim=1, keepdim=True)
    path = [tag]
    for pointer in reversed(pointers):
        tag = pointer.gather(1, tag)
        path.append(tag)
    return torch.cat(path[::-1], dim=1) * token_mask(lengths, size)
