"""Networks without weights: shapes and no memory, and nothing drawn."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ner.model import without_weights


def test_shapes_without_memory() -> None:
    with without_weights():
        layer = nn.LSTM(1 << 16, 1 << 16)
    assert {weight.device.type for weight in layer.parameters()} == {"meta"}
    assert layer.weight_ih_l0.shape == (4 << 16, 1 << 16)


@pytest.mark.parametrize("fill", [nn.init.normal_, nn.init.uniform_, nn.init.eye_])
def test_nothing_is_drawn(fill: Callable[[Tensor], object]) -> None:
    """The numbers that training draws do not depend on the models that were opened before."""
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with without_weights():
        fill(nn.Linear(3, 3).weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_behind_the_block_networks_have_weights() -> None:
    with without_weights():
        nn.Linear(2, 2)
    layer = nn.Linear(2, 2)
    assert layer.weight.device.type == "cpu"
    assert layer.weight.abs().sum() > 0


def test_an_error_in_the_block_ends_it() -> None:
    with pytest.raises(ZeroDivisionError), without_weights():
        raise ZeroDivisionError
    assert torch.zeros(1).device.type == "cpu"
