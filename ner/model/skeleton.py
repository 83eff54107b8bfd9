"""Networks without weights: shapes to hold against a file before any memory is taken."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


@contextmanager
def without_weights() -> Iterator[None]:
    """Let networks that are built in the block have shapes and no weights, and take no memory."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    """Leaves out what fills new parameters, which are all to be replaced.

    Without memory, it does nothing but load torch's compiler, for a second or two.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func.__name__ in ("normal_", "uniform_", "eye"):
            return args[0] if args else None
        return func(*args, **(kwargs or {}))
