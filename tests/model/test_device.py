"""Choosing a device."""

from typing import Protocol

import pytest
import torch

from ner.errors import UsageError
from ner.model.device import choose_device, use_one_thread


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


@pytest.mark.parametrize(("variable", "expected"), [(None, 1), ("2", 2)])
def test_one_thread_unless_the_environment_says_otherwise(
    variable: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        use_one_thread()
        assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)
