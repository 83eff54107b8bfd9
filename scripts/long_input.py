"""Tag inputs of unusual shape, each in two sizes, and see how time and memory grow.

    python scripts/long_input.py --model DIR [--tokens 1000000]

Each input is tagged by a process of its own, at a quarter of its size and whole: a
line, a sentence of a line or of columns, and sentences of one token, of so many
tokens each; and one token of as many characters. Prints processor seconds and
the most memory of both, and exits with 1 where four times the input took more
than `MOST` times the seconds.
"""

import argparse
import os
import random
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TIMES = 4  # how much longer the long input is; in quadratic time it would take 16 times as long
MOST = 8.0


def words(count: int) -> list[str]:
    """Words of some 2,000 kinds."""
    rng = random.Random(1)
    known = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(1, 9))) for _ in range(2000)]
    return rng.choices(known, k=count)


def line(count: int) -> str:
    """A line of sentences of 19 words and a full stop."""
    drawn = words(count // 20 * 19)
    sentences = (drawn[first : first + 19] for first in range(0, len(drawn), 19))
    # After a short word, a full stop may be that of an abbreviation.
    return " ".join(" ".join(s).capitalize() + "ing." for s in sentences) + "\n"


SHAPES: dict[str, tuple[Callable[[int], str], list[str]]] = {
    "a line": (line, []),
    "a sentence on a line": (lambda count: " ".join(words(count)) + "\n", ["--pretokenized"]),
    "a sentence in columns": (
        lambda count: "\n".join(words(count)) + "\n",
        ["--format-in", "conll", "--format", "conll"],
    ),
    "sentences of a token": (lambda count: "\n".join(words(count)) + "\n", ["--pretokenized"]),
    "one token": (lambda count: "Ab" * (count // 2) + "\n", []),
}


def tagged(model: str, content: str, options: list[str]) -> tuple[float, float, str]:
    """Processor seconds, the most memory in MB, and what was said, of tagging a text."""
    with tempfile.TemporaryDirectory() as folder:
        path, said = Path(folder, "in.txt"), Path(folder, "said.txt")
        path.write_text(content, encoding="utf-8")
        command = [sys.executable, "-m", "ner", "tag", path.name, "--model", os.path.abspath(model)]
        with said.open("wb") as log:
            process = subprocess.Popen(
                [*command, *options, "--out", os.devnull], cwd=folder, stderr=log
            )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        message = said.read_text(encoding="utf-8").strip()
    if process.returncode:
        raise SystemExit(f"ner tag failed: {message}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, message


def main() -> None:
    """Read the command line, tag, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="DIR", help="run folder or bundle")
    parser.add_argument("--tokens", type=int, default=1_000_000, metavar="N")
    options = parser.parse_args()
    idle, base, _ = tagged(options.model, "word\n", [])
    print(f"a word: {idle:.1f} s, {base:.0f} MB", flush=True)
    worst = 0.0
    for name, (make, arguments) in SHAPES.items():
        few = options.tokens // TIMES
        short, small, _ = tagged(options.model, make(few), arguments)
        long, large, said = tagged(options.model, make(options.tokens), arguments)
        growth = max(long - idle, 0.5) / max(short - idle, 0.5)
        worst = max(worst, growth)
        print(
            f"{name}: {few:,}: {short:.1f} s, {small:.0f} MB; "
            f"{options.tokens:,}: {long:.1f} s, {large:.0f} MB; {growth:.1f} times as long"
        )
        print(f"    {said}" if said else "    nothing said", flush=True)
    sys.exit(worst > MOST)


if __name__ == "__main__":
    main()
