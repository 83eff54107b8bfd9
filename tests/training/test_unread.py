"""Numbers that are read late: in their order, all of them, once."""

from functools import partial

import pytest
import torch

from ner.training.unread import Unread


def test_on_a_cpu_numbers_are_read_at_once() -> None:
    seen: list[float] = []
    unread = Unread(1)
    unread.add(torch.tensor(0.1, requires_grad=True), seen.append)
    assert seen == [torch.tensor(0.1).item()]


def test_others_are_read_together_and_once() -> None:
    seen: list[tuple[str, float]] = []

    def use(name: str, value: float) -> None:
        seen.append((name, value))

    unread = Unread(16)
    unread.read()
    for name, value in (("a", 1.0), ("b", 2.0)):
        unread.add(torch.tensor(value), partial(use, name))
    assert not seen
    unread.read()
    unread.read()
    assert seen == [("a", 1.0), ("b", 2.0)]


def test_what_is_raised_on_reading_comes_out_and_the_rest_is_forgotten() -> None:
    def refuse(value: float) -> None:
        raise ValueError(value)

    unread = Unread(2)
    unread.add(torch.tensor(3.0), refuse)
    with pytest.raises(ValueError, match=r"3\.0"):
        unread.read()
    unread.read()
