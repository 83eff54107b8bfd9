"""Evaluation: scores, their spread, mistakes, trade-off, calibration, pictures."""

from ner.evaluation.by_seqeval import evaluate_spans
from ner.evaluation.calibration import (
    Calibration,
    draw_calibration,
    format_calibration,
    measure_calibration,
)
from ner.evaluation.mistakes import (
    CORRECT,
    Mistakes,
    analyse_mistakes,
    format_mistakes,
    match_entities,
)
from ner.evaluation.plot import Axis, Plot, draw_curves, linear_axis, logarithmic_axis
from ner.evaluation.scores import (
    CountedScores,
    Report,
    Scores,
    SpanCounts,
    Spans,
    check_labelled,
    check_layers,
    count,
    format_columns,
    format_f1,
    format_report,
    format_summary,
    format_table,
    layer_names,
    score,
    score_sentences,
    summarise,
    unknown_labels,
)
from ner.evaluation.significance import ROUNDS, randomisation_test
from ner.evaluation.tradeoff import (
    O_BIASES,
    Point,
    TradeOff,
    format_trade_off,
    min_score_points,
)

__all__ = [
    "CORRECT", "O_BIASES", "ROUNDS", "Axis", "Calibration", "CountedScores", "Mistakes", "Plot",
    "Point", "Report", "Scores", "SpanCounts", "Spans", "TradeOff", "analyse_mistakes",
    "check_labelled", "check_layers", "count", "draw_calibration", "draw_curves", "evaluate_spans",
    "format_calibration", "format_columns", "format_f1", "format_mistakes", "format_report",
    "format_summary", "format_table", "format_trade_off", "layer_names", "linear_axis",
    "logarithmic_axis", "match_entities", "measure_calibration", "min_score_points",
    "randomisation_test", "score", "score_sentences", "summarise", "unknown_labels",
]  # fmt: skip
