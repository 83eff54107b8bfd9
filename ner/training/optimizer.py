"""Optimizers, schedules of the learning rate, averaged weights."""

import copy
import math

import torch
from torch import Tensor

from ner.config import TrainConfig, chosen
from ner.errors import TrainingError
from ner.model import BaseNetwork


def build_optimizer(network: BaseNetwork, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019) or SGD with Nesterov's momentum, as configured."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    rate = chosen(config.learning_rate)
    if config.optimizer == "sgd":
        optimizer = torch.optim.SGD(
            weights,
            lr=rate,
            momentum=config.momentum,
            nesterov=config.momentum > 0,
            weight_decay=config.weight_decay,
            fused=True,
        )
        if config.momentum > 0:
            # For a weight without a gradient in the first step torch would use memory as it lies;
            # from zeros, its first step is torch's own first.
            for weight in weights:
                optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
        return optimizer
    return torch.optim.AdamW(weights, lr=rate, weight_decay=config.weight_decay, fused=True)


def scheduled_rate(config: TrainConfig, step: int, steps: int) -> float:
    """The learning rate of a step (from 0) out of `steps`; a plateau's drops come on top."""
    warmup, rate = config.warmup * steps, chosen(config.learning_rate)
    if step < warmup:
        return rate * (step + 1) / (warmup + 1)
    # Epochs of shares of corpora may be longer than the first, by which steps are counted.
    left = max(0.0, 1.0 - (step - warmup) / max(1.0, steps - warmup))
    return decayed_rate(config.schedule, rate, left)


def decayed_rate(schedule: str, rate: float, left: float) -> float:
    """Lower the highest learning rate after the warm-up, of which a share `left` is to come."""
    if schedule == "linear":
        return rate * left
    if schedule == "cosine":
        return rate * 0.5 * (1.0 - math.cos(math.pi * left))
    return rate


def check_finite(name: str, value: float, when: str, material: str, rate: float) -> None:
    """Stop before NaN or infinity spreads to all weights. Raises `TrainingError`."""
    if not math.isfinite(value):
        raise TrainingError(
            f"the {name} became {value} in {when}: the learning rate is too high for this "
            f"{material}; try --set train.learning_rate={rate / 4:g}"
        )


class Average:
    """An exponential moving average of the weights (Polyak and Juditsky 1992).

    The decay grows with the number of steps, so that the random start is soon forgotten.
    """

    def __init__(self, network: BaseNetwork, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._decay = decay
        pairs = zip(network.parameters(), self.network.parameters(), strict=True)
        self._averaged: dict[Tensor, Tensor] = {w: a for w, a in pairs if w.requires_grad}

    def release(self, weight: Tensor) -> Tensor:
        """Leave a weight of the network to somebody else; returns its average."""
        return self._averaged.pop(weight)

    def decay(self, step: int) -> float:
        """The share of the average that is kept in a step (from 0)."""
        return min(self._decay, (1.0 + step) / (10.0 + step))

    def update(self, step: int) -> None:
        """Take the weights after a step (from 0) into the average."""
        with torch.no_grad():
            averaged, current = list(self._averaged.values()), list(self._averaged)
            torch._foreach_lerp_(averaged, current, 1.0 - self.decay(step))
