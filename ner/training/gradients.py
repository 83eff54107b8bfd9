"""Norms of the gradient, group by group of the parameters, while a model learns.

Norms are Euclidean, of the gradient before it is clipped.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Gradient(NamedTuple):
    """The gradient of one step."""

    norms: dict[str, float]  # by group
    clipped: bool


class Gradients(NamedTuple):
    """The gradients of the steps of an epoch."""

    norms: dict[str, float]  # means, by group
    clipped: float  # share of the steps

    def to_dict(self) -> dict[str, Any]:
        """Give their part of a record in ``metrics.jsonl``."""
        return {"gradient_norms": self.norms, "clipped": self.clipped}


def group_of(name: str) -> str:
    """The group of a parameter of a network: embedder, encoder layer 1, …, projection or head."""
    part, _, rest = name.partition(".")
    if part != "encoder":
        return part
    return f"encoder layer {int(rest.split('.')[1]) + 1}"


def dense_gradients(network: nn.Module) -> list[Tensor]:
    """The gradients of a network; of a sparse one, which is coalesced first, the rows it has."""
    for weight in network.parameters():
        if weight.grad is not None and weight.grad.is_sparse:
            weight.grad = weight.grad.coalesce()
    return [_values(weight.grad) for weight in network.parameters() if weight.grad is not None]


def _values(gradient: Tensor) -> Tensor:
    return gradient.values() if gradient.is_sparse else gradient


def gradient_norms(network: nn.Module) -> dict[str, float]:
    """The norm of the gradient of each group that has one; sparse ones are coalesced."""
    groups: dict[str, list[Tensor]] = {}
    for name, weight in network.named_parameters():
        if weight.grad is not None:
            groups.setdefault(group_of(name), []).append(_values(weight.grad))
    return {
        group: torch.nn.utils.get_total_norm(gradients).item()
        for group, gradients in groups.items()
    }


@dataclass
class GradientSums:
    """Sums over the steps of an epoch so far."""

    steps: int = 0
    clipped: int = 0
    norms: dict[str, float] = field(default_factory=dict)

    def add(self, gradient: Gradient) -> None:
        """Take in one more step."""
        self.steps += 1
        self.clipped += gradient.clipped
        for group, norm in gradient.norms.items():
            self.norms[group] = self.norms.get(group, 0.0) + norm

    def means(self) -> Gradients | None:
        """Give the means over the steps, None where no step was measured."""
        if not self.steps:
            return None
        norms = {group: total / self.steps for group, total in self.norms.items()}
        return Gradients(norms, self.clipped / self.steps)


def mean_gradients(gradients: Iterable[Gradient]) -> Gradients | None:
    """The means over some steps; None without steps."""
    sums = GradientSums()
    for gradient in gradients:
        sums.add(gradient)
    return sums.means()
