"""Which sentences a model has learnt from, so that scores on them are not taken for more."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ner.text import Sentence

_DTYPE = np.dtype("<u4")


@dataclass(frozen=True, eq=False)
class Seen:
    """Sentences, each known by 32 bits of a hash of its tokens, whatever its labels.

    Of a million other sentences, a model of N million takes some 230 · N for known ones.
    """

    numbers: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, _DTYPE))  # rising

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Seen) and np.array_equal(self.numbers, other.numbers)

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "Seen":
        """Those of some sentences."""
        return cls(np.unique(np.array([_number(s) for s in sentences], dtype=_DTYPE)))

    @classmethod
    def from_text(cls, text: str) -> "Seen":
        """What `to_text` gave. Raises `ValueError` for what it cannot have given."""
        try:
            numbers = np.frombuffer(base64.b64decode(text, validate=True), dtype=_DTYPE)
        except (binascii.Error, ValueError):
            raise ValueError("no numbers in base64") from None
        if (numbers[1:] <= numbers[:-1]).any():
            raise ValueError("numbers that do not rise")
        return cls(numbers)

    def to_text(self) -> str:
        """The numbers, 4 bytes each, little-endian, in base64."""
        return base64.b64encode(self.numbers.astype(_DTYPE).tobytes()).decode("ascii")

    def count(self, sentences: Sequence[Sentence]) -> int:
        """How many of some sentences are among those."""
        return int(np.isin([_number(s) for s in sentences], self.numbers).sum())


def _number(sentence: Sentence) -> int:
    # No token has a line end in it.
    tokens = "\n".join(sentence.tokens).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(tokens, digest_size=_DTYPE.itemsize).digest(), "little")
