"""Where the arithmetic happens."""

import torch

from ner.errors import UsageError


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; ``auto`` takes a GPU if there is one.

    Raises `UsageError` for a device that this machine does not have.
    """
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, there in here.items() if there), "cpu"))
    if name != "cpu" and not here.get(name, False):
        raise UsageError(
            f"device {name!r} is not to be had here; use --device auto or --device cpu"
        )
    return torch.device(name)
