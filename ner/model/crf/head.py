"""Heads: the losses of emissions, with gradients, and the weights that a decoder needs.

All sums over sequences are computed in float64: on a GPU there, in torch; else on the CPU, in
NumPy, which takes a third of torch's time.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torchcrf
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ner.features import sent
from ner.model.crf import on_device
from ner.model.crf.arrays import FORBIDDEN, Bools, Floats, Ints, Potentials
from ner.model.crf.constraints import TagConstraints
from ner.model.crf.decoder import WEIGHTS, CRFDecoder, Decoder, SoftmaxDecoder
from ner.model.crf.forward_backward import ExpectedCounts, GoldScore, Lattice

Sums = Lattice | GoldScore | ExpectedCounts
DeviceSums = on_device.Lattice | on_device.GoldScore | on_device.ExpectedCounts


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
        partition: Sums | DeviceSums,
        target: Sums | DeviceSums,
    ) -> Tensor:
        ctx.sums = partition, target
        ctx.likes = [x.new_empty(0) for x in (emissions, start, between, end)]
        value = torch.as_tensor(partition.log_z - target.log_z)  # [B]
        return value.to(emissions.device, torch.promote_types(emissions.dtype, torch.float32))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        there = isinstance(ctx.sums[0], on_device.Lattice)
        weights = grads[0].double() if there else _floats(grads[0])  # [B]
        (one, ones), (other, others) = (sums.gradient(weights) for sums in ctx.sums)
        # [B, T, K], [K], [K, K], [K]
        pairs = [(one, other), *zip(ones, others, strict=True)]
        subtract = torch.sub if there else functools.partial(np.subtract, order="C")
        found = [torch.as_tensor(subtract(a, b)) for a, b in pairs]
        return (*(x.to(like) for x, like in zip(found, ctx.likes, strict=True)), None, None)


class _Head(nn.Module):
    """The constants of a tag set, on whatever device the emissions are.

    With `in_torch`, all is computed in torch on a CPU, too, as it is on a GPU.
    """

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__()
        self.in_torch = False
        self.constraints = TagConstraints(tags, scheme)
        self._constants: dict[torch.device, on_device.Constraints] = {}

    def _stays(self, emissions: Tensor) -> bool:
        """Tell if the sums are computed where the emissions are."""
        return self.in_torch or emissions.is_cuda

    def _constraints_on(self, device: torch.device) -> on_device.Constraints:
        if device not in self._constants:
            self._constants[device] = on_device.Constraints(self.constraints, device)
        return self._constants[device]


class CRFHead(_Head):
    """A linear-chain CRF (Lafferty, McCallum and Pereira 2001) with forbidden transitions.

    Its parameters are those of a pytorch-crf `CRF`: the same names, order and initialisation. What
    is forbidden is a constant in loss, decoding and probabilities.
    """

    start_transitions: nn.Parameter  # [K]
    transitions: nn.Parameter  # [K, K]
    end_transitions: nn.Parameter  # [K]

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__(tags, scheme)
        for name, weight in torchcrf.CRF(len(tags)).named_parameters():
            self.register_parameter(name, weight)

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
        if self._stays(emissions):
            return self._loss(emissions, *self._sums(emissions, tags, lengths, choices, costs))
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
        if self._stays(emissions):
            return self._loss(emissions, *self._counted(emissions, unary, pairwise, lengths))
        scores = np.maximum(_floats(emissions), FORBIDDEN)
        sizes, potentials = _ints(lengths), self.potentials()
        transitions = self.constraints.unpack(_floats(pairwise))  # [B, K, K]
        target = ExpectedCounts(scores, _floats(unary), transitions, sizes, potentials)
        return self._loss(emissions, Lattice(scores, sizes, potentials), target)

    def _there(
        self, emissions: Tensor, lengths: Tensor
    ) -> tuple[on_device.Constraints, Tensor, Tensor, on_device.Scores]:
        """Constraints, scores ``[B, T, K]``, lengths and weights, where the emissions are."""
        constants = self._constraints_on(emissions.device)
        scores = emissions.detach().double().clamp(min=FORBIDDEN)
        weights = constants.constrain(self._weights())
        return constants, scores, sent(lengths, emissions.device), weights

    def _sums(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        choices: Tensor | None,
        costs: Tensor | None,
    ) -> tuple[DeviceSums, DeviceSums]:
        """Partition and target of `loss`, where the emissions are."""
        constants, scores, sizes, weights = self._there(emissions, lengths)
        if costs is not None:
            scores = scores + constants.cost_augmentation(tags, choices, costs)
        partition = on_device.Lattice(scores, sizes, weights)
        if choices is None:
            return partition, on_device.GoldScore(scores, tags, sizes, weights)
        possible = scores.masked_fill(~choices, FORBIDDEN)
        return partition, on_device.Lattice(possible, sizes, weights)

    def _counted(
        self, emissions: Tensor, unary: Tensor, pairwise: Tensor, lengths: Tensor
    ) -> tuple[DeviceSums, DeviceSums]:
        """Partition and target of `cross_entropy`, where the emissions are."""
        constants, scores, sizes, weights = self._there(emissions, lengths)
        transitions = constants.unpack(pairwise)  # [B, K, K]
        target = on_device.ExpectedCounts(scores, unary, transitions, sizes, weights)
        return on_device.Lattice(scores, sizes, weights), target

    def _loss(
        self, emissions: Tensor, partition: Sums | DeviceSums, target: Sums | DeviceSums
    ) -> Tensor:
        arguments = (emissions, *self._weights(), partition, target)
        loss: Tensor = _NegativeLogLikelihood.apply(*arguments)  # type: ignore[no-untyped-call]
        return loss

    def decoder(self) -> Decoder:
        """Return the decoder with the transition scores of now."""
        return CRFDecoder(self.constraints, self.potentials())


class SoftmaxHead(_Head):
    """A softmax over the tags of each token; forbidden transitions are ruled out in decoding."""

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
            emissions = emissions + self._costs(tags, choices, costs, emissions).to(emissions)
        # [B, T]
        if choices is None:
            known = emissions.gather(2, tags[:, :, None]).squeeze(2)
        else:
            known = emissions.masked_fill(~choices, FORBIDDEN).logsumexp(2)
        mask = on_device.token_mask(sent(lengths, tags.device), tags.shape[1])
        return ((emissions.logsumexp(2) - known) * mask).sum(1)

    def _costs(
        self, tags: Tensor, choices: Tensor | None, costs: Tensor, emissions: Tensor
    ) -> Tensor:
        """The cost augmentation ``[B, T, K]``, in float64 where there is such."""
        if self._stays(emissions):
            return self._constraints_on(tags.device).cost_augmentation(tags, choices, costs)
        possible = None if choices is None else choices.cpu().numpy()
        added = self.constraints.cost_augmentation(_ints(tags), possible, _floats(costs))
        return torch.from_numpy(added)

    def cross_entropy(
        self, emissions: Tensor, unary: Tensor, pairwise: Tensor, lengths: Tensor
    ) -> Tensor:
        """Cross-entropy with another distribution at each token, summed over tokens: ``[B]``.

        `unary` ``[B, T, K]`` are its `expected_counts`; `pairwise` ones are ignored.
        """
        log_p = emissions.float().log_softmax(2)  # [B, T, K]
        mask = on_device.token_mask(sent(lengths, log_p.device), unary.shape[1])
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
