"""The gradient that a backward pass has left."""

from torch import Tensor


def gradient_of(x: Tensor) -> Tensor:
    """The gradient by a tensor, which there has to be."""
    assert x.grad is not None
    return x.grad
