"""What the parts share: where things are, how much is to be done, processes that take orders."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import click

from ner import load_corpus
from ner.corpus import Corpus
from ner.evaluation import evaluate_spans
from ner.text import Sentence, Span

SCRIPTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Setting:
    """What was asked for on the command line."""

    model: Path | None
    peers: Path
    quick: bool
    before: str  # the commit that an epoch is compared with; "": none
    data: str = "conll2003"

    def many(self, full: int, quick: int) -> int:
        """How often something is done."""
        return quick if self.quick else full

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus that everything is measured on."""
        return load_corpus(self.data)

    @property
    def trained(self) -> Path:
        """The run or bundle whose model is measured."""
        if self.model is None:
            raise click.UsageError("this part measures a trained model; name it with --model")
        return self.model

    def log(self, name: str) -> Path:
        """Where a process writes what it has to say."""
        self.peers.mkdir(parents=True, exist_ok=True)
        return self.peers / f"{name}.log"

    def work(self, name: str, *arguments: str, threads: int = 1, before: str = "") -> "Worker":
        """Start one of our own processes: module `name` of this package."""
        return Worker(
            # -P: the folder that one stands in may hold another version of the package.
            [sys.executable, "-P", "-m", f"benchmarks.{name}", *arguments],
            self.log(f"{name}-{arguments[0]}" if len(arguments) > 1 else name),
            environment(threads, [before] if before else []),
        )


def environment(threads: int, first: Iterable[str] = ()) -> dict[str, str]:
    """Variables of a process that may use so many threads and no network."""
    count = str(threads)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*first, str(SCRIPTS.parent), str(SCRIPTS)]),
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "BLIS_NUM_THREADS": count,
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
    }


class Worker(AbstractContextManager["Worker"]):
    """A process that takes orders (`benchmarks.serving`) and waits in between."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str]) -> None:
        self._log = log
        with log.open("a", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
                text=True,
            )

    def ask(self, **order: Any) -> Any:
        """Order something and wait for the answer. Raises `ClickException` if none comes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise click.ClickException(f"a process died; {self._log} says why")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def f1(gold: Iterable[Sentence], spans: Iterable[Iterable[tuple[int, int, str]]]) -> float:
    """F1 in percent, by seqeval, of spans found: the same count for everybody."""
    sentences = list(gold)
    predicted = [
        Sentence(sentence.tokens, tuple(Span(*span) for span in found))
        for sentence, found in zip(sentences, spans, strict=True)
    ]
    return 100 * evaluate_spans(sentences, predicted).f1
