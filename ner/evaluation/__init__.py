"""Evaluation: scores, their spread, mistakes, trade-off, calibration, pictures."""

from ner.evaluation.calibration import (
    Calibration,
    draw_calibration,
    format_calibration,
    measure_calibration,
)
from ner.evaluation.curves import draw_curves
from ner.evaluation.mistakes import Mistakes, analyse_mistakes, format_mistakes
from ner.evaluation.report import check_labelled, evaluate_spans, seqeval_report
from ner.evaluation.scores import (
    CountedScores,
    Report,
    Scores,
    SpanCounts,
    count,
    format_report,
    score,
    unknown_labels,
)
from ner.evaluation.significance import ROUNDS, Spans, randomisation_test
from ner.evaluation.summary import format_summary, summarise
from ner.evaluation.tradeoff import (
    O_BIASES,
    Point,
    TradeOff,
    format_trade_off,
    min_score_points,
)

__all__ = [
    "O_BIASES", "ROUNDS", "Calibration", "CountedScores", "Mistakes", "Point", "Report",
    "Scores", "SpanCounts", "Spans", "TradeOff", "analyse_mistakes", "check_labelled", "count",
    "draw_calibration", "draw_curves", "evaluate_spans", "format_calibration",
    "format_mistakes", "format_report", "format_summary", "format_trade_off",
    "measure_calibration", "min_score_points", "randomisation_test", "score", "seqeval_report",
    "summarise", "unknown_labels",
]  # fmt: skip
