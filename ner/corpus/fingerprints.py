"""Fingerprints of training sentences: scores on these say little of new text."""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from operator import lt

from ner.frozen import frozen
from ner.text import Sentence

_SIZE = 4  # bytes of a number


@frozen()
class TrainingFingerprints:
    """32 bits of a hash of the tokens of each training sentence, whatever its labels.

    Of a million other sentences, a model of N million takes some 230 · N for known ones.
    """

    numbers: tuple[int, ...] = ()  # rising

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "TrainingFingerprints":
        """The fingerprints of some sentences."""
        return cls(tuple(sorted({_number(sentence) for sentence in sentences})))

    @classmethod
    def from_text(cls, text: str) -> "TrainingFingerprints":
        """Read the output of `to_text`. Raises `ValueError` for any other text."""
        try:
            packed = base64.b64decode(text, validate=True)
        except ValueError:
            packed = b"?"
        if len(packed) % _SIZE:
            raise ValueError("no numbers in base64")
        numbers = struct.unpack(f"<{len(packed) // _SIZE}I", packed)
        if not all(map(lt, numbers, numbers[1:])):
            raise ValueError("numbers that do not rise")
        return cls(numbers)

    def to_text(self) -> str:
        """The numbers, 4 bytes each, little-endian, in base64."""
        packed = b"".join(number.to_bytes(_SIZE, "little") for number in self.numbers)
        return base64.b64encode(packed).decode("ascii")

    def joined(self, other: "TrainingFingerprints") -> "TrainingFingerprints":
        """The fingerprints of both."""
        return TrainingFingerprints(tuple(sorted({*self.numbers, *other.numbers})))

    def count(self, sentences: Sequence[Sentence]) -> int:
        """Count the sentences that have one of these fingerprints."""
        return sum(self.known(sentences))

    def known(self, sentences: Iterable[Sentence]) -> list[bool]:
        """Tell of each sentence if it has one of these fingerprints."""
        numbers = {*self.numbers}
        return [_number(sentence) in numbers for sentence in sentences]


def _number(sentence: Sentence) -> int:
    # No token has a line end in it.
    tokens = "\n".join(sentence.tokens).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(tokens, digest_size=_SIZE).digest(), "little")
