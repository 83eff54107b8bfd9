"""Dictionary override: entities by rule, in place of what the model finds.

Matches of the lists are entities in any case: a rule applied to the model's results. Word lists
that a model was trained with are features, and a match of theirs decides nothing.
"""

from collections.abc import Sequence

from ner.predict.spans import Prediction
from ner.text import Span


def override(prediction: Prediction, rules: Sequence[Span], with_scores: bool) -> Prediction:
    """Put `rules` in place of all spans that they overlap, with the score 1, in order."""
    if not rules:
        return prediction
    spans, scores = prediction
    covered = {token for span in rules for token in range(span.start, span.end)}
    own = dict(zip(spans, scores if with_scores else [1.0] * len(spans), strict=True))
    kept = {s: own[s] for s in spans if covered.isdisjoint(range(s.start, s.end))}
    merged = sorted((kept | dict.fromkeys(rules, 1.0)).items())
    return Prediction(
        tuple(span for span, _ in merged),
        tuple(score for _, score in merged) if with_scores else (),
    )
