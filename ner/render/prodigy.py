"""Prodigy's JSONL: ``{"text": …, "tokens": […], "spans": […]}``."""

from typing import Any

from ner.render.base import NOWHERE, Renderer
from ner.render.jsonl import json_line
from ner.text import Document, Origin


class ProdigyRenderer(Renderer):
    """One task a line, with the tokens that ``ner.manual`` needs; other fields go into ``meta``."""

    extension = ".jsonl"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The task on one line."""
        tokens = _tokens(document)
        first = {token["start"]: token["id"] for token in tokens}
        last = {token["end"]: token["id"] for token in tokens}
        spans = [
            {
                "start": entity.start,
                "end": entity.end,
                "label": entity.label,
                "token_start": first.get(entity.start),
                "token_end": last.get(entity.end),  # inclusive
                "score": entity.score,
            }
            for entity in document.entities
        ]
        record = {"text": document.text, "tokens": tokens, "spans": spans}
        return json_line(record | ({"meta": dict(origin.fields)} if origin.fields else {}))


def _tokens(document: Document) -> list[dict[str, Any]]:
    offsets = [place for sentence in document.sentences for place in sentence.offsets or ()]
    return [
        {
            "text": document.text[start:end],
            "start": start,
            "end": end,
            "id": number,
            "ws": document.text[end : end + 1] == " ",
        }
        for number, (start, end) in enumerate(offsets)
    ]
