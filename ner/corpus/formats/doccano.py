"""doccano: a text with ``[start, end, label]`` or with entities of ``start_offset``.

::

    {"id": 1, "text": "EU meets Anna Berg.", "label": [[0, 2, "ORG"], [9, 18, "PER"]]}
    {"id": 1, "text": "EU …", "entities": [{"start_offset": 0, "end_offset": 2, "label": "ORG"}]}

Old exports have ``labels`` or ``annotations``, in which types may be numbers of a list in the tool.
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat
from ner.corpus.records import (
    CharacterSpan,
    InvalidRecord,
    TextRecord,
    field_of,
    kind_of,
    offset_entity,
    triple_entity,
)
from ner.interchange import doccano_record

_FIELDS = ("label", "labels", "entities", "annotations")
_TEXTS = ("text", "data")


class Doccano(RecordFormat):
    """``{"text", "label": [[start, end, type]]}`` and its relatives."""

    name = "doccano"
    makers = "doccano (sequence labelling, JSONL)"
    by_offsets = True
    keys = "text, label or labels of [start, end, type], entities of start_offset, end_offset"
    loses = ("tokens", "documents")

    def fits(self, value: Any) -> bool:
        """Tell if a text has triples or objects with a ``start_offset``."""
        if not isinstance(value, dict) or _text_key(value) is None:
            return False
        entities = [value[key] for key in _FIELDS if isinstance(value.get(key), list)]
        return any(all(map(_is_entity, items)) for items in entities)

    def record(self, value: Any, line: int, given: Input) -> TextRecord:
        """Take the entities of all fields. Raises `InvalidRecord`."""
        if not isinstance(value, dict):
            raise InvalidRecord(f"is {kind_of(value)}, not an object with text and label")
        text = field_of(value, _text_key(value) or "text", str)
        fields = [key for key in _FIELDS if value.get(key) is not None]
        if not fields:
            field_of(value, "label", list)
        items = [item for key in fields for item in field_of(value, key, list)]
        return TextRecord(line, text, [_entity(item, given.config.labels) for item in items])

    def value(self, sentence: Output) -> Any:
        """A text with triples."""
        text, _, entities = sentence.placed()
        return doccano_record(text, entities)


def _text_key(value: dict[str, Any]) -> str | None:
    return next((key for key in _TEXTS if isinstance(value.get(key), str)), None)


def _is_entity(item: Any) -> bool:
    if isinstance(item, dict):
        return "start_offset" in item
    return isinstance(item, list) and len(item) == 3 and isinstance(item[0], int)


def _entity(item: Any, labels: str) -> CharacterSpan:
    """One entity, its type named by ``--labels`` if it is a number. Raises `InvalidRecord`."""
    if isinstance(item, list):
        return triple_entity(item, labels)
    return offset_entity(item, labels, "start_offset", "end_offset")
