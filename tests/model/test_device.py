"""Choosing a device."""

from typing import Literal, Protocol

import pytest
import torch
from threadpoolctl import ThreadpoolController

from ner.errors import UsageError
from ner.model.device import choose_device, threads


class Machine(Protocol):
    def __call__(self, *, cuda: bool = False, mps: bool = False) -> None: ...


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make torch believe that some devices are there, and no others."""

    def with_devices(*, cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return with_devices


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [
        (False, False, "cpu"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (True, True, "cuda"),
    ],
)
def test_auto_takes_what_is_there(machine: Machine, cuda: bool, mps: bool, expected: str) -> None:
    machine(cuda=cuda, mps=mps)
    assert choose_device("auto").type == expected
    assert choose_device().type == expected
    assert choose_device("cpu").type == "cpu"
    assert choose_device(expected).type == expected


@pytest.mark.parametrize("name", ["cuda", "mps", "tpu", "", "cuda:x", "CPU"])
def test_a_device_that_is_not_there_is_wrong_use(machine: Machine, name: str) -> None:
    machine()
    with pytest.raises(UsageError, match="--device auto or --device cpu") as caught:
        choose_device(name)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (3, 3), ("auto", 2)])
def test_threads_are_those_of_torch_alone(count: int | Literal["auto"], expected: int) -> None:
    """NumPy has one while the block runs, and afterwards all are as before."""
    numpy_s = ThreadpoolController().select(internal_api="openblas")
    if not numpy_s.info():
        pytest.skip("the NumPy of this machine has no OpenBLAS")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with numpy_s.limit(limits=2):
            with threads(count):
                assert torch.get_num_threads() == expected
                assert {pool["num_threads"] for pool in numpy_s.info()} == {1}
            assert torch.get_num_threads() == 2
            assert {pool["num_threads"] for pool in numpy_s.info()} == {2}
    finally:
        torch.set_num_threads(before)
