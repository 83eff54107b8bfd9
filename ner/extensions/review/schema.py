"""Requests of the page: their fields, checked."""

from typing import Annotated, Self

from ner.corpus import Decision
from ner.extensions.review.review import Change
from ner.extensions.server.packages import BaseModel, ConfigDict, Field, ValidationError
from ner.extensions.server.problems import Problem
from ner.text import Span

MOST = 1000  # sentences that are asked for, or decided, at once
Number = Annotated[int, Field(ge=0)]
Text = Annotated[str, Field(max_length=1000)]


class Body(BaseModel):
    """A request; unknown fields and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls, body: bytes | bytearray) -> Self:
        """Read a request from JSON. Raises `Problem`."""
        try:
            return cls.model_validate_json(bytes(body))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise Problem(422, f"{place or 'the body'}: {first['msg']}") from None


class Numbers(Body):
    """The numbers of sentences."""

    ids: Annotated[list[Number], Field(max_length=MOST)]


class EntityBody(Body):
    """An entity of characters."""

    start: Number
    end: Number
    label: Text
    layer: Text = ""


class ChangeBody(Body):
    """A decision on a sentence, and the version that was seen."""

    id: Number
    version: Number
    entities: list[EntityBody]
    accepted: bool
    note: Annotated[str, Field(max_length=100_000)] = ""

    def change(self) -> Change:
        """The decision as a review takes it."""
        spans = tuple(Span(e.start, e.end, e.label, e.layer) for e in self.entities)
        return Change(self.version, Decision(spans, self.accepted, self.note))


class Changes(Body):
    """Decisions that are one stroke."""

    changes: Annotated[list[ChangeBody], Field(max_length=MOST)]


class Search(Body):
    """A string, and whether its case counts."""

    text: Text
    case: bool = True


class LabelAll(Search):
    """A type for all places where a string stands; "" takes entities away."""

    label: Text
    layer: Text = ""
    replace: bool = False
