"""A review: the sentences of files, the decisions on them, and what follows when one is made."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ner.corpus import (
    Decision,
    History,
    InvalidRecord,
    Stroke,
    check_entities,
    decided,
    do_line,
    placed_entities,
)
from ner.errors import UsageError
from ner.extensions.review.ledger import Ledger
from ner.extensions.review.proposals import Proposals
from ner.text import Sentence, Span, in_reading_order

LayeredType = tuple[str, str]
"""A tag layer ("" where there are none), and a type of its entities."""


class Change(NamedTuple):
    """A decision on a sentence as somebody saw it, in a version."""

    version: int
    decision: Decision


class Conflict(Exception):
    """Sentences, by number, that have changed since somebody saw them."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__(numbers)
        self.numbers = numbers


class Review:
    """The state of a review: the files as they were, and the journal."""

    def __init__(
        self,
        sentences: Sequence[Sentence],
        history: History,
        ledger: Ledger,
        *,
        unlabelled: bool = False,
        types: Iterable[LayeredType] = (),
        layers: Sequence[str] = (),
        proposals: Proposals | None = None,
    ) -> None:
        """`unlabelled` sentences begin with what is proposed for them; `types` come first.

        `layers` are the tag layers that entities may have, if they have any.
        """
        self.sentences, self.unlabelled = sentences, unlabelled
        self.layers = layers
        self.proposals = proposals
        self._history, self._ledger = history, ledger
        self._types = dict.fromkeys(types)
        self._types |= dict.fromkeys(sorted({t for s in sentences for t in _types_of(s)}))
        self._note_types(history.decisions.values())

    # --- how it stands ----------------------------------------------------------------------------

    @property
    def types(self) -> list[LayeredType]:
        """The types in the order of their number keys; new ones are the last."""
        return list(self._types)

    @property
    def can_undo(self) -> bool:
        """True if there is a stroke to take back."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """True if there is a stroke to make again."""
        return self._history.can_redo

    def version(self, number: int) -> int:
        """The number of changes that a sentence has had."""
        return self._history.versions.get(number, 0)

    def decision(self, number: int) -> Decision:
        """The decision on a sentence, or what it begins with."""
        return self._history.decisions.get(number) or Decision(self.original(number))

    def is_decided(self, number: int) -> bool:
        """True if there is a decision on a sentence."""
        return number in self._history.decisions

    def original(self, number: int) -> tuple[Span, ...]:
        """The labels of a sentence in its file, or what is proposed where that has none."""
        if self.unlabelled and self.proposals:
            return self.proposals.entities(number)
        return placed_entities(self.sentences[number], self.sentences[number].spans)

    def statuses(self) -> str:
        """A letter for each sentence: accepted, changed or open."""
        decisions = self._history.decisions
        letters = ["o"] * len(self.sentences)
        for number, decision in decisions.items():
            letters[number] = "a" if decision.accepted else "c"
        return "".join(letters)

    def result(self) -> list[Sentence]:
        """The sentences as decided; of text without labels, those that are accepted."""
        decisions = self._history.decisions
        return [
            decided(sentence, decisions[number]) if number in decisions else sentence
            for number, sentence in enumerate(self.sentences)
            if not self.unlabelled or (number in decisions and decisions[number].accepted)
        ]

    # --- what is done -----------------------------------------------------------------------------

    def decide(self, changes: Mapping[int, Change]) -> list[int]:
        """Make and save a decision on each of some sentences, in one stroke.

        Returns their numbers. Raises `Conflict` where one has changed since it was seen,
        `UsageError` for what cannot be, and `NerError` where it cannot be saved; nothing is done
        then.
        """
        for number, (_, decision) in changes.items():
            self._check(number, decision)
        stale = [n for n, (version, _) in changes.items() if version != self.version(n)]
        if stale:
            raise Conflict(stale)
        return self._do({number: decision for number, (_, decision) in changes.items()})

    def _check(self, number: int, decision: Decision) -> None:
        if not 0 <= number < len(self.sentences):
            raise UsageError(f"there is no sentence {number}; there are {len(self.sentences)}")
        try:
            check_entities(self.sentences[number], decision.entities)
        except InvalidRecord as error:
            raise UsageError(f"{self.sentences[number].place}: {error}") from None
        for entity in decision.entities:
            if (entity.layer, entity.label) not in self._types:
                self.check_type((entity.layer, entity.label))

    def check_type(self, kind: LayeredType) -> None:
        """Raise `UsageError` for a new type that the output could not hold."""
        layer, label = kind
        check_name(label)
        if layer not in (self.layers or ("",)):
            known = ", ".join(self.layers) or "none"
            raise UsageError(f"there is no tag layer {layer!r:.60}; there are: {known}")

    def _do(self, stroke: Stroke) -> list[int]:
        if not stroke:
            return []
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._ledger.append(do_line(stroke, now))
        self._note_types(stroke.values())
        return self._history.do(stroke)

    def label_all(
        self,
        places: Mapping[int, Sequence[tuple[int, int]]],
        kind: LayeredType,
        *,
        replace: bool = False,
    ) -> list[int]:
        """Give ranges of characters in some sentences a type, in one stroke.

        Ranges that overlap entities of the layer are left out; with `replace`, entities of just
        these ranges get the type. The type "" takes those away. Returns the sentences that change;
        raises as `decide`.
        """
        stroke: Stroke = {}
        for number, ranges in places.items():
            before = self.decision(number)
            entities = _labelled(before.entities, ranges, kind, replace=replace)
            if {*entities} != {*before.entities}:
                after = Decision(entities, before.accepted, before.note)
                self._check(number, after)
                stroke[number] = after
        return self._do(stroke)

    def undo(self) -> list[int]:
        """Take the last stroke back, and save that; returns the sentences that change."""
        if not self.can_undo:
            return []
        self._ledger.append({"undo": True})
        return self._history.undo()

    def redo(self) -> list[int]:
        """Make the stroke again that was taken back last, and save that."""
        if not self.can_redo:
            return []
        self._ledger.append({"redo": True})
        return self._history.redo()

    def _note_types(self, decisions: Iterable[Decision | None]) -> None:
        for decision in decisions:
            for entity in decision.entities if decision else ():
                self._types.setdefault((entity.layer, entity.label))


def check_name(label: str) -> None:
    """Raise `UsageError` for a new type that not every format can hold."""
    if not label or len(label) > 100 or not label.isprintable() or set(label) & set(" ,:"):
        raise UsageError(f"{label!r:.60} is no name of a type; write a word, as WORK or Arzt")


def _types_of(sentence: Sentence) -> set[LayeredType]:
    partial = {("", known.label) for known in sentence.partial if known.label}
    return partial | {(span.layer, span.label) for span in sentence.spans}


def _labelled(
    entities: Sequence[Span],
    ranges: Sequence[tuple[int, int]],
    kind: LayeredType,
    *,
    replace: bool,
) -> tuple[Span, ...]:
    """Entities with others at some ranges, as `Review.label_all` says."""
    layer, label = kind
    own = [entity for entity in entities if entity.layer == layer]
    if not label:
        gone = {entity for entity in own if (entity.start, entity.end) in ranges}
        return tuple(entity for entity in entities if entity not in gone)
    exact = {e for e in own if replace and (e.start, e.end) in ranges}
    kept = [entity for entity in entities if entity not in exact]
    others = [entity for entity in own if entity not in exact]
    new = [Span(start, end, label, layer) for start, end in ranges]
    return tuple(in_reading_order([*kept, *(e for e in new if not _overlaps(e, others))]))


def _overlaps(entity: Span, others: Iterable[Span]) -> bool:
    return any(entity.start < other.end and other.start < entity.end for other in others)
