"""JSON Lines: an object for each document."""

import json
import re
from typing import Any

from ner.render.base import Renderer, writable
from ner.text import Document, Entity, NBest

# JSON escapes the other line ends itself; these three would end a line for some readers.
_LINE_END = re.compile("[\x85\u2028\u2029]")


class JsonLinesRenderer(Renderer):
    """One object a line: ``{"text": …, "entities": [{"start", "end", "label", "score", "text"}]}``.

    Offsets count Unicode characters, half-open: ``text[start:end]`` is the entity's text.
    Where a document has alternatives, ``"nbest": [{"start", "end", "alternatives":
    [{"probability", "entities"}]}]`` has one object for each sentence.
    """

    def document(self, document: Document) -> str:
        """The object on one line, by whatever reading of "line"."""
        record: dict[str, Any] = {
            "text": document.text,
            "entities": [_json_entity(entity) for entity in document.entities],
        }
        if document.nbest is not None:
            record["nbest"] = [_json_nbest(sentence) for sentence in document.nbest]
        line = json.dumps(record, ensure_ascii=False)
        return _LINE_END.sub(lambda end: f"\\u{ord(end[0]):04x}", writable(line)) + "\n"


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
