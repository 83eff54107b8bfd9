"""Requests and answers as programs write them: their fields, checked, and in OpenAPI.

Unknown fields, values of another type and numbers out of range are refused, with a message on one
line that names the field.
"""

from typing import Annotated, Any, Literal, Self

from ner.extensions.server.jobs import Asked
from ner.extensions.server.limits import Limits
from ner.extensions.server.packages import BaseModel, ConfigDict, Field, ValidationError
from ner.extensions.server.problems import Problem

MOST_NBEST = 20
_EXAMPLES: list[Any] = [
    {"text": "Angela Merkel visited Paris."},
    {
        "texts": ["Lima v San Telmo", "Bonn – Rome"],
        "min_score": 0.5,
        "o_bias": -1.0,
        "nbest": 3,
        "sentences": True,
        "offsets": "utf16",
        "force": {"ORG": ["San Telmo"]},
    },
    {"tokens": [["Angela", "Merkel", "visited", "Paris", "."]]},
]


class TagRequest(BaseModel):
    """A text, several texts, or sentences of tokens, and how they are tagged."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra={"examples": _EXAMPLES}
    )

    text: str | None = Field(None, description="One text.")
    texts: list[str] | None = Field(None, description="Several texts, each by itself.")
    tokens: list[list[Annotated[str, Field(min_length=1)]]] | None = Field(
        None, description="Sentences that are cut into tokens; offsets are as with blanks between."
    )
    model: str | None = Field(None, description="The name of a model; else the first.")
    min_score: float | None = Field(
        None, ge=0, lt=1, description="Leave out entities with a lower score."
    )
    o_bias: float | None = Field(
        None, ge=-100, le=100, description="Above 0 fewer entities, below 0 more."
    )
    nbest: int = Field(
        0, ge=0, le=MOST_NBEST, description="So many most probable analyses of each sentence."
    )
    sentences: bool = Field(False, description="Also the ranges of the sentences.")
    offsets: Literal["characters", "utf16"] = Field(
        "characters", description="Offsets in code points, or in UTF-16 units as in JavaScript."
    )
    force: dict[str, list[str]] = Field(
        {}, description="Entries by type, whose matches are entities whatever the model finds."
    )

    @classmethod
    def read(cls, body: bytes | bytearray, limits: Limits) -> Self:
        """Read a request from JSON. Raises `Problem` for one that is wrong or too large."""
        try:
            request = cls.model_validate_json(bytes(body))
        except ValidationError as error:
            raise _refused(error) from None
        request._check(limits)
        return request

    def _check(self, limits: Limits) -> None:
        if sum(given is not None for given in (self.text, self.texts, self.tokens)) != 1:
            raise Problem(422, "give one of text, texts and tokens")
        asked = self.asked()
        for what, count, most in (
            ("characters (n best analyses count n times)", asked.characters, limits.characters),
            ("texts", len(asked.texts) + len(asked.tokens), limits.texts),
            ("forced entries", sum(map(len, self.force.values())), limits.forced),
        ):
            if count > most:
                raise Problem(413, f"{count:,} {what} are more than {most:,}; send fewer at once")

    def asked(self) -> Asked:
        """The request as the tagger takes it."""
        given = {"predict.min_score": self.min_score, "predict.o_bias": self.o_bias}
        return Asked(
            texts=(self.text,) if self.text is not None else self.texts or (),
            tokens=self.tokens or (),
            settings=tuple((key, value) for key, value in given.items() if value is not None),
            force=self.force,
            nbest=self.nbest,
        )


def _refused(error: ValidationError) -> Problem:
    """The first thing that is wrong with a request; what it quotes of it is short."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(400, f"the body is not JSON: {first['msg'].removeprefix('Invalid JSON: ')}")
    place = ".".join(str(part)[:40] for part in first["loc"]) or "the body"
    return Problem(422, f"{place}: {first['msg']}")


class EntityFound(BaseModel):
    """An entity: ``text[start:end]`` in the unit that was asked for."""

    start: int
    end: int
    label: str
    score: float = Field(description="The probability of this entity under the model.")
    text: str
    layer: str | None = Field(None, description="Where the model has several tag layers.")
    token_start: int | None = Field(None, description="Where tokens were given.")
    token_end: int | None = None


class AlternativeFound(BaseModel):
    """One analysis of a sentence."""

    probability: float
    entities: list[EntityFound]


class SentenceRanked(BaseModel):
    """The most probable analyses of a sentence, best first."""

    start: int
    end: int
    alternatives: list[AlternativeFound]


class SentenceRange(BaseModel):
    """The range of a sentence."""

    start: int
    end: int


class DocumentFound(BaseModel):
    """The findings in one text."""

    entities: list[EntityFound]
    text: str | None = Field(None, description="Where tokens were given: they, blanks between.")
    sentences: list[SentenceRange] | None = None
    nbest: list[SentenceRanked] | None = None


class TagAnswer(BaseModel):
    """The findings in each text, in order."""

    model: str
    documents: list[DocumentFound]


class ModelFacts(BaseModel):
    """A model that the server has."""

    name: str
    labels: list[str]
    layers: list[str] = Field(description="Its tag layers, if it has several.")
    corpus: str
    parameters: int
    whole_documents: bool = Field(description="Its sentences depend on each other.")
    min_score: float
    o_bias: float
    loaded: float = Field(description="Seconds since 1970.")


class ModelList(BaseModel):
    """The models, the one for requests that name none first."""

    models: list[ModelFacts]
    formats: list[str] = Field(description="The formats of /v1/export.")


class ProblemDetails(BaseModel):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
