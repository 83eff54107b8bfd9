"""The rank of this process among those that ``torchrun`` has started; loads no torch."""

import os
from typing import NamedTuple


class Rank(NamedTuple):
    """The number of this process, from 0, and how many there are."""

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0  # among those of this machine

    @property
    def shared(self) -> bool:
        """True where several processes have been started for one command."""
        return self.world_size > 1


ALONE = Rank()


def own_rank() -> Rank:
    """Read the rank from the variables of ``torchrun``; a process without these is alone."""
    told = [os.environ.get(name, "") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    if "MASTER_ADDR" not in os.environ or not all(value.isdecimal() for value in told):
        return ALONE
    return Rank(*map(int, told))
