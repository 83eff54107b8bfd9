"""The core types: `Span`, `Entity`, `PartialLabel`, `Sentence`, `Document`.

Every range is half-open, ``[start, end)``: of tokens in a `Span`, of characters in an `Entity`.
"""

import itertools
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import sub
from typing import Any, Literal, NamedTuple, TypeVar, overload

from ner.frozen import frozen
from ner.markup import Content, Labelled, Piece, cut, marked_paragraph

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: no character, though Python can hold it; no UTF-8 can."""


Case = Literal["lower", "upper", "title"]
"""Another case of text: lower case, capitals, or a capital letter at the front of each token."""

_IN_CASE: Mapping[Case, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.capitalize,  # `str.title` makes McDonald's McDonald'S
}
CASES = tuple(_IN_CASE)


def recased(tokens: Iterable[str], case: Case) -> tuple[str, ...]:
    """Tokens in another case; some get longer (``ß`` in capitals), and as many stay the same."""
    return tuple(map(_IN_CASE[case], tokens))


def _told(value: Any) -> str:
    """The expression that makes a span or entity, without a layer that is not there."""
    told = ((field.name, getattr(value, field.name)) for field in fields(value))
    shown = (f"{name}={part!r}" for name, part in told if name != "layer" or part)
    return f"{type(value).__name__}({', '.join(shown)})"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A typed range of tokens: ``tokens[start:end]`` is an entity of type `label`.

    `layer` names its tag layer where a text has several; spans of different layers may overlap.
    """

    start: int
    end: int
    label: str
    layer: str = ""

    __repr__ = _told

    def to_dict(self) -> dict[str, Any]:
        """Its range and type, for JSON, and its layer if it has one."""
        layer = {"layer": self.layer} if self.layer else {}
        return {"start": self.start, "end": self.end, "label": self.label} | layer


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A typed range of characters: ``text == source[start:end]``; entities sort by place.

    `score` is the probability of that whole span with that type under the model; `layer` names its
    tag layer where the model has several.
    """

    start: int
    end: int
    label: str
    text: str
    score: float = 1.0
    layer: str = ""

    __repr__ = _told

    def __str__(self) -> str:
        return f"{self.text} ({self.label})"

    def to_dict(self) -> dict[str, Any]:
        """All about it, as ``ner tag --format jsonl`` writes it."""
        return {
            "start": self.start,
            "end": self.end,
            "label": self.label,
            "score": self.score,
            "text": self.text,
            **({"layer": self.layer} if self.layer else {}),
        }

    def _repr_html_(self) -> str:
        """Itself in its colour, for notebooks."""
        return marked_paragraph([_labelled(self.text, self)])


AnySpan = TypeVar("AnySpan", Span, Entity)


def layered_label(span: Span | Entity) -> str:
    """The type behind the layer, if there is one: ``outer:PER``."""
    return f"{span.layer}:{span.label}" if span.layer else span.label


def in_reading_order(spans: Iterable[AnySpan]) -> list[AnySpan]:
    """Spans by start, of those that start together the longest first, else as they came."""
    return sorted(spans, key=lambda span: (span.start, -span.end))


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


class Offsets(Sequence[tuple[int, int]]):
    """The character ranges of tokens in their text: a tuple of pairs in little memory.

    `ends` are those of the ranges. Equal to a tuple of the same pairs.
    """

    __slots__ = ("_ends", "_tokens")

    def __init__(self, tokens: Sequence[str], ends: "array[int]") -> None:
        self._tokens, self._ends = tokens, ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> tuple[int, int]: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[int, int], ...]: ...

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        end = self._ends[index]
        return end - len(self._tokens[index]), end

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(map(sub, self._ends, map(len, self._tokens)), self._ends, strict=True)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Offsets | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True, slots=True)
class Sentence:
    """Tokens, the entities among them, and where they come from.

    `offsets` are the character ranges of the tokens in the text they were cut from (none for
    corpora that hold tokens only). `document` numbers the documents of one file from 0; `source`
    and `line` (from 1) name the place of the first token, so that every message can name it.
    `partial` has the partial label of each token unless all is known; `spans` are then the entities
    that are known for certain, from end to end. `corpus` names its corpus among several;
    `unannotated` are types of the others that it does not label: a token outside may be of one.
    """

    tokens: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    offsets: Sequence[tuple[int, int]] | None = None
    document: int = 0
    source: str = ""
    line: int = 0
    partial: tuple[PartialLabel, ...] = ()
    corpus: str = ""
    unannotated: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.tokens)

    def with_spans(self, spans: tuple[Span, ...]) -> "Sentence":
        """The same with other spans, and no partial labels; quicker than `replace`."""
        return Sentence(self.tokens, spans, self.offsets, self.document, self.source, self.line)

    @property
    def layers(self) -> set[str]:
        """The tag layers of its entities: "" where they have none."""
        return {span.layer for span in self.spans}

    def of_layer(self, name: str) -> "Sentence":
        """The same with the entities of one tag layer alone, and no layers."""
        if not name and self.layers <= {""}:
            return self
        spans = tuple(replace(span, layer="") for span in self.spans if span.layer == name)
        return replace(self, spans=spans)

    @property
    def labels(self) -> set[str]:
        """The types of its entities, known from end to end or not."""
        return {span.label for span in self.spans} | {c.label for c in self.partial if c.label}

    def recased(self, case: Case) -> "Sentence":
        """The sentence in another case; it has no `offsets`, as no text has its tokens."""
        return replace(self, tokens=recased(self.tokens, case), offsets=None)

    @property
    def place(self) -> str:
        """``file:line`` of the first token."""
        return f"{self.source or '<memory>'}:{self.line}"

    def __repr__(self) -> str:
        """The expression that makes it, without what is left at its default."""
        pairs = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        told = (f"{name}={value!r}" for name, value, default in pairs if value != default)
        return f"Sentence({', '.join(told)})"

    def __str__(self) -> str:
        return "".join(_bracketed(*piece) for piece in self._pieces())

    def to_dict(self) -> dict[str, Any]:
        """All its fields, for JSON: lists in place of tuples, None for no offsets."""
        return {
            "tokens": list(self.tokens),
            "spans": [span.to_dict() for span in self.spans],
            "offsets": None if self.offsets is None else [list(pair) for pair in self.offsets],
            "document": self.document,
            "source": self.source,
            "line": self.line,
            "partial": [list(known) for known in self.partial],
            "corpus": self.corpus,
            "unannotated": sorted(self.unannotated),
        }

    def _repr_html_(self) -> str:
        """The tokens with the entities in colours, for notebooks."""
        return marked_paragraph(_labelled(*piece) for piece in self._pieces())

    def _pieces(self) -> Iterator[Piece[Span]]:
        """Cut the tokens, blanks between them, into pieces with a span or none."""
        ends = list(itertools.accumulate(len(token) + 1 for token in self.tokens))
        starts = [0, *ends]
        placed = (replace(s, start=starts[s.start], end=ends[s.end - 1] - 1) for s in self.spans)
        return cut(" ".join(self.tokens), placed)


def layers_of(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """The tag layers of sentences in the order of their first entities; () where there are none.

    Entities without a layer are of the layer "".
    """
    found = dict.fromkeys(span.layer for sentence in sentences for span in sentence.spans)
    return () if [*found] == [""] else tuple(found)


def by_corpus(sentences: Iterable[Sentence]) -> dict[str, list[Sentence]]:
    """The sentences of each corpus, by its name: "" where there is but one."""
    parts: defaultdict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        parts[sentence.corpus].append(sentence)
    return dict(parts)


SegmentedText = tuple[str, Sequence[Sentence]]
"""A text and its sentences, which have `offsets` into it."""


class Origin(NamedTuple):
    """The place of a document in its input, and what stood beside its text there.

    `line` of `source` counts from 1; `fields` are the other fields of its record, `rows` the lines
    of its tokens in a column file, whose `separator` is "" where blanks separate columns.
    """

    line: int = 0
    fields: Mapping[str, Any] = {}
    rows: Sequence[str] = ()
    source: str = ""
    separator: str = ""


@frozen()
class Alternative:
    """One analysis of a sentence: its entities and their joint probability."""

    probability: float
    entities: tuple[Entity, ...]


@frozen()
class NBest:
    """The n-best analyses of the sentence ``text[start:end]``, most probable first."""

    start: int
    end: int
    alternatives: tuple[Alternative, ...]

    def to_dict(self) -> dict[str, Any]:
        """The range and the analyses, as ``ner tag --format jsonl`` writes them."""
        alternatives = [
            {"probability": one.probability, "entities": [e.to_dict() for e in one.entities]}
            for one in self.alternatives
        ]
        return {"start": self.start, "end": self.end, "alternatives": alternatives}


@dataclass(frozen=True, slots=True)
class Document:
    """A piece of raw text with the entities found in it, in order of `start`."""

    text: str
    entities: tuple[Entity, ...]
    sentences: Sequence[Sentence] = ()
    nbest: tuple[NBest, ...] | None = None  # of each sentence, where asked for

    def __repr__(self) -> str:
        """The beginning of its text and its first entities, on one line."""
        text = self.text if len(self.text) <= _SHOWN_TEXT else self.text[:_SHOWN_TEXT] + "…"
        told = [f"{e.text!r} {e.label}" for e in self.entities[:_SHOWN_ENTITIES]]
        more = len(self.entities) - len(told)
        told += [f"{more} more"] * bool(more)
        return f"<Document {text!r}: {', '.join(told) or 'no entities'}>"

    def __str__(self) -> str:
        return "".join(_bracketed(*piece) for piece in pieces(self))

    def to_dict(self) -> dict[str, Any]:
        """Text, entities and alternatives, as ``ner tag --format jsonl`` writes them."""
        found = {"text": self.text, "entities": [entity.to_dict() for entity in self.entities]}
        if self.nbest is None:
            return found
        return found | {"nbest": [sentence.to_dict() for sentence in self.nbest]}

    def _repr_html_(self) -> str:
        """The text with the entities in colours, for notebooks."""
        return marked_paragraph(_labelled(*piece) for piece in pieces(self))


_SHOWN_TEXT = 60  # characters
_SHOWN_ENTITIES = 5


def pieces(document: Document) -> Iterator[tuple[Content[Entity], Entity | None]]:
    """Cut a document into stretches of text, each with its entity or none; none is left out."""
    if any(entity.layer for entity in document.entities):
        yield from cut(document.text, document.entities)
        return
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end, f"{entity} overlaps or is out of order"
        yield document.text[position : entity.start], None
        yield document.text[entity.start : entity.end], entity
        position = entity.end
    yield document.text[position:], None


def _bracketed(content: Content[Any], entity: Entity | Span | None) -> str:
    """A stretch of text, as ``[Paris](LOC)`` if it is an entity."""
    text = content if isinstance(content, str) else "".join(_bracketed(*p) for p in content)
    return f"[{text}]({layered_label(entity)})" if entity else text


def _labelled(content: Content[Any], entity: Entity | Span | None) -> Labelled:
    """A stretch of text with its label and a tip, for HTML."""
    text = content if isinstance(content, str) else [_labelled(*piece) for piece in content]
    if isinstance(entity, Entity):
        return text, entity.label, f"{layered_label(entity)}, score {entity.score:.3f}"
    return (text, entity.label, layered_label(entity)) if entity else (text, "", "")


def entities_of(text: str, sentence: Sentence, scores: Sequence[float]) -> list[Entity]:
    """Turn the token spans of a sentence into character entities of `text`.

    `sentence.offsets` must be set; `scores` has one probability per span.
    """
    assert sentence.offsets is not None, "a sentence without offsets has no characters to point at"
    entities = []
    for span, score in zip(sentence.spans, scores, strict=True):
        start, end = sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1]
        entities.append(Entity(start, end, span.label, text[start:end], score, span.layer))
    return entities
