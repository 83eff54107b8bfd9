"""How good predictions are: scores and reports, their spread over seeds, and training curves."""

from ner.evaluation.curves import draw_curves
from ner.evaluation.report import evaluate_spans, seqeval_report
from ner.evaluation.scores import (
    CountedScores,
    Counts,
    Report,
    Scores,
    count,
    format_report,
    score,
    unknown_labels,
)
from ner.evaluation.summary import format_summary, summarise

__all__ = [
    "CountedScores",
    "Counts",
    "Report",
    "Scores",
    "count",
    "draw_curves",
    "evaluate_spans",
    "format_report",
    "format_summary",
    "score",
    "seqeval_report",
    "summarise",
    "unknown_labels",
]
