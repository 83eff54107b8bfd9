"""Entity scores: how many predicted spans are exactly a gold span, counted on spans.

The numbers are those of the CoNLL scorer (``conlleval``, Sang and De Meulder
2003): a span counts as correct when its tokens and its type are both right,
and a share of nothing is 0. `score` fills a `Report` from our own counts, fast
enough for every epoch; `ner.evaluation.report` fills the same `Report` by seqeval.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ner.text import Span


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1, each from 0 to 1."""

    precision: float
    recall: float
    f1: float

    def figures(self) -> dict[str, float]:
        """The scores that are logged for an epoch, by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}

    def to_dict(self) -> dict[str, Any]:
        """A JSON object with the names of the attributes as keys."""
        return dataclasses.asdict(self)


NOTHING = Scores(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CountedScores(Scores):
    """Scores with the spans they come from: `support` in gold, `predicted`, `correct` in both."""

    support: int
    predicted: int
    correct: int

    @classmethod
    def of(cls, support: int, predicted: int, correct: int) -> Self:
        """The scores that follow from three counts."""
        precision = _share(correct, predicted)
        recall = _share(correct, support)
        f1 = _share(2 * precision * recall, precision + recall)
        return cls(precision, recall, f1, support, predicted, correct)


@dataclass(frozen=True, slots=True)
class Report(CountedScores):
    """Micro scores over all types, the averages over types, and the scores of each type.

    `macro` weighs every type alike, `weighted` by its support. `per_type` holds
    each type of gold or prediction, in alphabetical order.
    """

    macro: Scores
    weighted: Scores
    per_type: dict[str, CountedScores]
    sentences: int


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Spans per type: in gold, predicted, and correct; and how many sentences were looked at."""

    gold: Counter[str]
    predicted: Counter[str]
    correct: Counter[str]
    sentences: int


def count(gold: Iterable[Sequence[Span]], predicted: Iterable[Sequence[Span]]) -> SpanCounts:
    """Count the spans of two equally long rows of sentences.

    Raises `ValueError` when one row is longer than the other.
    """
    counts = Counter[str](), Counter[str](), Counter[str]()
    sentences = 0
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        wanted, found = set(gold_spans), set(predicted_spans)
        for counter, spans in zip(counts, (wanted, found, wanted & found), strict=True):
            counter.update(span.label for span in spans)
        sentences += 1
    return SpanCounts(*counts, sentences)


def score(counts: SpanCounts) -> Report:
    """The report that follows from counts; all scores are 0 where there is no span at all."""
    rows = {
        label: CountedScores.of(counts.gold[label], counts.predicted[label], counts.correct[label])
        for label in sorted(counts.gold | counts.predicted)
    }
    micro = CountedScores.of(counts.gold.total(), counts.predicted.total(), counts.correct.total())
    return Report(
        **dataclasses.asdict(micro),
        macro=_average(rows.values(), [1] * len(rows)),
        weighted=_average(rows.values(), [row.support for row in rows.values()]),
        per_type=rows,
        sentences=counts.sentences,
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _average(rows: Iterable[Scores], weights: Sequence[int]) -> Scores:
    """The weighted mean of each score; 0 where there is no weight."""
    total = sum(weights)
    if not total:
        return NOTHING
    pairs = list(zip(rows, weights, strict=True))
    return Scores(
        precision=sum(row.precision * weight for row, weight in pairs) / total,
        recall=sum(row.recall * weight for row, weight in pairs) / total,
        f1=sum(row.f1 * weight for row, weight in pairs) / total,
    )


def unknown_labels(gold: Iterable[Sequence[Span]], known: Collection[str]) -> list[str]:
    """Types of `gold` that are not among the `known` ones of a model, sorted.

    Their spans count as missed in every score.
    """
    return sorted({span.label for spans in gold for span in spans} - set(known))


def format_report(report: Report) -> str:
    """The report as an aligned table: one line a type, then the averages.

    The layout is that of seqeval's ``classification_report`` with four digits.
    """
    averages = {
        "micro avg": report,
        "macro avg": report.macro,
        "weighted avg": report.weighted,
    }
    return format_table(report.per_type, averages, report.support)


def format_table(
    rows: Mapping[str, CountedScores], averages: Mapping[str, Scores], support: int
) -> str:
    """An aligned table of rows with a support each, and of averages over all of it."""
    width = max(map(len, [*rows, *averages]))
    header = f"{'':>{width}}  {'precision':>9} {'recall':>9} {'f1-score':>9} {'support':>9}"
    types = [_row(label, width, row, row.support) for label, row in rows.items()]
    means = [_row(name, width, row, support) for name, row in averages.items()]
    blocks = [[header], types, means] if types else [[header], means]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _row(name: str, width: int, row: Scores, support: int) -> str:
    scores = " ".join(f"{value:>9.4f}" for value in (row.precision, row.recall, row.f1))
    return f"{name:>{width}}  {scores} {support:>9}"
