"""Tensors and arrays: the same numbers, in the same memory where that is allowed."""

import numpy as np
import pytest
import torch

from ner.model import without_weights
from ner.stored import Form
from ner.tensors import tensor_forms, to_arrays, to_tensors

KINDS = [torch.float64, torch.float32, torch.float16, torch.int64, torch.int32, torch.uint8]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_there_and_back(kind: torch.dtype) -> None:
    tensors = {"a": torch.arange(6, dtype=kind).view(2, 3), "none": torch.empty(0, 4, dtype=kind)}
    again = to_tensors(to_arrays(tensors))
    assert [*again] == [*tensors]
    for name, tensor in tensors.items():
        assert again[name].dtype == kind
        assert torch.equal(again[name], tensor)


def test_weights_that_learn_are_arrays_too() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    [array] = to_arrays({"w": weight}).values()
    with torch.no_grad():
        weight.fill_(7)
    assert array.tolist() == [7, 7]


def test_arrays_that_can_be_written_are_shared_and_others_copied() -> None:
    free, fixed = np.zeros(3, np.float32), np.zeros(3, np.float32)
    fixed.setflags(write=False)
    tensors = to_tensors({"free": free, "fixed": fixed})
    for tensor in tensors.values():
        tensor.fill_(5)
    assert free.tolist() == [5, 5, 5]
    assert fixed.tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_form_of_a_tensor_is_that_of_its_array(kind: torch.dtype) -> None:
    tensors = {"a": torch.zeros(2, 3, dtype=kind), "number": torch.zeros((), dtype=kind)}
    arrays = to_arrays(tensors)
    assert tensor_forms(tensors) == {
        name: Form(array.dtype, array.shape) for name, array in arrays.items()
    }


def test_forms_of_tensors_without_memory() -> None:
    """As large as no memory is: the shapes that a file must have are known before it is read."""
    with without_weights():
        layer = torch.nn.Linear(1 << 20, 1 << 20)
    assert tensor_forms(dict(layer.named_parameters())) == {
        "weight": Form(np.dtype(np.float32), (1 << 20, 1 << 20)),
        "bias": Form(np.dtype(np.float32), (1 << 20,)),
    }
