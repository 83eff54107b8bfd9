"""Columns of texts, tagged into columns of Arrow; only what calls this needs pyarrow."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.corpus import load_arrow
from ner.errors import NerError, UsageError, escaped
from ner.inputs import is_missing
from ner.tagger import Tagger
from ner.text import Document, Entity

if TYPE_CHECKING:
    import pyarrow

_FIELDS = {"start": "int32", "end": "int32", "label": "string", "text": "string", "score": "double"}
_LONGEST = 1000  # characters of a message in the column of errors


def tagger_of(model: Tagger | str | Path | None, settings: Mapping[str, Any] | None) -> Tagger:
    """The tagger of a column: `model` itself, or what `load` reads under that name.

    Raises what `load` raises, and `UsageError` for settings of a tagger that is loaded already.
    """
    if not isinstance(model, Tagger):
        return Tagger.load(model, "cpu", settings)
    if settings:
        raise UsageError("settings are those of a model to load; load the tagger with them")
    return model


def entity_fields(layers: bool) -> dict[str, str]:
    """The fields of an entity, of a model with several tag layers or not, and their types."""
    return _FIELDS | ({"layer": "string"} if layers else {})


def tag_values(tagger: Tagger, values: Sequence[object]) -> "pyarrow.StructArray":
    """Tag the values of a column: an array of structs of ``entities`` and ``error``.

    Of each struct one is null, and both where the value is missing. An entity is a struct of
    ``start``, ``end``, ``label``, ``text``, ``score``, and ``layer`` of a model with several.
    """
    pyarrow = load_arrow()
    texts = [None if is_missing(value) else value for value in values]
    tagged = _tag_each(tagger, texts)
    found = [
        one.entities if isinstance(one, Document) and text is not None else None
        for text, one in zip(texts, tagged, strict=True)
    ]
    messages = [_message(one) if isinstance(one, Exception) else None for one in tagged]
    columns = [_entity_array(found, bool(tagger.layers)), pyarrow.array(messages, "string")]
    return pyarrow.StructArray.from_arrays(columns, names=["entities", "error"])


def _tag_each(tagger: Tagger, texts: Sequence[object]) -> Sequence[Document | Exception]:
    """Tag texts; one that fails has its error, found by halving what fails with it."""
    if len(texts) > 1:
        try:
            return list(tagger.pipe(texts))  # type: ignore[arg-type]
        except Exception:  # whatever it is, other texts can be tagged
            half = len(texts) // 2
            return [*_tag_each(tagger, texts[:half]), *_tag_each(tagger, texts[half:])]
    try:
        return [tagger(text) for text in texts]  # type: ignore[arg-type]
    except Exception as error:
        return [error]


def _message(error: Exception) -> str:
    kind = "" if isinstance(error, NerError) else type(error).__name__
    return escaped(": ".join(filter(None, (kind, str(error)))))[:_LONGEST]


def _entity_array(found: Sequence[Sequence[Entity] | None], layers: bool) -> "pyarrow.ListArray":
    """Build an array of lists of entities, field by field: that of dicts takes twice as long."""
    pyarrow = load_arrow()
    types = entity_fields(layers)
    entities = [entity for several in found for entity in several or ()]
    columns = [
        pyarrow.array(map(attrgetter(name), entities), type_, size=len(entities))
        for name, type_ in types.items()
    ]
    ends = accumulate((len(several or ()) for several in found), initial=0)
    return pyarrow.ListArray.from_arrays(
        pyarrow.array(ends, "int32", size=len(found) + 1),
        pyarrow.StructArray.from_arrays(columns, names=[*types]),
        mask=pyarrow.array((several is None for several in found), "bool", size=len(found)),
    )
