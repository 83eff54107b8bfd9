"""Label Studio: tasks with annotations (JSON), or the same made flat (JSON-MIN).

::

    [{"data": {"text": "Anna ran."}, "annotations": [{"result": [{"type": "labels", "value":
      {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}}], "was_cancelled": false}]}]
    [{"text": "Anna ran.", "label": [{"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}]}]

Of several annotations the one that is marked as ground truth is read, else the last; cancelled
ones count as none. Tasks without an annotation are unlabelled: they are left out, and counted.
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat, Skipped
from ner.corpus.records import (
    CharacterSpan,
    InvalidRecord,
    TextRecord,
    field_of,
    is_list_of,
    kind_of,
)
from ner.interchange import label_studio_region

_UNLABELLED = "tasks without an annotation left out"
_LISTS = ("annotations", "completions")
_FLAT = {"annotator", "annotation_id", "lead_time"}


class LabelStudio(RecordFormat):
    """``{"data": {"text"}, "annotations": [{"result": [{"value": …}]}]}``."""

    name = "label-studio"
    makers = "Label Studio (JSON, JSON-MIN)"
    by_offsets = True
    keys = "data, annotations"
    loses = ("tokens", "documents")
    as_list = True
    extension = ".json"

    def fits(self, value: Any) -> bool:
        """Tell if it is a task with data, or a flat one."""
        if not isinstance(value, dict):
            return False
        lists = {*_LISTS, "predictions"} & value.keys()
        return (isinstance(value.get("data"), dict) and bool(lists)) or _is_flat(value)

    def record(self, value: Any, line: int, given: Input) -> TextRecord:
        """Take the annotation that counts. Raises `InvalidRecord`, and `Skipped` without one."""
        if not isinstance(value, dict):
            raise InvalidRecord(f"is {kind_of(value)}, not an object with data and annotations")
        if _is_flat(value):
            regions = [region for key in value for region in _flat_regions(value[key])]
            if not regions and not _FLAT & value.keys():
                raise Skipped(_UNLABELLED)
            entities = [entity for region in regions for entity in _entities(region)]
            return TextRecord(line, _text_of(value), entities)
        result = _chosen(value)
        values = [item["value"] for item in result if _is_region(item)]
        entities = [entity for region in values for entity in _entities(region)]
        return TextRecord(line, _text_of(field_of(value, "data", dict)), entities)

    def value(self, sentence: Output) -> Any:
        """A task with one annotation."""
        text, _, entities = sentence.placed()
        regions = [label_studio_region(text, entity) for entity in entities]
        return {"data": {"text": text}, "annotations": [{"result": regions}]}


def _is_flat(value: dict[str, Any]) -> bool:
    if isinstance(value.get("data"), dict):
        return False
    has_regions = any(_flat_regions(inner) for inner in value.values())
    return has_regions or len(_FLAT & value.keys()) > 1


def _flat_regions(inner: Any) -> list[dict[str, Any]]:
    """The regions of a key of a flat task, if it holds any."""
    if not is_list_of(inner, dict):
        return []
    return [item for item in inner if {"start", "end", "labels"} <= item.keys()]


def _text_of(data: dict[str, Any]) -> str:
    """The text of a task: that called text, or the only one. Raises `InvalidRecord`."""
    named = {key: text for key, text in data.items() if isinstance(text, str) and text}
    if "text" in named or not named:
        return str(field_of(data, "text", str))
    several = {key: text for key, text in named.items() if not key.endswith("_at")}
    if len(several) != 1:
        raise InvalidRecord(
            f"has several texts ({', '.join(several)[:100]}) and none is called text; "
            "call the annotated one text"
        )
    return next(iter(several.values()))


def _chosen(task: dict[str, Any]) -> list[Any]:
    """The result of the annotation that counts. Raises `InvalidRecord`, and `Skipped`."""
    field = next((key for key in _LISTS if task.get(key) is not None), None)
    given = field_of(task, field, list) if field else []
    if not is_list_of(given, dict):
        raise InvalidRecord(f"{field!r} holds numbers, not annotations; export them in full (JSON)")
    done = [one for one in given if not one.get("was_cancelled")]
    if not done:
        raise Skipped(_UNLABELLED)
    truths = [one for one in done if one.get("ground_truth")]
    return list(field_of((truths or done)[-1], "result", list))


def _is_region(item: Any) -> bool:
    """Tell a stretch of text from choices. Raises `InvalidRecord` for regions of other things."""
    kind = item.get("type", "labels") if isinstance(item, dict) else None
    if isinstance(kind, str) and kind.endswith("labels") and kind != "labels":
        raise InvalidRecord(f"a region of the kind {kind!r:.40} has no offsets in a plain text")
    return kind == "labels" and "value" in item


def _entities(region: Any) -> list[CharacterSpan]:
    """The entities of a region, one for each of its labels. Raises `InvalidRecord`."""
    if not isinstance(region, dict):
        raise InvalidRecord(f"a region is {kind_of(region)}, not an object with start and end")
    start, end = field_of(region, "start", int), field_of(region, "end", int)
    labels = field_of(region, "labels", list)
    if not labels or not is_list_of(labels, str):
        raise InvalidRecord(f"the region {start}-{end} has no label; give it one, or delete it")
    quoted = region.get("text")
    text = quoted if isinstance(quoted, str) else None
    return [CharacterSpan(start, end, label, text) for label in labels]
