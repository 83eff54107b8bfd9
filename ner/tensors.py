"""Between torch's tensors and the arrays that files are written from and read into."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ner.stored import Arrays, Form


def to_arrays(tensors: Mapping[str, Tensor]) -> Arrays:
    """The same numbers on the CPU; memory is shared where they are there already."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}


def to_tensors(arrays: Arrays) -> dict[str, Tensor]:
    """The same numbers, in the same memory where that can be written."""
    return {
        name: torch.from_numpy(array if array.flags.writeable else array.copy())
        for name, array in arrays.items()
    }


def tensor_forms(tensors: Mapping[str, Tensor]) -> dict[str, Form]:
    """The form of each tensor, also of those without memory."""
    return {
        name: Form(torch.empty(0, dtype=tensor.dtype).numpy().dtype, tuple(tensor.shape))
        for name, tensor in tensors.items()
    }
