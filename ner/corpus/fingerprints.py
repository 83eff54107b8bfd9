"""Fingerprints of training sentences: scores on these say little of new text."""

import base64
import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ner.frozen import frozen
from ner.text import Sentence

_SIZE = 4  # bytes of a number
_LONGEST = 5  # bytes of a difference, that of 32 bits
_PAYLOAD, _CONTINUES = 0x7F, 0x80

Numbers = NDArray[np.uint64]


@frozen()
class TrainingFingerprints:
    """32 bits of a hash of the tokens of each training sentence, whatever its labels.

    Of a million other sentences, a model of N million takes some 230 · N for known ones. As there
    are many, they are kept as `differences` of the rising numbers, seven bits in a byte, lowest
    first, of which all but the last have their highest bit set (LEB128).
    """

    differences: bytes = b""

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "TrainingFingerprints":
        """The fingerprints of some sentences."""
        return cls._from_numbers(np.array([*map(_number, sentences)], np.uint64))

    @classmethod
    def from_text(cls, text: str) -> "TrainingFingerprints":
        """Read the output of `to_text`. Raises `ValueError` for any other text."""
        packed = _unpacked(text)
        if not _rise(_decoded(packed)):
            raise ValueError("numbers that do not rise")
        return cls(packed)

    @classmethod
    def from_earlier(cls, text: str) -> "TrainingFingerprints":
        """Read the numbers of earlier bundles, 4 bytes each, little-endian, in base64.

        Raises `ValueError` for any other text.
        """
        packed = _unpacked(text)
        if len(packed) % _SIZE:
            raise ValueError("no numbers in base64")
        numbers = np.frombuffer(packed, "<u4").astype(np.uint64)
        if not _rise(numbers):
            raise ValueError("numbers that do not rise")
        return cls._from_numbers(numbers)

    @classmethod
    def _from_numbers(cls, numbers: Numbers) -> "TrainingFingerprints":
        """Pack numbers in any order; of equal ones, one stays."""
        return cls(_encoded(np.unique(numbers)))

    @property
    def numbers(self) -> Numbers:
        """The fingerprints, rising: ``[N]``."""
        return _decoded(self.differences)

    def to_text(self) -> str:
        """The differences in base64."""
        return base64.b64encode(self.differences).decode("ascii")

    def joined(self, other: "TrainingFingerprints") -> "TrainingFingerprints":
        """The fingerprints of both."""
        return self._from_numbers(np.concatenate([self.numbers, other.numbers]))

    def count(self, sentences: Sequence[Sentence]) -> int:
        """Count the sentences that have one of these fingerprints."""
        return sum(self.known(sentences))

    def known(self, sentences: Iterable[Sentence]) -> list[bool]:
        """Tell of each sentence if it has one of these fingerprints."""
        numbers = set(self.numbers.tolist())
        return [_number(sentence) in numbers for sentence in sentences]


def _number(sentence: Sentence) -> int:
    # No token has a line end in it.
    tokens = "\n".join(sentence.tokens).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(tokens, digest_size=_SIZE).digest(), "little")


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("no numbers in base64") from None


def _rise(numbers: Numbers) -> bool:
    return bool((numbers[1:] > numbers[:-1]).all())


def _encoded(numbers: Numbers) -> bytes:
    """The differences of rising numbers, the first that to 0."""
    shifts = np.arange(0, 7 * _LONGEST, 7, dtype=np.uint64)
    parts = np.diff(numbers, prepend=np.uint64(0))[:, None] >> shifts  # [N, 5]
    needed = parts > 0
    needed[:, 0] = True  # a difference of 0 has a byte, too
    data = (parts & _PAYLOAD).astype(np.uint8)
    data[:, :-1][needed[:, 1:]] |= _CONTINUES
    return data[needed].tobytes()


def _decoded(packed: bytes) -> Numbers:
    """The rising numbers of their differences. Raises `ValueError` for what is none."""
    data = np.frombuffer(packed, np.uint8)
    if not len(data):
        return np.zeros(0, np.uint64)
    ends = data < _CONTINUES
    starts = np.flatnonzero(np.append(True, ends[:-1]))
    lengths = np.diff(np.append(starts, len(data)))
    if not ends[-1] or lengths.max() > _LONGEST:
        raise ValueError("no differences of numbers")
    shifts = 7 * (np.arange(len(data)) - np.repeat(starts, lengths))
    values = (data & _PAYLOAD).astype(np.uint64) << shifts.astype(np.uint64)
    numbers = np.cumsum(np.add.reduceat(values, starts), dtype=np.uint64)
    if numbers[-1] >= 1 << 8 * _SIZE:
        raise ValueError("no differences of numbers")
    return numbers
