"""Gold and predicted entities matched: which are right, and which kind of mistake others are.

Gold and predicted entities of a sentence are matched, each at most once, and each pair or single
entity that is not right is one mistake:

=================  ===================================================
boundary           a pair of one type that overlaps, with other ends
type               a pair with the same ends and different types
boundary and type  a pair that overlaps, with other ends and types
missed             a gold entity that is left
spurious           a predicted entity that is left
=================  ===================================================

Same ends are matched first, then overlaps of one type, then other overlaps; within each the larger
overlap first, then what stands further left. So gold entities are the right ones, the pairs and the
missed; predicted ones are the right ones, the pairs and the spurious.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ner.text import Span

CORRECT = "correct"
KINDS = ("boundary", "type", "boundary and type", "missed", "spurious")


class Match(NamedTuple):
    """A gold entity and the predicted one that stands for it, or one of them alone.

    `kind` is one of `KINDS` or `CORRECT`; `score` that of the predicted one.
    """

    kind: str
    gold: Span | None
    predicted: Span | None
    score: float | None


def match_entities(
    gold: Sequence[Span], predicted: Sequence[Span], scores: Sequence[float] = ()
) -> list[Match]:
    """Match the entities of one sentence, by the rules above, in order of start.

    `scores` has one probability per predicted span, or nothing.
    """
    score_of = dict(zip(predicted, scores, strict=True)) if scores else {}
    pairs = [(one, other) for one in gold for other in predicted if _overlap(one, other)]
    found: list[Match] = []
    taken: set[tuple[str, Span]] = set()
    for one, other in sorted(pairs, key=_closeness):
        if not {("gold", one), ("predicted", other)} & taken:
            taken |= {("gold", one), ("predicted", other)}
            found.append(Match(_kind(one, other), one, other, score_of.get(other)))
    found += [Match("missed", one, None, None) for one in gold if ("gold", one) not in taken]
    found += [
        Match("spurious", None, other, score_of.get(other))
        for other in predicted
        if ("predicted", other) not in taken
    ]
    return sorted(found, key=lambda match: main_span(match).start)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def _kind(gold: Span, predicted: Span) -> str:
    if gold == predicted:
        return CORRECT
    if gold.label == predicted.label:
        return "boundary"
    same_ends = (gold.start, gold.end) == (predicted.start, predicted.end)
    return "type" if same_ends else "boundary and type"


def _closeness(pair: tuple[Span, Span]) -> tuple[int, int, int, int]:
    """A sort key: pairs with a smaller one are matched first."""
    gold, predicted = pair
    rank = (CORRECT, "type", "boundary", "boundary and type").index(_kind(gold, predicted))
    return rank, -_overlap(gold, predicted), gold.start, predicted.start


def main_span(match: Match) -> Span:
    """The entity that a match is counted with."""
    span = match.gold or match.predicted
    assert span, "a match has an entity"
    return span
