"""Our JSON Lines: a text and its entities on a line, by character offsets.

::

    {"text": "Merkel visited Paris.", "entities": [{"start": 15, "end": 20, "label": "LOC"}]}

Offsets are half-open and count Unicode code points (Python's ``len``). Two more fields make what we
write readable without loss: ``tokens``, the ``[start, end]`` of every token (the record is then one
sentence), and ``document``, a number shared by the sentences of a document. Without them each
record is a document. Entities may name their tag ``layer``: those of several may overlap.
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat
from ner.corpus.records import (
    InvalidRecord,
    Offsets,
    TextRecord,
    field_of,
    kind_of,
    offset_entity,
)
from ner.errors import shorten


class JsonLines(RecordFormat):
    """``{"text", "entities": [{"start", "end", "label"}]}``."""

    name = "jsonl"
    title = "JSON Lines"
    makers = "ner tag --format jsonl, ner data convert, and by hand"
    by_offsets = True
    holds_layers = True
    keys = "text, entities of start, end, label"

    def fits(self, value: Any) -> bool:
        """Tell if there are a text and a list of objects with a start."""
        if not isinstance(value, dict) or not isinstance(value.get("entities"), list):
            return False
        entities = value["entities"]
        return "text" in value and all(isinstance(e, dict) and "start" in e for e in entities)

    def record(self, value: Any, line: int, given: Input) -> TextRecord:
        """Check the fields. Raises `InvalidRecord`."""
        if not isinstance(value, dict):
            raise InvalidRecord(f"is {kind_of(value)}, not an object with text and entities")
        text = field_of(value, "text", str)
        labels, items = given.config.labels, field_of(value, "entities", list)
        entities = [offset_entity(i, labels)._replace(layer=_layer_of(i)) for i in items]
        tokens, document = value.get("tokens"), value.get("document")
        if document is not None and type(document) is not int:
            raise InvalidRecord(f"'document' is {kind_of(document)}, not a whole number")
        ranges = None if tokens is None else _token_ranges(tokens, text)
        return TextRecord(line, text, entities, ranges, document)

    def value(self, sentence: Output) -> Any:
        """The record of a sentence, with its tokens and document."""
        text, tokens, entities = sentence.placed()
        return {
            "text": text,
            "entities": [entity.to_dict() for entity in entities],
            "tokens": [list(range_) for range_ in tokens],
            "document": sentence.document,
        }


def _layer_of(item: dict[str, Any]) -> str:
    """The tag layer of an entity, "" without one. Raises `InvalidRecord`."""
    layer = item.get("layer")
    if layer is not None and not (isinstance(layer, str) and layer and layer.isprintable()):
        raise InvalidRecord(f"'layer' is {shorten(str(layer))}, not a name; correct it")
    return layer or ""


def _token_ranges(tokens: Any, text: str) -> list[Offsets]:
    """Check a `tokens` field. Raises `InvalidRecord`."""
    if type(tokens) is not list:
        raise InvalidRecord(f"'tokens' is {kind_of(tokens)}, not a list of [start, end]")
    ranges: list[Offsets] = []
    last = 0
    for token in tokens:
        is_pair = type(token) is list and [type(end) for end in token] == [int, int]
        if not is_pair or not last <= token[0] < token[1] <= len(text):
            raise InvalidRecord(
                f"the token {token!r:.60} is no [start, end] from {last} on "
                f"in the text of {len(text)} characters"
            )
        ranges.append((token[0], token[1]))
        last = token[1]
    return ranges
