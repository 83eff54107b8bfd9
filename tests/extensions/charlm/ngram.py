"""An n-gram model of characters with Witten–Bell smoothing: what a language model must beat.

A test oracle, written for clarity and checked itself (`test_ngram.py`). As a command it prints what
the held-out end of a text costs, split as ``ner charlm train`` splits it, under an n-gram model of
the rest, and under xz::

    python -m tests.extensions.charlm.ngram text.txt.gz [ORDER]
"""

import lzma
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.text import UNKNOWN, Alphabet, Codes, read_text, split_text

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Counts(NamedTuple):
    """How often n-grams of one length occur, each as one number in base V; sorted."""

    grams: Numbers
    counts: Numbers

    def of(self, grams: Numbers) -> Numbers:
        """The counts of some n-grams; 0 for those that do not occur."""
        place = np.searchsorted(self.grams, grams).clip(max=len(self.grams) - 1)
        return np.where(self.grams[place] == grams, self.counts[place], 0)


class WittenBell:
    """p(c | h) = (n(h c) + t(h) p(c | h')) / (n(h) + t(h)) (Witten and Bell 1991).

    n counts, t(h) is the number of different characters seen after h, and h' is h
    without its first character; at the end stands the uniform distribution.
    """

    def __init__(self, text: Numbers, order: int, size: int) -> None:
        """Learn from characters below `size`, with contexts of at most ``order - 1`` of them."""
        assert size**order < 2**63, "an n-gram is one number"
        self._size = size
        self._grams = []  # of 1, 2, …, order characters
        self._contexts = []  # how often the first n - 1 of them occur before another character
        self._kinds = []  # and how many different ones those are
        for length in range(1, order + 1):
            grams, counts = np.unique(_grams(text, length, size), return_counts=True)
            self._grams.append(Counts(grams, counts))
            contexts, first = np.unique(grams // size, return_index=True)
            self._contexts.append(Counts(contexts, np.add.reduceat(counts, first)))
            self._kinds.append(Counts(contexts, np.diff([*first, len(grams)])))

    def probabilities(self, before: Numbers, characters: Numbers) -> Floats:
        """Of characters ``[N]`` after contexts ``[N, order - 1]``; −1 before a text begins."""
        found = np.full(len(characters), 1.0 / self._size)
        for length, grams in enumerate(self._grams, 1):
            context = before[:, before.shape[1] - length + 1 :]
            whole = (context >= 0).all(1)
            number = np.zeros(len(characters), dtype=np.int64)
            for column in context.T:
                number = number * self._size + column
            seen = self._contexts[length - 1].of(number)
            kinds = self._kinds[length - 1].of(number)
            here = grams.of(number * self._size + characters)
            with np.errstate(invalid="ignore"):
                better = (here + kinds * found) / (seen + kinds)
            found = np.where(whole & (seen > 0), better, found)
        return found


def _grams(text: Numbers, length: int, size: int) -> Numbers:
    number = np.zeros(len(text) - length + 1, dtype=np.int64)
    for offset in range(length):
        number = number * size + text[offset : offset + len(number)]
    return number


def contexts_of(text: Numbers, order: int) -> Numbers:
    """The ``order - 1`` characters before each; −1 where there is none."""
    padded = np.concatenate([np.full(order - 1, -1), text])
    found: Numbers = padded[np.arange(len(text))[:, None] + np.arange(order - 1)]
    return found


def bits_per_character(model: WittenBell, text: Numbers, order: int, alphabet: Alphabet) -> float:
    """By the rule of `charlm.prediction`: unknown characters share what the unknown one has."""
    bits = -np.log2(model.probabilities(contexts_of(text, order), text)).sum()
    unknown = int((text == UNKNOWN).sum())
    return float(bits + unknown * alphabet.unknown_bits) / len(text)


def xz_bits(train: Codes, valid: Codes) -> tuple[float, float]:
    """Bits per character of the held-out text: packed alone, and what it adds behind the rest."""
    rest, held_out = (codes.tobytes().decode("utf-32-le").encode() for codes in (train, valid))
    alone, before, both = (
        len(lzma.compress(part, preset=9 | lzma.PRESET_EXTREME))
        for part in (held_out, rest, rest + held_out)
    )
    return 8 * alone / len(valid), 8 * (both - before) / len(valid)


def main(path: Path, order: int) -> None:
    """Print the figures."""
    config = CharLMConfig()
    text = read_text([path], config.data.encoding)
    alphabet = text.alphabet(config.data.min_count)
    train, valid = split_text(text.codes, config.data.valid_fraction, config.train.segment)
    print(f"{len(train):,} characters to learn from, {len(valid):,} held out")
    numbers, held_out = alphabet.numbers(train), alphabet.numbers(valid)
    for length in range(3, order + 1):
        model = WittenBell(numbers, length, len(alphabet))
        bits = bits_per_character(model, held_out, length, alphabet)
        print(f"{length}-grams, Witten–Bell: {bits:.4f} bits per character", flush=True)
    alone, added = xz_bits(train, valid)
    print(f"xz -9e: {alone:.4f} bits per character alone, {added:.4f} behind the rest")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5)
