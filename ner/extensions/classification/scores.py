"""Scores of labels of whole texts: accuracy, and precision, recall and F1 of each label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ner.evaluation import CountedScores, Scores, SpanCounts, format_table, score


@dataclass(frozen=True, slots=True)
class LabelScores(Scores):
    """Precision, recall and F1 as means over labels that weigh alike (macro), and accuracy.

    `weighted` means weigh each label by its support. `per_label` holds each
    label of gold or prediction, in alphabetical order.
    """

    accuracy: float
    weighted: Scores
    per_label: dict[str, CountedScores]
    texts: int

    def figures(self) -> dict[str, float]:
        """The scores that are logged for an epoch, by name."""
        return {"accuracy": self.accuracy, **Scores.figures(self)}


def score_labels(gold: Sequence[str], predicted: Sequence[str]) -> LabelScores:
    """The scores of labels that were predicted for the texts of others.

    Raises `ValueError` when one row is longer than the other.
    """
    correct = [one for one, other in zip(gold, predicted, strict=True) if one == other]
    # One label a text: what is wrong is missed by one label and spurious for another, so that
    # micro precision, recall and F1 are all the accuracy.
    report = score(SpanCounts(Counter(gold), Counter(predicted), Counter(correct), len(gold)))
    return LabelScores(
        **asdict(report.macro),
        accuracy=report.precision,
        weighted=report.weighted,
        per_label=report.per_type,
        texts=len(gold),
    )


def format_labels(scores: LabelScores) -> str:
    """The scores as an aligned table: one line a label, then the averages and the accuracy."""
    averages = {"macro avg": scores, "weighted avg": scores.weighted}
    table = format_table(scores.per_label, averages, scores.texts)
    return f"{table}\naccuracy {100 * scores.accuracy:.2f} %, macro F1 {100 * scores.f1:.2f} %"
