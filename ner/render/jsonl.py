"""JSON Lines: an object for each document."""

from ner.render.base import NOWHERE, Renderer, json_line, kept_fields
from ner.text import Document, Origin


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
