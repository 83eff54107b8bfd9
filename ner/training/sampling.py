"""The examples of an epoch: all of them, or of some corpora a share."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ner.errors import ConfigError

Positions = NDArray[np.int64]


class EpochSampler:
    """Draws the examples of each epoch, by its number and a seed alone.

    With a share ``s`` a corpus has that part of an epoch's examples; corpora without are read as a
    whole, so that their ``n`` examples make an epoch of ``n / (1 - Σs)``. A corpus with a share is
    read in passes over all of it, each in a random order: an epoch goes on where the one before has
    stopped. Hence its examples occur equally often, in the long run.
    """

    def __init__(self, corpora: Sequence[str], shares: str, seed: int) -> None:
        """`corpora` has the name of each example's corpus; `shares` is like ``b=0.3,c=0.1``.

        Raises `ConfigError` for `shares` that will not do.
        """
        positions: defaultdict[str, list[int]] = defaultdict(list)
        for position, name in enumerate(corpora):
            positions[name].append(position)
        parsed = parse_shares(shares, positions)
        whole = [p for name, own in positions.items() if name not in parsed for p in own]
        total = len(whole) / (1 - sum(parsed.values()))
        self._seed = seed
        self._whole: Positions = np.array(whole, np.int64)
        self._drawn = [
            (np.array(positions[name], np.int64), max(1, round(share * total)))
            for name, share in parsed.items()
        ]

    def __len__(self) -> int:
        """The number of examples of an epoch."""
        return len(self._whole) + sum(number for _, number in self._drawn)

    def draw(self, epoch: int) -> Positions:
        """The positions of the examples of an epoch, counted from 1."""
        drawn = [
            own[_passes(len(own), number, epoch, [self._seed, corpus])]
            for corpus, (own, number) in enumerate(self._drawn)
        ]
        return np.concatenate([self._whole, *drawn])


def _passes(size: int, number: int, epoch: int, seed: Sequence[int]) -> Positions:
    """The part of an epoch out of endless passes over ``range(size)``: `number` positions."""
    start = (epoch - 1) * number
    passes = range(start // size, (start + number - 1) // size + 1)
    orders = [np.random.default_rng([*seed, one]).permutation(size) for one in passes]
    return np.concatenate(orders)[start % size :][:number]


def parse_shares(shares: str, corpora: Collection[str]) -> dict[str, float]:
    """Read ``b=0.3,c=0.1``: shares of some of several corpora. Raises `ConfigError`."""
    parsed: dict[str, float] = {}
    for item in shares.split(",") if shares.strip() else ():
        name, _, value = (part.strip() for part in item.rpartition("="))
        if not name or name not in corpora:
            known = ", ".join(filter(None, corpora))
            raise _bad_share(item, f"its corpus is one of {known}" if known else "there is but one")
        if name in parsed:
            raise _bad_share(item, "the corpus has a share already; give it one")
        parsed[name] = _fraction(item, value)
    if sum(parsed.values()) >= 1 or (parsed and len(parsed) == len(corpora)):
        raise _bad_share(
            shares, "shares make less than 1 together, and one corpus has none: it has the rest"
        )
    return parsed


def _fraction(item: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise _bad_share(item, "a share is a number between 0 and 1")
    return number


def _bad_share(item: str, remedy: str) -> ConfigError:
    return ConfigError(f"setting train.shares: {item.strip()!r:.80} will not do; {remedy}")
