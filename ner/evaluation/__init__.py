"""Evaluation: scores, their spread, mistakes, trade-off, calibration, pictures."""

from ner.evaluation.agreement import (
    Agreement,
    Disagreement,
    format_agreement,
    measure_agreement,
)
from ner.evaluation.by_seqeval import evaluate_spans
from ner.evaluation.calibration import (
    Calibration,
    draw_calibration,
    format_calibration,
    measure_calibration,
)
from ner.evaluation.mistakes import Mistakes, analyse_mistakes, format_mistakes
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
    "O_BIASES", "ROUNDS", "Agreement", "Axis", "Calibration", "CountedScores", "Disagreement",
    "Mistakes", "Plot", "Point", "Report", "Scores", "SpanCounts", "Spans", "TradeOff",
    "analyse_mistakes", "check_labelled", "check_layers", "count", "draw_calibration",
    "draw_curves", "evaluate_spans", "format_agreement", "format_calibration", "format_columns",
    "format_f1", "format_mistakes", "format_report", "format_summary", "format_table",
    "format_trade_off", "layer_names", "linear_axis", "logarithmic_axis", "measure_agreement",
    "measure_calibration", "min_score_points", "randomisation_test", "score", "score_sentences",
    "summarise", "unknown_labels",
]  # fmt: skip
