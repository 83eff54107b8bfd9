"""Our side of the benchmark: processes that learn and tag when they are told to.

::

    python -m benchmarks.ours train DATA CONFIG    learns a slice of steps at a time
    python -m benchmarks.ours epoch DATA CONFIG    learns and evaluates whole epochs
    python -m benchmarks.ours tag DATA MODEL       tags the splits, as the orders say

CONFIG is a JSON object of changed settings. With another commit's `ner` first on the path,
`train` and `epoch` measure that one: they ask for nothing but what every commit has.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.serving import answering, serve
from ner import load_corpus
from ner.api import train_events
from ner.config import Config
from ner.corpus import Corpus


def events(corpus: Corpus, config: Config) -> Iterator[Any]:
    """What happens in a training by `ner train`, in a folder that is thrown away.

    Steps have their `tokens`, epochs their scores on `valid`; other commits name the types
    of both differently.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield from train_events(corpus, Path(folder) / "run", config, device="cpu")


class Slices:
    """Learns as many steps as ordered; evaluates on one sentence."""

    def __init__(self, data: str, config: Config) -> None:
        corpus = load_corpus(data)
        corpus = replace(corpus, valid=corpus.valid[:1], test=())
        self._steps = (event for event in events(corpus, config) if hasattr(event, "tokens"))

    def slice(self, count: int) -> dict[str, Any]:
        """Learn some steps: how many tokens, and how long it took."""
        started = time.perf_counter()
        tokens = sum(next(self._steps).tokens for _ in range(count))
        return {"tokens": tokens, "seconds": time.perf_counter() - started}


class Epochs:
    """Learns whole epochs and evaluates them."""

    def __init__(self, data: str, config: Config) -> None:
        self._events = events(load_corpus(data), config)

    def epoch(self) -> dict[str, float]:
        """Learn an epoch: seconds in all, of learning alone, and F1 on valid."""
        tokens = 0
        for event in self._events:
            if hasattr(event, "valid"):
                return {
                    "seconds": event.seconds,
                    "learning": tokens / event.tokens_per_second,
                    "f1": event.valid.f1,
                }
            tokens += event.tokens
        raise ValueError("the training has come to its end")


def main(work: str, data: str, argument: str) -> None:
    """Do one of the three."""
    answer = answering()
    if work == "tag":
        from benchmarks.our_tagging import Tagging  # commits of before do not have it all

        tagging = Tagging(data, argument)
        orders = (tagging.load, tagging.tag, tagging.lines, tagging.one)
        serve({order.__name__: order for order in orders}, answer)
        return
    changed = Config().replace(json.loads(argument))
    if work == "train":
        serve({"slice": Slices(data, changed).slice}, answer)
    else:
        serve({"epoch": Epochs(data, changed).epoch}, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
