"""Dictionary override: entities by rule, in place of what the model finds.

Matches of the lists are entities in any case: a rule applied to the model's results. Word lists
that a model was trained with are features, and a match of theirs decides nothing.
"""

from collections.abc import Sequence

from ner.features import WordList
from ner.predict.spans import Prediction
from ner.text import Span


def rule_spans(lists: Sequence[WordList], tokens: Sequence[str]) -> list[Span]:
    """The matches of several lists as spans, in order.

    Of overlapping matches the longest stays, then that of the first list, then the first.
    """
    ranked = sorted(
        (start - end, number, start, end)
        for number, words in enumerate(lists)
        for start, end in words.matches(tokens)
    )
    taken = bytearray(len(tokens))
    spans = []
    for _, number, start, end in ranked:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            spans.append(Span(start, end, lists[number].label))
    return sorted(spans)


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
