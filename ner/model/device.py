"""Devices and threads: where the arithmetic happens."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from threadpoolctl import ThreadpoolController

from ner.errors import UsageError

# A forked process lacks its parent's OpenMP threads; with more than one, GNU's OpenMP would hang.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=functools.partial(torch.set_num_threads, 1))


def choose_device(name: str = "auto") -> torch.device:
    """Choose the device of that name; ``auto`` takes a GPU if there is one.

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


def multiplies_bfloat16() -> bool:
    """Tell if this processor has instructions for products in bfloat16."""
    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in ("avx512_bf16", "amx_bf16"))


@contextmanager
def threads(count: int | Literal["auto"]) -> Iterator[None]:
    """Compute with so many processor threads while the block runs; auto: as many as before.

    NumPy has one: its products here are too small to gain from more, which would wait for the next
    one at full speed, and so take the cores from whoever could use them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(before if count == "auto" else count)
    try:
        with ThreadpoolController().select(internal_api="openblas").limit(limits=1):
            yield
    finally:
        torch.set_num_threads(before)
