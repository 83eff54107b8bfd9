"""Heads: the losses of emissions, with gradients, and the weights that a decoder needs.

All sums over sequences are computed in float64 on the CPU.
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
from ner.model.crf.decoder import WEIGHTS, CRFDecoder, Decoder, SoftmaxDecoder
from ner.model.crf.forward_backward import ExpectedCounts, GoldScore, Lattice


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
        start, between, end = (getattr(self, name) for name in WEIGHTS)
        return start, between, end

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

    def decoder(self) -> Decoder:
        """Return the decoder with the transition scores of now."""
        return CRFDecoder(self.constraints, self.potentials())


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

    def decoder(self) -> Decoder:
        """Return the decoder."""
        return SoftmaxDecoder(self.constraints, self.potentials())


def _floats(x: Tensor) -> Floats:
    """Copy to float64 on the CPU (some accelerators have no float64)."""
    array: Floats = x.detach().cpu().double().numpy()
    return array


def _ints(x: Tensor) -> Ints:
    array: Ints = x.cpu().numpy()
    return array
