"""The one way from sequences of tokens to the probabilities of their labels, and their scores.

Evaluation while training and `ner classify evaluate|predict` come here.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ner.config import PredictConfig
from ner.evaluation import CountedScores, Scores, SpanCounts, format_table, score
from ner.extensions.classification.reading import label_of
from ner.predict import DEFAULTS, check_numbers, engine_of, read_batch
from ner.runtime import AnyModel
from ner.text import Sentence

LONGEST = 2000  # tokens that are read as one sequence; a longer one is split into equal segments


@dataclass(frozen=True, slots=True)
class LabelScores(Scores):
    """Precision, recall and F1 as means over labels that weigh alike (macro), and accuracy.

    `per_label` holds each label of gold or prediction, in alphabetical order.
    """

    accuracy: float
    weighted: Scores  # means that weigh each label by its support
    per_label: dict[str, CountedScores]
    texts: int

    def figures(self) -> dict[str, float]:
        """The scores that are logged for an epoch, by name."""
        return {"accuracy": self.accuracy, **Scores.figures(self)}

    def table(self) -> str:
        """Aligned lines: one for each label, then the averages and the accuracy."""
        averages = {"macro avg": self, "weighted avg": self.weighted}
        table = format_table(self.per_label, averages, self.texts)
        return f"{table}\naccuracy {100 * self.accuracy:.2f} %, macro F1 {100 * self.f1:.2f} %"


def score_labels(gold: Sequence[str], predicted: Sequence[str]) -> LabelScores:
    """The scores of predicted labels. Raises `ValueError` for rows of different lengths."""
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


def segments(tokens: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split a sequence into the parts that are read, each by itself: mostly it is one."""
    count = math.ceil(len(tokens) / LONGEST)
    size = math.ceil(len(tokens) / max(1, count))
    for start in range(0, len(tokens), max(1, size)):
        yield tokens[start : start + size]


def label_probabilities(
    model: AnyModel, sequences: Sequence[Sequence[str]], settings: PredictConfig = DEFAULTS
) -> NDArray[np.float64]:
    """The probability of each label for each sequence, ``[N, L]``; 0 for one without a token.

    Labels are as in ``model.outputs``. Scores of `segments` are averaged, weighted by length.
    """
    parts = [(i, segment) for i, tokens in enumerate(sequences) for segment in segments(tokens)]
    lengths = np.array([len(tokens) for tokens in sequences])
    scores = np.zeros((len(sequences), len(model.outputs)))
    engine = engine_of(model, settings, last_states=True)
    for batch in engine.plan([len(segment) for _, segment in parts]):
        some = [parts[number][1] for number in batch]
        read = read_batch(model, engine, some)
        owners = np.array([parts[number][0] for number in batch])
        shares = np.array([len(tokens) for tokens in some]) / lengths[owners]
        np.add.at(scores, owners, shares[:, None] * read.astype(np.float64))
    check_numbers(scores)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    found[lengths == 0] = 0.0
    return found


def evaluate_model(
    model: AnyModel, sentences: Sequence[Sentence], settings: PredictConfig = DEFAULTS
) -> LabelScores:
    """Score the likeliest labels, the first of equals, of sentences with labels."""
    found = label_probabilities(model, [sentence.tokens for sentence in sentences], settings)
    likeliest = [model.outputs[number] for number in found.argmax(1).tolist()]
    return score_labels([label_of(sentence) for sentence in sentences], likeliest)
