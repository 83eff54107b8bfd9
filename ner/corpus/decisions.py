"""Decisions of a person about the labels of a sentence, and the sentence that follows from them.

The entities of a decision are ranges of characters in the tokens joined by single blanks, whatever
their text was: one may end within a token, which is then split.
"""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ner.corpus.records import InvalidRecord, Offsets, field_of, is_list_of, kind_of
from ner.frozen import frozen
from ner.text import Sentence, Span, in_reading_order


@frozen()
class Decision:
    """The entities of a sentence as a person sees them, if they are all of them, and a note."""

    entities: tuple[Span, ...]  # of characters
    accepted: bool = False
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All of it, as a journal has it."""
        entities = [entity.to_dict() for entity in self.entities]
        return {"entities": entities, "accepted": self.accepted, "note": self.note}


def token_ranges(tokens: Iterable[str]) -> list[Offsets]:
    """The range of each token in the text of a decision."""
    ends = itertools.accumulate((len(token) + 1 for token in tokens), initial=0)
    return [(start, end - 1) for start, end in itertools.pairwise(ends)]


def placed_entities(sentence: Sentence, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans of tokens as entities of a decision, in reading order."""
    ranges = token_ranges(sentence.tokens)
    placed = (replace(s, start=ranges[s.start][0], end=ranges[s.end - 1][1]) for s in spans)
    return tuple(in_reading_order(placed))


def check_entities(sentence: Sentence, entities: Iterable[Span]) -> None:
    """Raise `InvalidRecord` for entities that the sentence cannot have."""
    ranges = token_ranges(sentence.tokens)
    free: dict[str, int] = {}
    for entity in in_reading_order(entities):
        told = f"the entity [{entity.start}, {entity.end})"
        if not _is_at_tokens(entity, ranges):
            raise InvalidRecord(f"{told} does not begin and end at characters of tokens")
        if not entity.label or not entity.label.isprintable():
            raise InvalidRecord(f"{told} has the type {entity.label!r:.60}; give it a name")
        if entity.start < free.get(entity.layer, 0):
            raise InvalidRecord(f"{told} overlaps another one; remove one of them")
        free[entity.layer] = entity.end


def _is_at_tokens(entity: Span, ranges: Sequence[Offsets]) -> bool:
    """Tell if the first and the last character of an entity are of tokens, not between them."""
    if not 0 <= entity.start < entity.end <= ranges[-1][1]:
        return False
    first = bisect_right(ranges, (entity.start, ranges[-1][1])) - 1
    last = bisect_left(ranges, (entity.end, 0)) - 1
    return entity.start < ranges[first][1] and entity.end <= ranges[last][1]


def decided(sentence: Sentence, decision: Decision) -> Sentence:
    """The sentence with the entities of a decision, all of it labelled.

    Tokens are split where an entity ends within one. Raises `InvalidRecord` for entities that it
    cannot have.
    """
    check_entities(sentence, decision.entities)
    pieces = list(_pieces(sentence.tokens, decision.entities))
    starts = [start for _, start, _ in pieces]
    spans = tuple(
        replace(e, start=bisect_right(starts, e.start) - 1, end=bisect_left(starts, e.end))
        for e in in_reading_order(decision.entities)
    )
    if len(pieces) == len(sentence):
        return replace(sentence, spans=spans, partial=())
    joined = " ".join(sentence.tokens)
    offsets = sentence.offsets or token_ranges(sentence.tokens)
    ranges = token_ranges(sentence.tokens)
    shifts = [first - start for (first, _), (start, _) in zip(offsets, ranges, strict=True)]
    return replace(
        sentence,
        tokens=tuple(joined[start:end] for _, start, end in pieces),
        spans=spans,
        offsets=tuple((start + shifts[n], end + shifts[n]) for n, start, end in pieces),
        partial=(),
    )


def _pieces(tokens: Sequence[str], entities: Iterable[Span]) -> Iterator[tuple[int, int, int]]:
    """The tokens, cut where entities end: the number of each, and the range of the piece."""
    borders = sorted({border for entity in entities for border in (entity.start, entity.end)})
    for number, (start, end) in enumerate(token_ranges(tokens)):
        inside = borders[bisect_right(borders, start) : bisect_left(borders, end)]
        for piece in itertools.pairwise([start, *inside, end]):
            yield number, *piece


def in_same_tokens(one: Sentence, other: Sentence) -> tuple[Sentence, Sentence]:
    """Two decided sentences of one origin with the tokens of both, however either split them."""
    if one.tokens == other.tokens:
        return one, other
    borders = sorted({0, *_ends(one.tokens), *_ends(other.tokens)})
    return _recut(one, borders), _recut(other, borders)


def _ends(tokens: Iterable[str]) -> list[int]:
    """The end of each token in the characters of all of them, without blanks."""
    return list(itertools.accumulate(map(len, tokens)))


def _recut(sentence: Sentence, borders: Sequence[int]) -> Sentence:
    text, ends = "".join(sentence.tokens), [0, *_ends(sentence.tokens)]
    spans = tuple(
        replace(s, start=borders.index(ends[s.start]), end=borders.index(ends[s.end]))
        for s in sentence.spans
    )
    tokens = tuple(text[start:end] for start, end in itertools.pairwise(borders))
    return replace(sentence, tokens=tokens, spans=spans, offsets=None)


def parse_decision(value: Any) -> Decision:
    """Check the fields of a decision. Raises `InvalidRecord`."""
    if type(value) is not dict:
        raise InvalidRecord(f"is {kind_of(value)}, not a decision")
    found = field_of(value, "entities", list)
    if not is_list_of(found, dict):
        raise InvalidRecord("'entities' are not objects with start, end and label")
    accepted = value.get("accepted")
    if not isinstance(accepted, bool):
        raise InvalidRecord(f"'accepted' is {kind_of(accepted)}, not true or false")
    return Decision(tuple(map(_entity, found)), accepted, field_of(value, "note", str))


def _entity(value: dict[str, Any]) -> Span:
    start, end = field_of(value, "start", int), field_of(value, "end", int)
    return Span(start, end, field_of(value, "label", str), str(value.get("layer") or ""))
