"""JSON Lines: an object for each document."""

import json
import re
from collections.abc import Collection
from typing import Any

from ner.render.base import NOWHERE, Renderer, writable
from ner.text import Document, Entity, NBest, Origin

# JSON escapes the other line ends itself; these three would end a line for some readers.
_LINE_END = re.compile("[\x85\u2028\u2029]")


class JsonLinesRenderer(Renderer):
    """One object a line: ``{"text": …, "entities": [{"start", "end", "label", "score", "text"}]}``.

    Offsets count Unicode characters, half-open: ``text[start:end]`` is the entity's text.
    Where a document has alternatives, ``"nbest": [{"start", "end", "alternatives":
    [{"probability", "entities"}]}]`` has one object for each sentence. Other fields of the input
    are kept; its ``entities`` and ``nbest`` are not.
    """

    extension = ".jsonl"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The object on one line, by whatever reading of "line"."""
        record: dict[str, Any] = {
            "text": document.text,
            "entities": [_json_entity(entity) for entity in document.entities],
        }
        if document.nbest is not None:
            record["nbest"] = [_json_nbest(sentence) for sentence in document.nbest]
        return json_line(record | kept_fields(origin, ("text",), dropped=("entities", "nbest")))


def json_line(record: Any) -> str:
    """A value as JSON on one line, by whatever reading of "line"."""
    line = json.dumps(record, ensure_ascii=False)
    return _LINE_END.sub(lambda end: f"\\u{ord(end[0]):04x}", writable(line)) + "\n"


def kept_fields(
    origin: Origin, taken: Collection[str], dropped: Collection[str] = ()
) -> dict[str, Any]:
    """Other fields of a record of the input; names that are taken get ``input_`` before them."""
    return {
        f"input_{name}" if name in taken else name: value
        for name, value in origin.fields.items()
        if name not in dropped
    }


def _json_entity(entity: Entity) -> dict[str, Any]:
    return {
        "start": entity.start,
        "end": entity.end,
        "label": entity.label,
        "score": entity.score,
        "text": entity.text,
    }


def _json_nbest(sentence: NBest) -> dict[str, Any]:
    alternatives = [
        {"probability": one.probability, "entities": [_json_entity(e) for e in one.entities]}
        for one in sentence.alternatives
    ]
    return {"start": sentence.start, "end": sentence.end, "alternatives": alternatives}
