"""Parts `scale`, `cold` and `workers`: `ner` as a whole process, from its start to its end."""

import gzip
import json
import lzma
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.page import Cell, Section, Table
from benchmarks.setting import Setting, environment
from benchmarks.timing import alternate, medians, spread
from ner import load_corpus
from ner.files import write_text
from ner.tokenize import sentences_of

ENGLISH = ("conll2003", "wnut17", "bc5cdr")
OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}


class Spent(NamedTuple):
    """What a process cost."""

    seconds: float
    memory: float  # bytes, at its peak


def spend(command: list[str], threads: int = 1) -> Spent:
    """Run a process to its end. Raises `CalledProcessError` if it fails."""
    launcher = [sys.executable, "-m", "benchmarks.launcher", *command]
    done = subprocess.run(launcher, stdout=subprocess.PIPE, env=environment(threads), check=True)
    return Spent(*json.loads(done.stdout))


def seconds(command: list[str]) -> float:
    """How long a process takes from its start to its end."""
    return spend(command).seconds


def ner(*arguments: str) -> list[str]:
    """The command line of ours."""
    return [sys.executable, "-m", "ner", *arguments]


def text(setting: Setting, tokens: int) -> Path:
    """A file of so many tokens, a sentence a line, spaces between tokens; kept for the next time.

    Sentences of English corpora and of running text, as far as they are there, mixed.
    """
    path = setting.peers / f"text-{tokens}.txt"
    if not path.exists():
        setting.peers.mkdir(parents=True, exist_ok=True)
        with write_text(path) as file:
            file.writelines(_lines(tokens))
    return path


def _lines(tokens: int) -> Iterator[str]:
    """Lines of so many tokens in all, from all sources in turns that chance decides."""
    chance = random.Random(1)
    sources = [_corpora(chance), *map(_running, running_texts())]
    while tokens > 0:
        sentence = next(chance.choice(sources))[:tokens]
        yield " ".join(sentence) + "\n"
        tokens -= len(sentence)


def _data() -> Path:
    return Path(os.environ.get("NER_DATA", "."))


def _corpora(chance: random.Random) -> Iterator[Sequence[str]]:
    """The sentences of labelled corpora, over and over."""
    names = [name for name in ENGLISH if (_data() / name).is_dir()] or ["demo"]
    corpora = [load_corpus(name) for name in names]
    sentences = [s.tokens for c in corpora for split in c.splits().values() for s in split]
    while True:
        chance.shuffle(sentences)
        yield from sentences


def running_texts() -> list[Path]:
    """The files of running text that are there."""
    return sorted(path for path in _data().glob("text/*") if path.suffix in OPENERS)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file of running text, over and over."""
    while True:
        with OPENERS[path.suffix](path, "rt", encoding="utf-8") as file:
            yield from file


def _running(path: Path) -> Iterator[Sequence[str]]:
    """The sentences of a file of running text, over and over."""
    for line in read_lines(path):
        for sentence in sentences_of(line.strip(), "words-en"):
            yield sentence.tokens


def tag(setting: Setting, path: Path, *options: str) -> list[str]:
    """The command line of ours that tags a text with the trained model."""
    return ner("tag", str(path), "--model", str(setting.trained), "--device", "cpu", *options)


def _tag(setting: Setting, path: Path, *options: str) -> list[str]:
    return tag(setting, path, "--pretokenized", "--format", "conll", *options)


def write_sentence(folder: str) -> Path:
    """A file with the sentence that whole processes are to tag."""
    path = Path(folder) / "sentence.txt"
    path.write_text("Angela Merkel flew to Paris on Monday.\n", encoding="utf-8")
    return path


def run_scale(setting: Setting) -> Section:
    """Time and memory of tagging, for texts of very different lengths."""
    rows: list[list[Cell]] = []
    start = _typical(setting, 10).seconds
    for power in range(4, setting.many(8, 5)):
        took, memory = _typical(setting, 10**power)
        rows.append([f"{10**power:,}", took, 10**power / (took - start), memory / 1e6])
    return Section(
        "Size of the text",
        "`ner tag --pretokenized --format conll` with its scores as a whole process, one thread; "
        f"the speed is that after the {start:.1f} seconds that it takes for ten tokens.",
        [Table(["tokens", "seconds", "tokens a second", "peak memory, MB"], rows)],
        notes=[_linear(rows)],
    )


def _typical(setting: Setting, tokens: int) -> Spent:
    """What tagging so many tokens costs: the median of three, but for very long texts."""
    command = _tag(setting, text(setting, tokens))
    spent = [spend(command) for _ in range(setting.many(3 if tokens < 10**6 else 1, 1))]
    return Spent(*(statistics.median(values) for values in zip(*spent, strict=True)))


def _linear(rows: list[list[Cell]]) -> str:
    rows = rows[1:] or rows  # the time for the shortest text is mostly that of the start
    speeds, memory = ([float(row[i]) for row in rows] for i in (2, 3))
    return (
        f"from {rows[0][0]} to {rows[-1][0]} tokens the speed stays within a factor of "
        f"{max(speeds) / min(speeds):.2f} and the memory within one of "
        f"{max(memory) / min(memory):.2f}"
    )


def run_cold(setting: Setting) -> Section:
    """From nothing to the answer."""
    with tempfile.TemporaryDirectory() as folder:
        sentence = write_sentence(folder)
        commands = {
            "`ner --help`": ner("--help"),
            "`ner tag`, one sentence": tag(setting, sentence),
            "`python -c pass`": [sys.executable, "-c", "pass"],
            "`python -c 'import torch'`": [sys.executable, "-c", "import torch"],
        }
        found = alternate(
            {name: partial(seconds, command) for name, command in commands.items()},
            setting.many(10, 1),
        )
    rows: list[list[Cell]] = [
        [name, took, spread(found[name])] for name, took in medians(found).items()
    ]
    return Section(
        "Cold start",
        "Whole processes, one thread, files in the system's cache; what Python and PyTorch take "
        "by themselves for comparison.",
        [Table(["", "seconds", "spread"], rows)],
    )


def run_workers(setting: Setting) -> Section:
    """Bulk tagging with a process for each core."""
    tokens = setting.many(10**6, 10**4)
    path = text(setting, tokens)
    found = alternate(
        {
            str(count): partial(seconds, _tag(setting, path, "--workers", str(count)))
            for count in (1, 2)
        },
        setting.many(2, 1),
    )
    took = medians(found)
    rows: list[list[Cell]] = [
        [count, tokens / time_, f"{took['1'] / time_:.2f}×", spread(found[count])]
        for count, time_ in took.items()
    ]
    return Section(
        "Workers",
        f"`ner tag --workers N --pretokenized --format conll`, {tokens:,} tokens, the whole "
        "process with its start, one thread for each worker.",
        [Table(["workers", "tokens a second", "ratio", "spread"], rows)],
    )
