"""The core types: `Span`, `Entity`, `PartialLabel`, `Sentence`, `Document`; no dependencies.

Every range is half-open, ``[start, end)``: of tokens in a `Span`, of characters in an `Entity`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: no character, though Python can hold it; no UTF-8 can."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A typed range of tokens: ``tokens[start:end]`` is an entity of type `label`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A typed range of characters: ``text == source[start:end]``.

    `score` is the probability of that whole span with that type under the model.
    """

    start: int
    end: int
    label: str
    text: str
    score: float = 1.0


BoundaryConstraint = Literal["no", "yes", "same", "open"]
"""The constraint of the boundary before a token: does it continue the entity there?

``same``: if the token before is of its type (an I of IOB1 or IO); ``open``: unknown.
"""


class PartialLabel(NamedTuple):
    """The partial annotation of a token: its type, and the constraint of the boundary before it.

    `label` is empty outside entities, None if it is unknown. Where `continues`
    is ``no`` an entity may begin, and one of the token before ends.
    """

    label: str | None
    continues: BoundaryConstraint


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens, the entities among them, and where they come from.

    `offsets` are the character ranges of the tokens in the text they were cut from (none for
    corpora that hold tokens only). `document` numbers the documents of one file from 0; `source`
    and `line` (from 1) name the place of the first token, so that every message can name it.
    `partial` has the partial label of each token unless all is known; `spans` are then the entities
    that are known for certain, from end to end.
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    offsets: tuple[tuple[int, int], ...] | None = None
    document: int = 0
    source: str = ""
    line: int = 0
    partial: tuple[PartialLabel, ...] = ()

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def labels(self) -> set[str]:
        """The types of its entities, known from end to end or not."""
        return {span.label for span in self.spans} | {c.label for c in self.partial if c.label}

    @property
    def place(self) -> str:
        """``file:line`` of the first token."""
        return f"{self.source or '<memory>'}:{self.line}"


SegmentedText = tuple[str, Sequence[Sentence]]
"""A text and its sentences, which have `offsets` into it."""


class Origin(NamedTuple):
    """The place of a document in its input, and what stood beside its text there.

    `line` of `source` counts from 1; `fields` are the other fields of its record, `rows` the lines
    of its tokens in a column file.
    """

    line: int = 0
    fields: Mapping[str, Any] = {}
    rows: Sequence[str] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One analysis of a sentence: its entities and their joint probability."""

    probability: float
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class NBest:
    """The n-best analyses of the sentence ``text[start:end]``, most probable first."""

    start: int
    end: int
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A piece of raw text with the entities found in it, in order of `start`."""

    text: str
    entities: tuple[Entity, ...]
    sentences: tuple[Sentence, ...] = ()
    nbest: tuple[NBest, ...] | None = None  # of each sentence, where asked for


def entities_of(text: str, sentence: Sentence, scores: Sequence[float]) -> list[Entity]:
    """Turn the token spans of a sentence into character entities of `text`.

    `sentence.offsets` must be set; `scores` has one probability per span.
    """
    assert sentence.offsets is not None, "a sentence without offsets has no characters to point at"
    entities = []
    for span, score in zip(sentence.spans, scores, strict=True):
        start, end = sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1]
        entities.append(Entity(start, end, span.label, text[start:end], score))
    return entities
