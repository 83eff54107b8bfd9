"""Part `profile`: where the time of an epoch goes."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.machine import threads
from benchmarks.page import Cell, Section, Table
from benchmarks.setting import Setting
from ner.config import Config
from ner.corpus import Corpus
from ner.features import Batch
from ner.model import Network
from ner.training import Step, Trainer, build_model, prepare, resolve

MARK = "part: "
BACKWARD = "autograd::engine::evaluate_function: "
ORDER = [
    "recurrence",
    "recurrence, backward",
    "characters",
    "characters, backward",
    "CRF",
    "CRF, backward",
    "words, casing, spreading",
    "words, casing, spreading, backward",
    "dropout",
    "dropout, backward",
    "projection",
    "projection, backward",
    "optimizer",
    "clipping of the gradient",
    "average of the weights",
    "batches",
    "everything else",
]


def marked(function: Callable[..., Any], part: str) -> Callable[..., Any]:
    """The same function, with a mark of its part around it."""

    def call(*arguments: Any, **named: Any) -> Any:
        with record_function(MARK + part):
            return function(*arguments, **named)

    return call


def mark(trainer: Trainer, network: Network) -> None:
    """Put marks around the parts of a step; those that a network lacks are left out."""
    parts: list[tuple[Any, str, str]] = [
        (network, "embedder", "words, casing, spreading"),
        (network.embedder, "characters", "characters"),
        (network.encoder, "dropout", "dropout"),
        (network, "projection", "projection"),
        *(
            (network.encoder.layers, str(i), "recurrence")
            for i in range(len(network.encoder.layers))
        ),
    ]
    for owner, name, part in parts:
        module = getattr(owner, name, None)
        if isinstance(module, nn.Module):
            module.forward = marked(module.forward, part)
    network.head.loss = marked(network.head.loss, "CRF")  # type: ignore[method-assign]
    trainer._clip = marked(trainer._clip, "clipping of the gradient")  # type: ignore[method-assign]
    trainer.optimizer.step = marked(trainer.optimizer.step, "optimizer")  # type: ignore[method-assign]
    if trainer.average is not None:
        average = trainer.average
        average.update = marked(average.update, "average of the weights")  # type: ignore[method-assign]
    training_set = trainer._set
    training_set.batches = marked_batches(training_set.batches)  # type: ignore[method-assign]


def marked_batches(batches: Callable[..., Iterator[Batch]]) -> Callable[..., Iterator[Batch]]:
    """The batches of an epoch, with a mark around the making of each."""

    def wrapped(*arguments: Any) -> Iterator[Batch]:
        made = batches(*arguments)
        while True:
            with record_function(MARK + "batches"):
                batch = next(made, None)
            if batch is None:
                return
            yield batch

    return wrapped


def shares(events: list[FunctionEvent]) -> dict[str, float]:
    """The share of each part in the time of all that was recorded.

    A backward operation belongs to the part of the forward one whose number it carries.
    """
    numbers: dict[int, str] = {}
    for event in events:
        part, backward = _place(event)
        if not backward and part and event.sequence_nr >= 0:
            numbers.setdefault(event.sequence_nr, part)
    spent: Counter[str] = Counter()
    for event in events:
        part, backward = _place(event)
        if backward:
            part = numbers.get(backward.sequence_nr, "")
            part = f"{part}, backward" if part else ""
        spent[part or "everything else"] += event.self_cpu_time_total
    whole = sum(spent.values())
    return {part: time / whole for part, time in spent.items()}


def _place(event: FunctionEvent) -> tuple[str, FunctionEvent | None]:
    """The innermost mark around an event, and the backward operation that it is within."""
    at: FunctionEvent | None = event
    while at is not None:
        if at.name.startswith(MARK):
            return at.name.removeprefix(MARK), None
        if at.name.startswith(BACKWARD):
            return "", at
        at = at.cpu_parent
    return "", None


def new_trainer(corpus: Corpus) -> Trainer:
    """A trainer at its start, with default settings, as `ner train` makes one."""
    prepared = prepare(corpus)
    config = resolve(Config(), prepared)
    start = build_model(corpus.train, config, torch.device("cpu"))
    training_set = start.training_set(prepared.segments, config)
    return Trainer(start.model, training_set, corpus.valid, config.train)


def steps(trainer: Trainer) -> Iterator[Step]:
    """The steps of a training, one after the other."""
    return (event for event in trainer.run() if isinstance(event, Step))


def learn(stream: Iterator[Step], count: int) -> float:
    """Learn some steps; returns seconds."""
    started = time.perf_counter()
    for _ in range(count):
        with record_function(MARK + "everything else"):
            next(stream)
    return time.perf_counter() - started


def run(setting: Setting) -> Section:
    """Learn some steps without a profiler and as many with one, and evaluate once."""
    count, warm_up = setting.many(150, 4), setting.many(30, 1)
    with threads(1):
        stream = steps(new_trainer(setting.corpus))
        learn(stream, warm_up)
        plain = learn(stream, count)
        trainer = new_trainer(setting.corpus)
        mark(trainer, trainer._learner.network)
        stream = steps(trainer)
        learn(stream, warm_up)
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            learn(stream, count)
        started = time.perf_counter()
        trainer._evaluate()
        judging = time.perf_counter() - started
    found = shares(list(profiler.events()))
    return _section(found, plain / count, judging, trainer._set.count())


def _section(found: dict[str, float], step: float, judging: float, count: int) -> Section:
    epoch = step * count + judging
    rows: list[list[Cell]] = [
        [part, 1000 * step * found[part], f"{100 * step * count * found[part] / epoch:.1f} %"]
        for part in ORDER
        if found.get(part)
    ]
    rows.append(["judging on valid", 1000 * judging / count, f"{100 * judging / epoch:.1f} %"])
    rows.append(["an epoch", 1000 * epoch / count, "100 %"])
    return Section(
        "Where an epoch goes",
        "Training on CoNLL-2003 with default settings, one thread. Shares are those of a profile, "
        "milliseconds those shares of what a step takes without the profiler.",
        [Table(["", "ms a step", "of an epoch"], rows)],
    )
