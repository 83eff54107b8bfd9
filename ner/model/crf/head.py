"""Heads: from encoded tokens to emissions, a loss, legal tags, and probabilities.

Both heads decode under the same constant mask of forbidden transitions, so their output is legal.
All but the losses is computed in float64 on the CPU, without a gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torchcrf
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ner.model.crf.arrays import FORBIDDEN, Bools, Floats, Ints, Potentials, token_mask
from ner.model.crf.constraints import TagConstraints
from ner.model.crf.forward_backward import ExpectedCounts, GoldScore, Lattice
from ner.model.crf.viterbi import k_best, viterbi

SpanPosition = tuple[int, int, int]
"""Sentence of the batch, first token, token after the last."""

# Emissions are clipped to this in decoding: the sum over any sentence stays below what is
# forbidden, with small differences intact.
LARGEST = 1e8


class _NegativeLogLikelihood(torch.autograd.Function):
    """A CRF's loss ``[B]``: `log_z` of the `partition` less that of the `target`.

    With expected counts as target, a cross-entropy. The gradient is the difference of the expected
    counts of both, whose potentials `start`, `between` and `end` stand for.
    """

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        between: Tensor,
        end: Tensor,
        partition: Lattice,
        target: Lattice | GoldScore | ExpectedCounts,
    ) -> Tensor:
        ctx.sums = partition, target
        ctx.likes = [x.new_empty(0) for x in (emissions, start, between, end)]
        value = torch.from_numpy(partition.log_z - target.log_z)  # [B]
        return value.to(emissions.device, torch.promote_types(emissions.dtype, torch.float32))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weights = _floats(grads[0])  # [B]
        (one, ones), (other, others) = (sums.gradient(weights) for sums in ctx.sums)
        pairs = [(one, other), *zip(ones, others, strict=True)]
        # [B, T, K], [K], [K, K], [K]
        arrays = [np.subtract(a, b, order="C") for a, b in pairs]
        return (
            *(torch.from_numpy(x).to(like) for x, like in zip(arrays, ctx.likes, strict=True)),
            None,
            None,
        )


class CRFHead(nn.Module):
    """A linear-chain CRF (Lafferty, McCallum and Pereira 2001) with forbidden transitions.

    Its parameters are those of a pytorch-crf `CRF`: the same names, order and initialisation. What
    is forbidden is a constant in loss, decoding and probabilities.
    """

    start_transitions: nn.Parameter  # [K]
    transitions: nn.Parameter  # [K, K]
    end_transitions: nn.Parameter  # [K]

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__()
        for name, weight in torchcrf.CRF(len(tags)).named_parameters():
            self.register_parameter(name, weight)
        self.constraints = TagConstraints(tags, scheme)

    def _weights(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.start_transitions, self.transitions, self.end_transitions

    def potentials(self) -> Potentials:
        """Return the transition scores in use: learnt ones, or `FORBIDDEN`."""
        return self.constraints.constrain([_floats(part) for part in self._weights()])

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        choices: Tensor | None = None,
        costs: Tensor | None = None,
    ) -> Tensor:
        """Negative log-likelihood of the tags ``[B, T]``, summed over tokens: ``[B]``.

        With `choices` ``[B, T, K]``, that of all legal sequences of tags which are true there
        (Tsuboi et al. 2008). `costs` ``[K]`` augment it: the log of the weight of a mistake where a
        tag of that type is known. Illegal labels cost about 1e30, with finite gradients.
        """
        scores = np.maximum(_floats(emissions), FORBIDDEN)  # no infinity, whose sums are NaN
        numbers, sizes, potentials = _ints(tags), _ints(lengths), self.potentials()
        possible: Bools | None = None if choices is None else choices.cpu().numpy()
        if costs is not None:
            scores = scores + self.constraints.cost_augmentation(numbers, possible, _floats(costs))
        target: Lattice | GoldScore
        if possible is None:
            target = GoldScore(scores, numbers, sizes, potentials)
        else:
            target = Lattice(np.where(possible, scores, FORBIDDEN), sizes, potentials)
        return self._loss(emissions, Lattice(scores, sizes, potentials), target)

    def cross_entropy(
        self, emissions: Tensor, unary: Tensor, pairwise: Tensor, lengths: Tensor
    ) -> Tensor:
        """Cross-entropy with another distribution over whole tag sequences: ``[B]``.

        `unary` ``[B, T, K]`` and `pairwise` ``[B, M]`` are its `expected_counts` (averages of
        several are those of a mixture), in which log probabilities are linear. With all of it on
        one sequence, this is `loss`.
        """
        scores = np.maximum(_floats(emissions), FORBIDDEN)
        sizes, potentials = _ints(lengths), self.potentials()
        transitions = self.constraints.unpack(_floats(pairwise))  # [B, K, K]
        target = ExpectedCounts(scores, _floats(unary), transitions, sizes, potentials)
        return self._loss(emissions, Lattice(scores, sizes, potentials), target)

    def _loss(
        self, emissions: Tensor, partition: Lattice, target: Lattice | GoldScore | ExpectedCounts
    ) -> Tensor:
        arguments = (emissions, *self._weights(), partition, target)
        loss: Tensor = _NegativeLogLikelihood.apply(*arguments)  # type: ignore[no-untyped-call]
        return loss

    def expected_counts(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Expected unary counts ``[B, T, K]`` and legal pairwise counts ``[B, M]``.

        With `choices` ``[B, T, K]``, given that the tags are among those that are true there.
        Pairwise counts are summed over the sentence, in the order of rows and columns of the
        transitions.
        """
        scores = _chosen(_finite(emissions), choices)
        lattice = Lattice(scores, _ints(lengths), self.potentials())
        pairwise = self.constraints.pack(lattice.transitions)
        return torch.from_numpy(lattice.marginals), torch.from_numpy(pairwise)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Find the best legal tag numbers: ``[B, T]``, 0 beyond a sentence's length."""
        return torch.from_numpy(viterbi(_finite(emissions), _ints(lengths), self.potentials()))

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Find the `count` most probable legal sequences, best first, and their probabilities.

        Returns tags ``[B, N, T]``, 0 beyond a sentence's length, and ``[B, N]``.
        Probability 0, with tags 0, stands for no sequence: there are fewer.
        """
        scores, sizes, potentials = _finite(emissions), _ints(lengths), self.potentials()
        tags, found = k_best(scores, sizes, potentials, count)
        log_z = Lattice(scores, sizes, potentials).log_z
        return torch.from_numpy(tags), _probabilities(found - log_z[:, None])

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Exact probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        lattice = Lattice(_finite(emissions), _ints(lengths), self.potentials())
        return torch.from_numpy(lattice.marginals)

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Exact probability of each span under the model, given the legal tags that hold it.

        It is that of all tag sequences with precisely this span: its tags stand there, and no
        entity goes on into them or from them.
        """
        if not spans:
            return []
        b, start, end = np.array(spans).T  # [N] each
        rows, b = np.unique(b, return_inverse=True)  # sentences without a span cost nothing
        sizes, numbers = _ints(lengths)[rows], _ints(tags)[rows]
        lattice = Lattice(_finite(emissions)[rows], sizes, self.potentials())
        first, last = numbers[b, start], numbers[b, end - 1]
        path = lattice.path_scores(numbers)  # [B, T]
        # [N] each: the span's own tags, that it begins with the first, that it ends with the last
        inside = np.exp(path[b, end - 1] - path[b, start])
        continues = self.constraints.continues
        previous = lattice.previous_posterior(b, start, first)
        opened = (previous * ~continues[:, first].T).sum(1)
        following = np.minimum(end, numbers.shape[1] - 1)
        closed = (lattice.next_joint(b, following - 1, last) * ~continues[last]).sum(1)
        closed = np.where(end < sizes[b], closed, lattice.marginals[b, end - 1, last])
        return _listed(np.where(start > 0, opened, 1.0) * inside * closed)


