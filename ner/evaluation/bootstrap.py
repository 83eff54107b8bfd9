"""Confidence intervals of scores: how far they would move with other texts of the same kind.

The bootstrap (Efron 1979; of F1: Berg-Kirkpatrick, Burkett and Klein 2012): as many units as the
text has are drawn from it with replacement, over and over, and scores counted anew. The interval
holds the middle 95 % of them. Units are documents: sentences of one document share their names, and
drawn one by one would make the interval too narrow. Where a corpus has no documents, blocks of
consecutive sentences stand for them (Künsch 1989).
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ner.evaluation.scores import Spans
from ner.text import Sentence, Span, layered_label

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2_000
BLOCK = 10  # sentences, unless there would be too few blocks
FEWEST = 20  # documents or blocks that an interval is worth anything with
_AT_ONCE = 500  # resamples, to bound the memory
_TAILS = (0.025, 0.975)

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Units:
    """The parts of a text that are drawn as one: their name, and the number of each sentence's."""

    name: str
    numbers: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of units."""
        return len({*self.numbers})

    def __str__(self) -> str:
        return f"{self.count:,} {self.name}"


@dataclass(frozen=True, slots=True)
class Intervals:
    """The 95 % confidence intervals of micro precision, recall and F1, and of F1 by type."""

    precision: Interval
    recall: Interval
    f1: Interval
    per_type: dict[str, Interval]

    def to_dict(self) -> dict[str, Any]:
        """The intervals as a JSON object with the names of the attributes as keys."""
        return asdict(self)


def resampling_units(sentences: Sequence[Sentence]) -> Units:
    """The documents of sentences if there are at least `FEWEST`, or else blocks of sentences."""
    documents: list[Hashable] = [(s.corpus, s.source, s.document) for s in sentences]
    places = {document: number for number, document in enumerate(dict.fromkeys(documents))}
    if len(places) >= FEWEST:
        return Units("documents", tuple(places[document] for document in documents))
    size = max(1, min(BLOCK, len(sentences) // FEWEST))
    name = f"blocks of {size} sentences" if size > 1 else "sentences"
    return Units(name, tuple(number // size for number in range(len(sentences))))


def bootstrap_intervals(
    gold: Spans,
    predicted: Spans,
    units: Units,
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Intervals:
    """The intervals of the scores of predicted spans, the same for the same seed."""
    import numpy as np

    labels = sorted({layered_label(span) for row in (*gold, *predicted) for span in row})
    counts = _counts(gold, predicted, units, labels)
    sums = np.concatenate([*_resampled(counts, resamples, seed)])  # [R, 1 + labels, 3]
    support, found, correct = np.moveaxis(sums, -1, 0)
    precision, recall = _interval(correct / found.clip(1)), _interval(correct / support.clip(1))
    f1 = _interval(2 * correct / (found + support).clip(1))
    return Intervals(precision[0], recall[0], f1[0], dict(zip(labels, f1[1:], strict=True)))


def bootstrap_difference(
    gold: Spans,
    one: Spans,
    other: Spans,
    units: Units,
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> Interval:
    """The interval of the micro F1 of `other` less that of `one`, over the same resamples."""
    import numpy as np

    counts = np.concatenate([_counts(gold, row, units, ()) for row in (one, other)], 1)
    sums = np.concatenate([*_resampled(counts, resamples, seed)])  # [R, 2, 3]
    support, found, correct = np.moveaxis(sums, -1, 0)
    f1 = 2 * correct / (found + support).clip(1)
    return _interval(f1[:, 1:] - f1[:, :1])[0]


def _counts(
    gold: Spans, predicted: Spans, units: Units, labels: Sequence[str]
) -> "NDArray[np.float64]":
    """Spans in gold, predicted and correct by unit, of all types and of each: ``[U, 1 + L, 3]``."""
    import numpy as np

    row_of = {label: number for number, label in enumerate(labels, 1)}
    unit_of = {unit: number for number, unit in enumerate(dict.fromkeys(units.numbers))}
    counts = np.zeros((len(unit_of), 1 + len(labels), 3))
    for unit, wanted, found in zip(units.numbers, gold, predicted, strict=True):
        for place, spans in enumerate(_kinds({*wanted}, {*found})):
            for span in spans:
                rows = [0, row_of[layered_label(span)]] if labels else [0]
                counts[unit_of[unit], rows, place] += 1
    return counts


def _kinds(wanted: set[Span], found: set[Span]) -> tuple[set[Span], set[Span], set[Span]]:
    return wanted, found, wanted & found


def _resampled(
    counts: "NDArray[np.float64]", resamples: int, seed: int
) -> "Iterator[NDArray[np.float64]]":
    """Counts ``[U, …]`` summed over units that are drawn with replacement: ``[R, …]`` at once."""
    import numpy as np

    rng, size = np.random.default_rng(seed), len(counts)
    for start in range(0, resamples, _AT_ONCE):
        rounds = min(_AT_ONCE, resamples - start)
        drawn = rng.multinomial(size, [1 / size] * size, rounds)
        yield np.tensordot(drawn.astype(np.float64), counts, 1)


def _interval(values: "NDArray[np.float64]") -> list[Interval]:
    """The middle 95 % of each column of values ``[R, N]``."""
    import numpy as np

    low, high = np.quantile(values, _TAILS, axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
