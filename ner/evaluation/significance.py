"""A significance test: is one model better than another, or luckier with its test sentences?

Approximate randomisation (Noreen 1989; for F1: Yeh 2000): were two models alike, it would not
matter which of them made an output. So the outputs of each sentence are exchanged between them with
a probability of one half, over and over; how often F1 then differs by as much as it really does is
the p-value.

The sample is the sentences. Models of several seeds do not make it larger: the outputs of all seeds
for a sentence are taken together, and exchanged together. So p holds for other test sentences and
the same models; the spread over other seeds is estimated by the standard deviation over seeds.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ner.evaluation.scores import Spans

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDS = 10_000
_AT_ONCE = 500  # rounds, to bound the memory
_ROUNDING = 1e-12  # differences of F1 that are the same but for it


def randomisation_test(
    gold: Spans,
    one: Sequence[Spans],
    other: Sequence[Spans],
    *,
    rounds: int = ROUNDS,
    seed: int = 1,
) -> float:
    """The p-value of the difference of micro F1 between two models, two-sided.

    `one` and `other` hold what each model found in the sentences of `gold`, a run for each seed,
    the same number of runs. F1 is that of all runs together. The p-value is ``(rounds that differ
    as much + 1) / (rounds + 1)``: 1 for models that find the same. It is the same for the same
    seed, and whichever of the two comes first. Raises `ValueError` for runs or sentences that do
    not match.
    """
    import numpy as np

    if len(one) != len(other):
        raise ValueError(f"{len(one)} runs cannot be held against {len(other)}")
    counts, others = _counts(gold, one), _counts(gold, other)
    moved = others - counts  # what one wins where outputs are exchanged, [S, 2]
    moved = moved[moved.any(1)]
    first, second = counts.sum(0), others.sum(0)
    support = len(one) * sum(len(set(spans)) for spans in gold)
    wanted = abs(_f1(first, support) - _f1(second, support)) - _ROUNDING
    rng = np.random.default_rng(seed)
    reached = 0
    for start in range(0, rounds, _AT_ONCE):
        shape = min(_AT_ONCE, rounds - start), len(moved)
        swapped = rng.integers(0, 2, shape, dtype=np.int8).astype(np.float64)
        won = swapped @ moved  # [rounds, 2], exact: whole numbers
        gaps = abs(_f1(first + won, support) - _f1(second - won, support))
        reached += int((gaps >= wanted).sum())
    return (reached + 1) / (rounds + 1)


def _counts(gold: Spans, runs: Sequence[Spans]) -> "NDArray[np.float64]":
    """Count correct and predicted spans in each sentence over all runs, ``[S, 2]``."""
    import numpy as np

    counts = np.zeros((len(gold), 2))
    for run in runs:
        for row, (wanted, found) in zip(counts, zip(gold, run, strict=True), strict=True):
            row += len({*wanted} & {*found}), len({*found})
    return counts


def _f1(counts: "NDArray[np.float64]", support: int) -> "NDArray[np.float64]":
    """F1 of correct and predicted spans ``[…, 2]``; 0 where there is no span at all."""
    correct, predicted = counts[..., 0], counts[..., 1]
    f1: NDArray[np.float64] = 2 * correct / (predicted + support).clip(min=1)
    return f1
