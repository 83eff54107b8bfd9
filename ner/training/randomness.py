"""The states of torch's random generators, to save and restore."""

from collections.abc import Mapping

import torch
from torch import Tensor


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The state of the CPU's generator, and of the device's own if it is another one."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = torch.get_device_module(device).get_rng_state()
    return states


def set_random_states(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Go on drawing where `random_states` was called.

    Raises `KeyError` or `RuntimeError` for anything else.
    """
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[device.type])
