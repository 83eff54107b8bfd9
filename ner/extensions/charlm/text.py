"""Text as numbers: an alphabet, and text of any size as code points, in a file, not in memory."""

import hashlib
import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ner.corpus import file_lines
from ner.errors import CorpusError, TrainingError
from ner.files import temporary_space
from ner.tokenize import sentences_of

Codes = NDArray[np.uint32]
"""A text as code points, ``[N]``."""

UNKNOWN = 0
START = "\n"
"""The character before any text: a line has just ended."""

CHUNK = 1 << 18  # characters that are written at once
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


@dataclass(frozen=True)
class EncodedText:
    """Characters of one or several files, one behind the other; each line ends with ``\\n``."""

    codes: Codes  # mapped from a file
    counts: Mapping[str, int]  # how often each character occurs
    checksum: str

    def alphabet(self, min_count: int) -> Alphabet:
        """Characters that occur at least `min_count` times, the most frequent first."""
        counts = self.counts
        known = {c: n for c, n in counts.items() if n >= min_count} | {START: counts.get(START, 0)}
        return Alphabet(sorted(known, key=lambda c: (-known[c], c)))


def read_text(paths: Sequence[Path], encoding: str, tokenizer: str = "none") -> EncodedText:
    """Read text files, plain, ``.gz`` or ``.xz``; only UTF-16 and UTF-32 are read as a whole.

    With a `tokenizer` a text is read as the tagger reads it: a sentence on each line, with
    `separator_of` it between tokens. A temporary file (in ``$TMPDIR``) takes 4 bytes a character.
    It has no name, and is gone when nothing uses it any more, even if the process is killed.
    Raises `CorpusError` for text that is empty or cannot be read as asked.
    """
    counts: Counter[int] = Counter()
    checksum = hashlib.sha256()
    with temporary_space(), tempfile.TemporaryFile() as file:
        for chunk in _chunks(paths, encoding, tokenizer):
            content = chunk.encode("utf-32-le")
            values, times = np.unique(np.frombuffer(content, np.uint32), return_counts=True)
            counts.update(dict(zip(values.tolist(), times.tolist(), strict=True)))
            checksum.update(content)
            file.write(content)
        file.flush()
        if not counts.keys() - {ord("\n")}:
            raise CorpusError(f"{', '.join(map(str, paths))}: no text in it; name another file")
        codes = np.memmap(file, dtype=np.uint32, mode="r")
    return EncodedText(codes, {chr(code): n for code, n in counts.items()}, checksum.hexdigest())


def _chunks(paths: Sequence[Path], encoding: str, tokenizer: str) -> Iterator[str]:
    """Lines with their ends, many at a time."""
    separator = separator_of(tokenizer)
    kept: list[str] = []
    size = 0
    for path in paths:
        for _, line in file_lines(path, encoding):
            lines = [line]
            if tokenizer != "none":
                lines = [separator.join(s.tokens) for s in sentences_of(line, tokenizer)]
            kept += (part for one in lines for part in (one, "\n"))
            size += len(line) + len(lines)
            if size >= CHUNK:
                yield "".join(kept)
                kept, size = [], 0
    yield "".join(kept)


def separator_of(tokenizer: str) -> str:
    """The text between the tokens of a sentence where characters are read."""
    return "" if tokenizer == "characters" else " "


def in_order(codes: Codes, direction: str) -> Codes:
    """A text as it is read in a direction."""
    return codes if direction == "forward" else codes[::-1]


def split_text(codes: Codes, valid_fraction: float, segment: int) -> tuple[Codes, Codes]:
    """Hold out the end of a text, at least a segment. Raises `TrainingError` for less than two."""
    held_out = max(round(len(codes) * valid_fraction), segment)
    if len(codes) - held_out <= segment:
        raise TrainingError(
            f"the text has {len(codes):,} characters, too few for segments of {segment:,} to learn "
            "from and one to evaluate on; add text, or lower train.segment"
        )
    return codes[:-held_out], codes[-held_out:]
