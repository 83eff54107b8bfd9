"""Evaluation: scores, their spread, mistakes, trade-off, calibration, pictures, annotators."""

from ner.evaluation.agreement import (
    AnnotatorAgreement,
    Disagreement,
    compare_annotators,
    format_agreement,
)
from ner.evaluation.bootstrap import (
    RESAMPLES,
    Interval,
    Intervals,
    Units,
    bootstrap_difference,
    bootstrap_intervals,
    resampling_units,
)
from ner.evaluation.by_seqeval import evaluate_spans
from ner.evaluation.calibration import (
    Calibration,
    calibration_of,
    draw_calibration,
    format_calibration,
    measure_calibration,
    plot_calibration,
)
from ner.evaluation.mistakes import (
    CORRECT,
    TITLES,
    MistakeExample,
    Mistakes,
    Slice,
    analyse_mistakes,
    format_mistakes,
    match_entities,
)
from ner.evaluation.plot import (
    Axis,
    Plot,
    draw_curves,
    linear_axis,
    logarithmic_axis,
    plot_curves,
)
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
from ner.evaluation.speed import measure_speed
from ner.evaluation.tradeoff import (
    O_BIASES,
    Point,
    TradeOff,
    format_trade_off,
    min_score_points,
    plot_trade_off,
)
from ner.evaluation.traits import main_type

__all__ = [
    "CORRECT", "O_BIASES", "RESAMPLES", "ROUNDS", "TITLES", "AnnotatorAgreement", "Axis",
    "Calibration", "CountedScores", "Disagreement", "Interval", "Intervals", "MistakeExample",
    "Mistakes", "Plot", "Point", "Report", "Scores", "Slice", "SpanCounts", "Spans", "TradeOff",
    "Units", "analyse_mistakes", "bootstrap_difference", "bootstrap_intervals", "calibration_of",
    "check_labelled", "check_layers", "compare_annotators", "count", "draw_calibration",
    "draw_curves", "evaluate_spans", "format_agreement", "format_calibration", "format_columns",
    "format_f1", "format_mistakes", "format_report", "format_summary", "format_table",
    "format_trade_off", "layer_names", "linear_axis", "logarithmic_axis", "main_type",
    "match_entities", "measure_calibration", "measure_speed", "min_score_points",
    "plot_calibration", "plot_curves", "plot_trade_off", "randomisation_test", "resampling_units",
    "score", "score_sentences", "summarise", "unknown_labels",
]  # fmt: skip
