"""JSON Lines: an object for each document."""

import json
from collections.abc import Collection
from typing import Any

from ner.render.base import NOWHERE, Renderer, writable
from ner.text import Document, Origin

# JSON escapes the other line ends itself; these three would end a line for some readers.
_LINE_ENDS = "\x85\u2028\u2029"
_ENCODER = json.JSONEncoder(ensure_ascii=False)


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
        kept = kept_fields(origin, ("text",), dropped=("entities", "nbest"))
        return json_line(document.to_dict() | kept)


def json_line(record: Any) -> str:
    """A value as JSON on one line, by whatever reading of "line"."""
    line = _ENCODER.encode(record)
    if not line.isascii():
        line = writable(line)
        for end in _LINE_ENDS:
            line = line.replace(end, f"\\u{ord(end):04x}")
    return line + "\n"


def kept_fields(
    origin: Origin, taken: Collection[str], dropped: Collection[str] = ()
) -> dict[str, Any]:
    """Other fields of a record of the input; names that are taken get ``input_`` before them."""
    return {
        f"input_{name}" if name in taken else name: value
        for name, value in origin.fields.items()
        if name not in dropped
    }
