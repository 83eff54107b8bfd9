"""Array types, the token mask, and blocks of tags that bound the memory of a step."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Transition scores that a step over time holds at once: with more, it goes through tags in blocks.
MOST_PAIRS = 1 << 22


def token_mask(lengths: Ints, size: int) -> Bools:
    """Mask ``[B, T]``, T = `size`: True where there is a token."""
    mask: Bools = np.arange(size) < lengths[:, None]
    return mask


def tag_blocks(tags: int, each: int) -> Iterator[slice]:
    """Cut K tags into ranges, as few as `MOST_PAIRS` allows if each needs so many numbers."""
    size = max(1, MOST_PAIRS // each)
    return (slice(start, start + size) for start in range(0, tags, size))
