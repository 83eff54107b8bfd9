"""Cut real and random text, and hold tokens and sentences to the slow reference of the tests.

    python scripts/same_cuts.py FILE… [--characters 10000000] [--style words-en]

Takes so many characters of the files together (plain, or packed as ``.gz`` or ``.xz``; of column
files their tokens), each line and all lines as one text, and a tenth as many of random ones. Prints
microseconds a token of both for lines of real text, and exits with 1 where they differ.
"""

import argparse
import gzip
import lzma
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from ner.text import Sentence
from ner.tokenize import sentences_of
from tests.tokenize import oracle
from tests.tokenize.texts import CHARACTERS, PHRASES, WORDS

OPENERS: dict[str, Callable[..., IO[Any]]] = {".gz": gzip.open, ".xz": lzma.open}
PARTS = [*CHARACTERS.replace("\ud800", ""), *WORDS, *PHRASES]


def lines_of(path: Path, size: int) -> list[str]:
    """The first lines of a file, or its sentences as lines if it has columns."""
    with OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as file:
        text = str(file.read(size))
    if path.suffix in OPENERS:
        return text.split("\n")
    return [
        " ".join(line.split()[0] for line in sentence.split("\n") if line.split())
        for sentence in text.split("\n\n")
    ]


def random_lines(size: int) -> Iterator[str]:
    """Lines of what the rules look at, and of any characters."""
    rng = random.Random(1)
    while size > 0:
        if rng.random() < 0.8:
            line = "".join(rng.choices(PARTS, k=50))
        else:
            line = "".join(chr(rng.choice([rng.randrange(0xD800), 0x1F600])) for _ in range(50))
        size -= len(line)
        yield line


def timed(
    cut: Callable[..., Sequence[Sentence]], line: str, style: str
) -> tuple[list[Sentence], float]:
    """The sentences of a line, and the seconds that they took."""
    start = time.process_time()
    found = cut(line, style)
    return list(found), time.process_time() - start


def main() -> None:
    """Read the command line, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--characters", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--style", default="words-en")
    options = parser.parse_args()
    lines, left = list[str](), options.characters
    for number, path in enumerate(options.files):
        lines += lines_of(path, left // (len(options.files) - number))
        left = options.characters - sum(map(len, lines))
    real = len(lines)
    lines += random_lines(options.characters // 10)
    seconds, tokens, wrong = [0.0, 0.0], 0, 0
    for number, line in enumerate(lines):
        expected, slow = timed(oracle.sentences_of, line, options.style)
        found, fast = timed(sentences_of, line, options.style)
        wrong += found != expected
        if number < real:
            seconds = [seconds[0] + slow, seconds[1] + fast]
            tokens += sum(map(len, found))
    whole = "\n".join(lines)
    wrong += list(sentences_of(whole, options.style)) != oracle.sentences_of(whole, options.style)
    slow, fast = (1e6 * one / tokens for one in seconds)
    print(f"{len(whole):,} characters, {tokens:,} real tokens, {wrong} texts cut otherwise")
    print(f"{slow:.2f} and {fast:.2f} microseconds a token, {slow / fast:.1f} times as fast")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
