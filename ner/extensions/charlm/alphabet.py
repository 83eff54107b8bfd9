"""Characters as numbers: those that a model knows, and one number for all others."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
"""A text as code points, ``[N]``."""

UNKNOWN = 0
START = "\n"
"""The character before any text: a line has just ended."""

_CODES = 0x110000
_SCALARS = _CODES - 2048  # without surrogates, which are no characters


class Alphabet:
    """Known characters, numbered from 1 in the order given; 0 stands for all others."""

    def __init__(self, characters: Sequence[str]) -> None:
        """Raise `ValueError` unless these are different single characters with `START`."""
        if any(len(c) != 1 or "\ud800" <= c <= "\udfff" for c in characters):
            raise ValueError("an alphabet of something else than single characters")
        if len({*characters}) < len(characters) or START not in characters:
            raise ValueError("an alphabet with a character twice, or without an end of line")
        self.characters = tuple(characters)
        self._numbers = np.zeros(_CODES, dtype=np.int32)
        self._numbers[[ord(c) for c in characters]] = np.arange(1, len(characters) + 1)
        self.start = int(self._numbers[ord(START)])

    def __len__(self) -> int:
        """The size V of the alphabet, with the number of unknown characters."""
        return len(self.characters) + 1

    @property
    def unknown_bits(self) -> float:
        """The bits that tell which unknown character is meant: all are equally probable.

        So the probabilities of all texts sum to 1, and models can be compared across alphabets.
        """
        return math.log2(_SCALARS - len(self.characters))

    def numbers(self, codes: Codes) -> NDArray[np.int64]:
        """Code points → numbers."""
        found: NDArray[np.int64] = self._numbers[codes].astype(np.int64)
        return found

    def encode(self, text: str) -> NDArray[np.int64]:
        """The numbers of the characters of a text."""
        # A lone surrogate is as unknown as any other character that is not in the alphabet.
        return self.numbers(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32))

    def unknown_counts(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The counts of characters that are not in the alphabet, the most frequent first."""
        found = {c: counts[c] for c in self.unknown("".join(counts))}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def unknown(self, text: str) -> list[str]:
        """The characters of a text that are not in the alphabet, each once."""
        return list(dict.fromkeys(c for c in text if not self._numbers[ord(c)]))
