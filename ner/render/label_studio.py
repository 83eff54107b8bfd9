"""Label Studio's JSON: tasks with predictions, to be imported and corrected."""

from typing import Any

from ner.render.base import NOWHERE, Renderer
from ner.render.jsonl import json_line, kept_fields
from ner.text import Document, Entity, Origin


class LabelStudioRenderer(Renderer):
    """A list of tasks, each with one prediction, for a configuration with the template's names.

    Those are ``<Labels name="label" toName="text">`` and ``<Text name="text" value="$text"/>``.
    Offsets count code points, and scores go with the entities; other fields go into ``data``.
    """

    extension = ".json"
    separator = ","

    def begin(self) -> str:
        """The start of the list."""
        return "[\n"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The task on one line."""
        results = [_result(number, entity) for number, entity in enumerate(document.entities)]
        prediction: dict[str, Any] = {"model_version": "ner", "result": results}
        if results:
            prediction["score"] = min(entity.score for entity in document.entities)
        data = {"text": document.text} | kept_fields(origin, ("text",))
        return json_line({"data": data, "predictions": [prediction]})

    def end(self) -> str:
        """The end of the list."""
        return "]\n"


def _result(number: int, entity: Entity) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "score": entity.score,
        "value": {
            "start": entity.start,
            "end": entity.end,
            "text": entity.text,
            "labels": [entity.label],
        },
    }
