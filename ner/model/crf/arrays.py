"""Array types, transition potentials, the token mask, and blocks of tags that bound memory."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Transition scores that a step over time holds at once: with more, it goes through tags in blocks.
MOST_PAIRS = 1 << 22

# The score of what is forbidden: beyond any emission, yet finite, so that differences are, too.
FORBIDDEN = -1e30
# Scores from here down hold something forbidden.
IMPOSSIBLE = FORBIDDEN / 2


class Potentials(NamedTuple):
    """Scores of starting with a tag, of going from one to the next, and of ending with one."""

    start: Floats  # [K]
    between: Floats  # [K, K]
    end: Floats  # [K]


def token_mask(lengths: Ints, size: int) -> Bools:
    """Mask ``[B, T]``, T = `size`: True where there is a token."""
    mask: Bools = np.arange(size) < lengths[:, None]
    return mask


def tag_blocks(tags: int, each: int) -> Iterator[slice]:
    """Cut K tags into ranges, as few as `MOST_PAIRS` allows if each needs so many numbers."""
    size = max(1, MOST_PAIRS // each)
    return (slice(start, start + size) for start in range(0, tags, size))
