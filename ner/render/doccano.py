"""doccano's JSONL: ``{"text": …, "label": [[start, end, type], …]}``."""

from ner.render.base import NOWHERE, Renderer
from ner.render.jsonl import json_line, kept_fields
from ner.text import Document, Origin


class DoccanoRenderer(Renderer):
    """One object a line, for the import of sequence labelling; other fields become metadata.

    Scores are lost.
    """

    extension = ".jsonl"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The object on one line."""
        labels = [[entity.start, entity.end, entity.label] for entity in document.entities]
        record = {"text": document.text, "label": labels}
        return json_line(record | kept_fields(origin, record))
