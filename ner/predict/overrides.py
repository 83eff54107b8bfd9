"""Dictionary override: entities by rule, in place of what the model finds.

Matches of the lists are entities in any case: a rule applied to the model's results. Word lists
that a model was trained with are features, and a match of theirs decides nothing.
"""

from collections.abc import Sequence
from itertools import zip_longest

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
    covered = {token for span in rules for token in range(span.start, span.end)}
    scores = dict(zip_longest(*prediction)) | dict.fromkeys(rules, 1.0)
    kept = [s for s in prediction.spans if covered.isdisjoint(range(s.start, s.end))]
    spans = sorted([*kept, *rules])
    return Prediction(tuple(spans), tuple(scores[s] for s in spans) if with_scores else ())