class SoftmaxHead(nn.Module):
    """A softmax over the tags of each token; forbidden transitions are ruled out in decoding."""

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__()
        self.constraints = TagConstraints(tags, scheme)

    def potentials(self) -> Potentials:
        """Return the constraints alone: `FORBIDDEN`, and 0 everywhere else."""
        return self.constraints.potentials()

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        choices: Tensor | None = None,
        costs: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropy of the tags ``[B, T]``, summed over tokens: ``[B]``.

        `choices` ``[B, T, K]`` and `costs` ``[K]`` as in `CRFHead.loss`.
        """
        emissions = emissions.float()
        if costs is not None:
            possible = None if choices is None else choices.cpu().numpy()
            added = self.constraints.cost_augmentation(_ints(tags), possible, _floats(costs))
            emissions = emissions + torch.from_numpy(added).to(emissions)
        # [B, T]
        if choices is None:
            known = emissions.gather(2, tags[:, :, None]).squeeze(2)
        else:
            known = emissions.masked_fill(~choices, FORBIDDEN).logsumexp(2)
        mask = torch.from_numpy(token_mask(_ints(lengths), tags.shape[1]))
        return ((emissions.logsumexp(2) - known) * mask.to(emissions.device)).sum(1)

    def cross_entropy(
        self, emissions: Tensor, unary: Tensor, pairwise: Tensor, lengths: Tensor
    ) -> Tensor:
        """Cross-entropy with another distribution at each token, summed over tokens: ``[B]``.

        `unary` ``[B, T, K]`` are its `expected_counts`; `pairwise` ones are ignored.
        """
        log_p = emissions.float().log_softmax(2)  # [B, T, K]
        mask = torch.from_numpy(token_mask(_ints(lengths), unary.shape[1])).to(log_p.device)
        return -(unary.float() * log_p * mask[:, :, None]).sum((1, 2))

    def expected_counts(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Probability of each tag at each token, ``[B, T, K]``; no pairwise counts, ``[B, 0]``.

        `choices` as in `CRFHead.expected_counts`.
        """
        log_p = _log_p(torch.from_numpy(_chosen(_finite(emissions), choices)))
        mask = token_mask(_ints(lengths), emissions.shape[1])
        return torch.from_numpy(np.exp(log_p) * mask[:, :, None]), torch.zeros(len(lengths), 0)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Find the most probable legal tag numbers: ``[B, T]``, 0 beyond a sentence's length."""
        return torch.from_numpy(viterbi(_log_p(emissions), _ints(lengths), self.potentials()))

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Find the `count` most probable legal sequences as `CRFHead.nbest` does."""
        tags, found = k_best(_log_p(emissions), _ints(lengths), self.potentials(), count)
        return torch.from_numpy(tags), _probabilities(found)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.expected_counts(emissions, lengths)[0]

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Product of the probabilities of each span's own tags."""
        if not spans:
            return []
        log_p = np.take_along_axis(_log_p(emissions), _ints(tags)[:, :, None], 2)[:, :, 0]  # [B, T]
        sums = np.cumsum(np.pad(log_p, ((0, 0), (1, 0))), axis=1)  # [B, T + 1]
        b, start, end = np.array(spans).T
        return _listed(np.exp(sums[b, end] - sums[b, start]))


