"""Tag a lot of made-up text in one process and see whether its memory grows (Linux).

    python scripts/soak.py --model DIR [--tokens 10000000] [--most 5]

Nearly a third of the words are new ones, so that whatever keeps words is filled many
times over. Prints the resident memory and how many words are kept, after each
tenth of the tokens; exits with 1 if in the end the memory is more than `--most`
percent above that after the first tenth.
"""

import argparse
import os
import random
import string
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ner.bundle.format import load_bundle
from ner.predict import engine_of
from ner.runtime import NativeEngine
from ner.tagger import Tagger

WORDS = 20  # of a sentence
NEW = 0.3  # share of words that were never there before
FREQUENT = 5_000  # other words


def texts(seed: int = 1) -> Iterator[str]:
    """Sentences without end; some are quite long."""
    rng = random.Random(seed)
    frequent = [_word(rng) for _ in range(FREQUENT)]
    while True:
        size = WORDS * (100 if rng.random() < 0.001 else 1)
        words = rng.choices(frequent, k=size)
        for place in range(size):
            if rng.random() < NEW:
                words[place] = _word(rng)
        yield " ".join(words)


def _word(rng: random.Random) -> str:
    letters = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 12)))
    return letters.title() if rng.random() < 0.3 else letters


def resident() -> int:
    """Bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def soak(model: str, tokens: int) -> Iterator[tuple[int, int, int]]:
    """Tag so many tokens; yields tokens done, resident bytes and words kept at each tenth."""
    bundle = load_bundle(model)
    tagger = Tagger(bundle)
    done, tenth = 0, 1
    for document in tagger.stream(texts()):
        done += sum(map(len, document.sentences))
        if done >= tenth * tokens / 10:
            engine = engine_of(bundle.model, tagger.settings)
            assert isinstance(engine, NativeEngine), "the usual engine of a CPU"
            yield done, resident(), len(engine.words)
            tenth += 1
        if done >= tokens:
            return


def main() -> None:
    """Read the command line, tag, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR", help="run folder or bundle")
    parser.add_argument("--tokens", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--most", type=float, default=5.0, metavar="PERCENT", help="growth allowed")
    options = parser.parse_args()
    begun = time.monotonic()
    sizes = []
    for done, size, kept in soak(options.model, options.tokens):
        sizes.append(size)
        seconds = time.monotonic() - begun
        print(
            f"{done:,} tokens: {size / 1e6:.1f} MB, {kept:,} words kept, {seconds:.0f} s",
            flush=True,
        )
    growth = 100 * (sizes[-1] / sizes[0] - 1)
    print(f"grown by {growth:.1f} % since the first tenth; {options.most} % is allowed")
    sys.exit(growth > options.most)


if __name__ == "__main__":
    main()
