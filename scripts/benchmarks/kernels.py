"""Part `kernels`: the recurrence of the native engine alone, on each instruction set."""

import os
from collections.abc import Callable
from functools import partial
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import product_rate, threads
from benchmarks.page import Cell, Section, Table
from benchmarks.serving import seconds
from benchmarks.setting import Setting
from benchmarks.timing import alternate, medians
from ner.runtime.kernels import RecurrentLayer, available, description

HIDDEN, GATES, DIRECTIONS, INPUTS = 200, 4, 2, 300
TOKENS, WORDS = 25, 20_000  # of a sentence; rows of the table, read at random
BATCHES = (1, 3, 12, 33, 126)


def layer(level: str, *, int8: bool) -> RecurrentLayer:
    """An LSTM of random weights on a level of the kernels."""
    rng = np.random.default_rng(1)
    rows, bound = GATES * HIDDEN, HIDDEN**-0.5
    parts = [
        rng.uniform(-bound, bound, (DIRECTIONS, *shape)).astype(np.float32)
        for shape in ((rows, INPUTS), (rows, HIDDEN), (rows,), (rows,))
    ]
    with mock.patch.dict(os.environ, NER_KERNELS=level):
        return RecurrentLayer("lstm", *parts, int8=int8)


def works(
    made: RecurrentLayer, table: NDArray[np.float32 | np.float16], times: int
) -> dict[str, Callable[[], float]]:
    """Reading about `times` tokens in batches of each size."""
    rng = np.random.default_rng(2)

    def over(size: int) -> Callable[[], None]:
        rows = rng.integers(0, len(table), (size, TOKENS)).astype(np.int32)
        lengths = np.full(size, TOKENS, np.int32)
        out = np.empty((size, TOKENS, DIRECTIONS * HIDDEN), np.float32)

        def work() -> None:
            for _ in range(max(1, times // rows.size)):
                made.run(table, rows, lengths, out)

        return work

    return {str(size): partial(seconds, over(size)) for size in BATCHES}


def measure(setting: Setting, level: str, *, int8: bool) -> list[Cell]:
    """Microseconds a token in batches of each size."""
    made = layer(level, int8=int8)
    words = setting.many(WORDS, 100)
    features = np.random.default_rng(3).normal(size=(words, INPUTS)).astype(np.float32)
    table = np.empty((words, made.width), made.row_dtype)
    made.project(features, table)
    times = setting.many(3_000, 1)
    found = medians(alternate(works(made, table, times), setting.many(9, 1)))
    done = (max(1, times // (size * TOKENS)) * size * TOKENS for size in BATCHES)
    return [1e6 * found[str(size)] / tokens for size, tokens in zip(BATCHES, done, strict=True)]


def run(setting: Setting) -> Section:
    """Each level in each precision, in batches of one sentence to many."""
    rows: list[list[Cell]] = []
    with threads(1):
        for level in available():
            for name, int8 in (("int8", True), ("float32", False)):
                rows.append([f"{level}, {name}", *measure(setting, level, int8=int8)])
        rate = product_rate(96, HIDDEN, GATES * HIDDEN, torch.float32)
    least = 1e6 * 2 * DIRECTIONS * GATES * HIDDEN * HIDDEN / rate
    return Section(
        "Kernels",
        f"The recurrence of an LSTM with {HIDDEN} units in {DIRECTIONS} directions: µs a token of "
        f"sentences of {TOKENS}, on one thread, gate inputs read at random from a table of "
        f"{WORDS:,} words. Without a wish the level is {description()}.",
        [Table(["", *(f"{size} at once" for size in BATCHES)], rows)],
        notes=[
            f"at the rate of a large product in float32, its multiplications alone take {least:.1f}"
            " µs; weights of one sentence come from the second cache at every token"
        ],
    )
