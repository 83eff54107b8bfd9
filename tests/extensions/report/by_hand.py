"""Figures of a report that no model has made: small, and the same on every machine."""

from dataclasses import replace

from ner.corpus import Corpus, check_content, count
from ner.evaluation import (
    CountedScores,
    Intervals,
    Point,
    Units,
    analyse_mistakes,
    evaluate_spans,
    measure_calibration,
)
from ner.extensions.report.figures import Difference, ReportFigures, RunFigures
from ner.extensions.report.segmentation import Segmentation
from ner.text import Sentence, Span

PER, NEW_YORK, YORK = Span(0, 1, "PER"), Span(2, 4, "LOC"), Span(3, 4, "ORG")
FIRST = Sentence(("Ann", "left", "New", "York"), (PER, NEW_YORK), source="t.conll", line=1)
SECOND = Sentence(("Rain", "<i>"), (), document=1, source="t.conll", line=6)
THIRD = Sentence(("Bo", "slept", "."), (PER,), document=1, source="t.conll", line=9)
GOLD = (FIRST, SECOND, THIRD)
CORPUS = Corpus("hand", train=(FIRST,), test=GOLD, schemes={"test": "iob2"})
ROW = {
    "epoch": 1, "loss": 2.0, "valid_precision": 0.5, "valid_recall": 0.25, "valid_f1": 1 / 3
}  # fmt: skip
INTERVALS = Intervals(
    (0.25, 1.0), (0.125, 0.75), (0.2, 0.8), {"LOC": (0, 0), "ORG": (0, 0), "PER": (0.5, 1)}
)
CARE = [((PER, YORK), (0.875, 0.5)), ((), ()), ((), ())]
"""Spans that a model finds, and their scores: one right, one wrong, one missed."""
BOLD = [((PER, NEW_YORK), (0.75, 0.5)), ((PER,), (0.25,)), ((PER,), (0.99,))]
"""Those of another one: all, and one too many."""


def run_of(name: str, found: list[tuple[tuple[Span, ...], tuple[float, ...]]]) -> RunFigures:
    """The figures of a model that finds these spans."""
    gold = [sentence.spans for sentence in GOLD]
    predicted = [replace(s, spans=spans) for s, (spans, _) in zip(GOLD, found, strict=True)]
    points = [Point.of(value, gold, [spans for spans, _ in found]) for value in (0.0, 0.5, 1.0)]
    return RunFigures(
        name=name,
        scores=evaluate_spans(GOLD, predicted),
        intervals=INTERVALS,
        mistakes=analyse_mistakes(GOLD, found, CORPUS.train),
        calibration=measure_calibration(gold, found),
        trade_off={"min_score": points, "o_bias": points},
        curves=(ROW, ROW | {"epoch": 2, "loss": 1.0, "valid_f1": 0.5}),
        segmentation=Segmentation(
            "documents", 2, 0.875, 1.0, CountedScores.of(3, 2, 2), CountedScores.of(3, 3, 1), 0
        ),
        tokens_per_second=12345.6,
        parameters=6789,
        size=2_500_000,
        learnt_from=1,
        card="# A card\n\n<b>bold</b>\n",
    )


def figures(*, two: bool = False) -> ReportFigures:
    """The figures of one model, or of two."""
    runs = [run_of("runs/care", CARE), *([run_of("runs/bold", BOLD)] if two else [])]
    gold = {"both": 1, "first": 0, "second": 2, "neither": 0}
    return ReportFigures(
        corpus="hand",
        split="test",
        sentences=3,
        tokens=9,
        units=Units("documents", (0, 1, 1)),
        runs=tuple(runs),
        difference=Difference(0.457, (-0.1, 0.6), 0.25, gold) if two else None,
        stats=count(CORPUS),
        findings=tuple(check_content(CORPUS)),
    )
