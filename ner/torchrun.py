"""The place of this process among those that ``torchrun`` has started; loads no torch."""

import os
from typing import NamedTuple


class Place(NamedTuple):
    """The rank of this process, and how many there are."""

    rank: int = 0
    size: int = 1  # how many there are
    local_rank: int = 0  # among those of this machine

    @property
    def shared(self) -> bool:
        """True where several processes have been started for one command."""
        return self.size > 1


ALONE = Place()


def place() -> Place:
    """Read the place from the variables of ``torchrun``; a process without these is alone."""
    told = [os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    if "MASTER_ADDR" not in os.environ or not all(value.isdecimal() for value in told):
        return ALONE
    return Place(*map(int, told))
