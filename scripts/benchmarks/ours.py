"""Our side of the benchmark: processes that learn and tag when they are told to.

::

    python -m benchmarks.ours train CONFIG     learns a slice of steps at a time
    python -m benchmarks.ours epoch CONFIG     learns and judges whole epochs
    python -m benchmarks.ours tag MODEL        tags the splits, as the orders say

CONFIG is a JSON object of changed settings. With another commit's `ner` first on the path,
`train` and `epoch` measure that one.
"""

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.serving import answering, serve
from benchmarks.setting import CORPUS
from ner import load_corpus
from ner.config import Config
from ner.corpus import Corpus
from ner.training.build import build_model
from ner.training.examples import TrainingSet
from ner.training.loop import Epoch, Step, Trainer
from ner.training.preparation import split_long


def new_trainer(corpus: Corpus, config: Config, judged: int | None = None) -> Trainer:
    """A trainer at its start, as `ner train` makes one; judges on `judged` sentences of valid."""
    start = build_model(corpus.train, config, torch.device("cpu"))
    model, scheme = start.model, config.model.scheme
    segments = list(split_long(corpus.train))
    training_set = TrainingSet(segments, model.indexer, model.tags, scheme, config.train)
    return Trainer(model, training_set, corpus.valid[:judged], config.train)


def steps(trainer: Trainer) -> Iterator[Step]:
    """The steps of a training, one after the other."""
    return (event for event in trainer.run() if isinstance(event, Step))


class Learning:
    """Learns as many steps as ordered."""

    def __init__(self, config: Config) -> None:
        self._steps = steps(new_trainer(load_corpus(CORPUS), config, judged=1))

    def slice(self, count: int) -> dict[str, Any]:
        """Learn some steps: how many tokens, and how long it took."""
        started = time.perf_counter()
        tokens = sum(next(self._steps).tokens for _ in range(count))
        return {"tokens": tokens, "seconds": time.perf_counter() - started}


class Epochs:
    """Learns whole epochs and judges them."""

    def __init__(self, config: Config) -> None:
        self._events = new_trainer(load_corpus(CORPUS), config).run()

    def epoch(self) -> dict[str, float]:
        """Learn an epoch: seconds in all, of learning alone, and F1 on valid."""
        started = learnt = time.perf_counter()
        for event in self._events:
            ended = time.perf_counter()
            if isinstance(event, Epoch):
                return {
                    "seconds": ended - started,
                    "learning": learnt - started,
                    "f1": event.valid.f1,
                }
            learnt = ended
        raise ValueError("the training has come to its end")


def main(work: str, argument: str) -> None:
    """Do one of the three."""
    answer = answering()
    if work == "tag":
        from benchmarks.our_tagging import Tagging  # commits of before do not have it all

        tagging = Tagging(argument)
        serve({"load": tagging.load, "tag": tagging.tag, "one": tagging.one}, answer)
        return
    changed = Config().replace(json.loads(argument))
    if work == "train":
        serve({"slice": Learning(changed).slice}, answer)
    else:
        serve({"epoch": Epochs(changed).epoch}, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
