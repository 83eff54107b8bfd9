"""Optimizers, learning rates over time, averaged weights."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from ner.config import Config, TrainConfig
from ner.features.words import Words, WordTable
from ner.model import Inputs, Network
from ner.training.optimizer import Average, build_optimizer, scheduled_rate
from tests.features.making import an_indexer, vectors_of, with_features


def train_config(**changes: Any) -> TrainConfig:
    given = {"learning_rate": 0.002, **changes}
    return Config().replace({f"train.{k}": v for k, v in given.items()}).train


def network() -> Network:
    torch.manual_seed(1)
    small = {"model.hidden": 3, "model.word_dim": 4, "model.char_hidden": 3, "model.char_dim": 3}
    config = Config().replace(small).model
    plain = WordTable.count("abc", 1, fold_case=True, fold_digits=True, dim=4)
    pretrained = plain.with_vectors(vectors_of("a", "b", "y", "z"))
    indexer = with_features(an_indexer([["a", "b"]], config), Words((pretrained, plain)))
    return Network(config, ["O", "B-X", "I-X", "E-X", "S-X"], Inputs(indexer))


def rates(steps: int, **changes: Any) -> list[float]:
    config = train_config(learning_rate=0.5, **changes)
    return [scheduled_rate(config, step, steps) for step in range(steps)]


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant", "plateau"])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.5, 0.99])
def test_rates_rise_in_the_warm_up_and_never_after(
    schedule: str, steps: int, warmup: float
) -> None:
    found = rates(steps, schedule=schedule, warmup=warmup)
    assert all(0.0 < rate <= 0.5 for rate in found)
    edge = math.ceil(warmup * steps)
    assert all(a < b for a, b in pairwise(found[:edge]))
    assert all(a >= b for a, b in pairwise(found[edge:]))


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant", "plateau"])
def test_the_warm_up_is_a_straight_line_to_the_highest_rate(schedule: str) -> None:
    found = rates(100, schedule=schedule, warmup=0.1)
    assert found[:10] == pytest.approx([0.5 * (step + 1) / 11 for step in range(10)])
    assert found[10] == pytest.approx(0.5)


def test_linear_goes_straight_towards_nothing() -> None:
    found = rates(8, schedule="linear", warmup=0.0)
    assert found == pytest.approx([0.5 * (8 - step) / 8 for step in range(8)])


def test_cosine_is_half_a_wave() -> None:
    found = rates(8, schedule="cosine", warmup=0.0)
    assert found[4] == pytest.approx(0.25)
    assert all(a + b == pytest.approx(0.5) for a, b in zip(found[1:], found[:0:-1], strict=True))


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_constant_stays(schedule: str) -> None:
    assert rates(8, schedule=schedule, warmup=0.0) == [0.5] * 8


def test_adamw_is_as_configured() -> None:
    optimizer = build_optimizer(network(), train_config(learning_rate=0.25, weight_decay=0.1))
    assert type(optimizer) is torch.optim.AdamW
    assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.25, 0.1)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_sgd_is_as_configured(momentum: float) -> None:
    config = train_config(optimizer="sgd", momentum=momentum, weight_decay=0.1)
    optimizer = build_optimizer(network(), config)
    assert type(optimizer) is torch.optim.SGD
    assert optimizer.defaults["momentum"] == momentum
    assert optimizer.defaults["nesterov"] is (momentum > 0)
    assert optimizer.defaults["weight_decay"] == 0.1


def test_a_weight_without_a_gradient_at_first_moves_as_in_torch() -> None:
    ours, plain = network(), network()
    plain.load_state_dict(ours.state_dict())
    config = train_config(optimizer="sgd", momentum=0.9, learning_rate=0.1)
    optimizer = build_optimizer(ours, config)
    reference = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    for step, gradient in enumerate((1.0, -2.0, 0.5)):
        for one in (ours, plain):
            for number, weight in enumerate(one.parameters()):
                late = step == 0 and number == 1
                weight.grad = None if late else torch.full_like(weight, gradient)
        optimizer.step()
        reference.step()
    torch.testing.assert_close(ours.state_dict(), plain.state_dict())


def test_frozen_weights_do_not_move() -> None:
    model = network()
    model.embedder.tables[0].trained.weight.requires_grad_(False)
    optimizer = build_optimizer(model, train_config(weight_decay=0.5))
    moved = [weight for group in optimizer.param_groups for weight in group["params"]]
    assert all(weight is not model.embedder.tables[0].trained.weight for weight in moved)
    assert len(moved) == len(list(model.parameters())) - 1


def drift(model: Network) -> None:
    """Change all weights that learn, as a step would."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(torch.randn_like(weight))


def test_the_average_is_what_its_formula_says() -> None:
    model = network()
    average = Average(model, 0.9)
    expected: dict[str, Tensor] = {k: v.clone().double() for k, v in model.named_parameters()}
    for step in range(100):
        drift(model)
        average.update(step)
        decay = min(0.9, (1 + step) / (10 + step))
        for name, weight in model.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * weight.detach().double()
        for name, weight in average.network.named_parameters():
            assert torch.allclose(weight.double(), expected[name], atol=1e-4), (step, name)


def test_the_average_is_apart_from_the_weights() -> None:
    model = network()
    average = Average(model, 0.9)
    before = {k: v.clone() for k, v in average.network.state_dict().items()}
    drift(model)
    assert all(torch.equal(v, before[k]) for k, v in average.network.state_dict().items())
    assert not any(weight.requires_grad for weight in average.network.parameters())
    assert all(weight.requires_grad for weight in model.parameters())


def test_the_average_leaves_frozen_weights_alone() -> None:
    model = network()
    model.embedder.tables[0].trained.weight.requires_grad_(False)
    average = Average(model, 0.5)
    before = model.embedder.tables[0].trained.weight.clone()
    for step in range(3):
        drift(model)
        average.update(step)
    assert torch.equal(average.network.embedder.tables[0].trained.weight, before)
    assert not torch.equal(average.network.projection.weight, model.projection.weight)
