"""Meta-device skeletons: shapes to compare with a file before any memory is taken."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


@contextmanager
def without_weights() -> Iterator[None]:
    """Build networks on torch's meta device in the block: shapes without weights or memory."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    """Skip the filling of parameters: on the meta device it only loads torch's compiler, slowly."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func.__name__ in ("normal_", "uniform_", "eye"):
            return args[0] if args else None
        return func(*args, **(kwargs or {}))