def _floats(x: Tensor) -> Floats:
    """Copy to float64 on the CPU (some accelerators have no float64)."""
    array: Floats = x.detach().cpu().double().numpy()
    return array


def _ints(x: Tensor) -> Ints:
    array: Ints = x.cpu().numpy()
    return array


def _finite(emissions: Tensor) -> Floats:
    return np.clip(_floats(emissions), -LARGEST, LARGEST)


def _chosen(scores: Floats, choices: Tensor | None) -> Floats:
    """Rule out all but the chosen tags in finite scores."""
    return scores if choices is None else np.where(choices.cpu().numpy(), scores, -LARGEST)


def _log_p(emissions: Tensor) -> Floats:
    return _floats(torch.from_numpy(_finite(emissions)).log_softmax(2))


def _probabilities(log_p: Floats) -> Tensor:
    """Exponentiate: at most 1, and above 0 for all that is possible."""
    p = np.maximum(np.exp(np.minimum(log_p, 0.0)), np.finfo(np.float64).tiny)
    return torch.from_numpy(np.where(np.isfinite(log_p), p, 0.0))


def _listed(probabilities: Floats) -> list[float]:
    """Turn into numbers, without what rounding put above 1."""
    result: list[float] = np.minimum(probabilities, 1.0).tolist()
    return result
