"""Numbers of a training that are read late, many at once."""

from collections.abc import Callable

import torch
from torch import Tensor


class Unread:
    """Numbers that are still to be read, each with what is to be done with it.

    To read a number is to wait until a GPU has computed it, and meanwhile it is told nothing to
    do. So it is read `every` so many steps; on a CPU at once.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self._waiting: list[tuple[Tensor, Callable[[float], None]]] = []

    def add(self, number: Tensor, use: Callable[[float], None]) -> None:
        """Take in a number of no dimension, which `use` gets when it is read."""
        self._waiting.append((number.detach(), use))
        if self.every == 1:
            self.read()

    def read(self) -> None:
        """Read all there are, in their order. Raises what is raised where they are used."""
        if waiting := self._waiting:
            self._waiting = []
            values = torch.stack([number for number, _ in waiting]).tolist()
            for value, (_, use) in zip(values, waiting, strict=True):
                use(value)
