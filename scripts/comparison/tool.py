"""What is asked of every tool, and how it answers: one line of JSON on stdout.

::

    python -m comparison.with_spacy train CORPUS OUT    learns from train.conll, keeps what is best
    python -m comparison.with_spacy tokens OUT FILE     tags sentences of tokens
    python -m comparison.with_spacy lines OUT FILE      tags lines of text, for ten seconds at most
    python -m comparison.with_spacy read FILE…          reads files of columns as for training
    python -m comparison.with_spacy open MODEL          opens a model, whatever is in it
    python -m comparison.with_spacy about ENVIRONMENT   its version and number of packages

CORPUS holds ``train.conll``, ``valid.conll``, ``test.conll`` (a token, a blank and its tag a line),
``vectors.txt`` (word2vec's text format) and ``encoder/`` (a transformer). Only the standard
library: a tool's environment holds nothing of ours. Seconds are those of the processor.
"""

import json
import os
import resource
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import distributions, metadata
from pathlib import Path
from typing import Any

Tokens = Sequence[str]
Span = tuple[int, int, str]  # first token, token behind the last one, type

CHUNK = 64  # texts that are handed over at once
LIMIT = 10.0  # seconds after which no further chunk is begun


class Tool(ABC):
    """A tool as its users use it, by its documented means."""

    package: str

    @abstractmethod
    def train(self, corpus: Path, out: Path) -> None:
        """Learn from a corpus; leave the best model in a folder."""

    @abstractmethod
    def load(self, out: Path) -> Any:
        """Open what `train` left, or a model of the tool's own by its name."""

    @abstractmethod
    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """Tag sentences that are cut into tokens already."""

    @abstractmethod
    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """Tag texts; entities have `start`, `end` (of characters), `label` and maybe `score`."""

    def read(self, path: Path) -> list[tuple[Tokens, list[Span]]]:
        """Read a file of columns. Raises `NotImplementedError` if the tool has no such reader."""
        raise NotImplementedError("has no reader of such files")


def read_columns(path: Path) -> list[tuple[list[str], list[str]]]:
    """Sentences of tokens and tags from a file with a token, a blank and its tag on each line."""
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    rows = [[line.split(" ") for line in block.split("\n")] for block in blocks]
    return [([token for token, _ in block], [tag for _, tag in block]) for block in rows]


def spans_of(tags: Iterable[str]) -> list[Span]:
    """Spans of tags in IOB2, as the CoNLL scorer reads them."""
    spans: list[Span] = []
    for place, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix == "I" and spans and spans[-1][1:] == (place, label):
            spans[-1] = (spans[-1][0], place + 1, label)
        elif label:
            spans.append((place, place + 1, label))
    return spans


def tags_of(spans: Iterable[Span], length: int) -> list[str]:
    """Tags in IOB2 of spans that do not overlap."""
    tags = ["O"] * length
    for start, end, label in spans:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def joined(tokens: Tokens) -> tuple[str, dict[int, int], dict[int, int]]:
    """A text with blanks between tokens; the token that starts, and that ends, at a character."""
    starts, ends, at = {}, {}, 0
    for place, token in enumerate(tokens):
        starts[at], ends[at + len(token)] = place, place + 1
        at += len(token) + 1
    return " ".join(tokens), starts, ends


def run(tool: Tool) -> None:
    """Do what the command line asks for, and answer."""
    verb, *paths = sys.argv[1:]
    answer = _stdout_to_stderr()
    works: dict[str, Callable[..., dict[str, Any]]] = {
        "train": _train,
        "tokens": _tokens,
        "lines": _lines,
        "read": _read,
        "open": _open,
        "about": _about,
    }
    result = works[verb](tool, *map(Path, paths))
    print(json.dumps({**result, **_spent()}), file=answer, flush=True)


def _train(tool: Tool, corpus: Path, out: Path) -> dict[str, Any]:
    tool.train(corpus, out)
    return {}


def _tokens(tool: Tool, out: Path, path: Path) -> dict[str, Any]:
    return {"spans": tool.tokens(tool.load(out), [tokens for tokens, _ in read_columns(path)])}


def _lines(tool: Tool, out: Path, path: Path) -> dict[str, Any]:
    model = tool.load(out)
    start, done = _seconds(), 0
    texts = path.read_text(encoding="utf-8").splitlines()
    first = tool.lines(model, texts[:1])
    loaded = _seconds()
    while done < len(texts) and _seconds() - loaded < LIMIT:
        done += len(tool.lines(model, texts[done : done + CHUNK]))
    rate = done / (_seconds() - loaded)
    return {"start": start, "answered": loaded, "texts": done, "rate": rate, "first": first[0]}


def _read(tool: Tool, *paths: Path) -> dict[str, Any]:
    return {"answers": [_read_one(tool, path) for path in paths]}


def _read_one(tool: Tool, path: Path) -> dict[str, Any]:
    try:
        return {"sentences": tool.read(path)}
    except (Exception, SystemExit) as error:
        return {"error": type(error).__name__, "message": str(error)}


def _open(tool: Tool, model: Path) -> dict[str, Any]:
    try:
        tool.load(model)
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}
    return {}


def _seconds() -> float:
    """Processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _spent() -> dict[str, float]:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    most = max(resource.getrusage(who).ru_maxrss for who in whose)
    return {"seconds": _seconds(), "memory": most * 1024}


def _about(tool: Tool, environment: Path) -> dict[str, Any]:
    about = metadata(tool.package)
    names = {found.metadata["Name"] for found in distributions()}
    files = [file for file in environment.glob("lib/python*/site-packages/**/*") if file.is_file()]
    return {
        "version": about["Version"],
        "python": about["Requires-Python"],
        "packages": len(names - {"pip", "setuptools"}),
        "bytes": sum(file.stat().st_size for file in files if file.suffix != ".pyc"),
    }


def _stdout_to_stderr() -> Any:
    """The channel of the answer; anything else that is printed goes to stderr from now on."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel
