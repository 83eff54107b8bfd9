"""Prodigy: texts with tokens and spans, and the annotator's answer.

::

    {"text": "Anna ran.", "tokens": [{"text": "Anna", "start": 0, "end": 4, "id": 0}, …],
     "spans": [{"start": 0, "end": 4, "label": "PER"}], "answer": "accept"}

Tasks that were rejected or ignored say nothing about their text as a whole: they are left out, and
counted. Where there are tokens, the record is one sentence of them.
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat, Skipped
from ner.corpus.records import (
    InvalidRecord,
    Offsets,
    TextRecord,
    field_of,
    is_list_of,
    kind_of,
    offset_entity,
)
from ner.interchange import prodigy_task


class Prodigy(RecordFormat):
    """``{"text", "tokens", "spans", "answer"}``."""

    name = "prodigy"
    makers = "Prodigy (db-out)"
    by_offsets = True
    keys = "text, spans of start, end, label, answer"
    loses = ("documents",)

    def fits(self, value: Any) -> bool:
        """Tell if a text has spans or an answer."""
        return (
            isinstance(value, dict)
            and "text" in value
            and (is_list_of(value.get("spans"), dict) or isinstance(value.get("answer"), str))
        )

    def record(self, value: Any, line: int, given: Input) -> TextRecord:
        """Take what was accepted. Raises `InvalidRecord`, and `Skipped` for other answers."""
        if not isinstance(value, dict):
            raise InvalidRecord(f"is {kind_of(value)}, not an object with text and spans")
        answer = value.get("answer", "accept")
        if answer in ("reject", "ignore"):
            raise Skipped(f"tasks with the answer {answer!r} left out")
        if answer != "accept":
            raise InvalidRecord(f"'answer' is {answer!r:.60}, not accept, reject or ignore")
        text = field_of(value, "text", str)
        has_spans, has_tokens = (value.get(key) is not None for key in ("spans", "tokens"))
        spans = field_of(value, "spans", list) if has_spans else []
        reads_tokens = has_tokens and given.config.offsets == "characters"
        ranges = _ranges(value, text) if reads_tokens else None
        entities = [offset_entity(item, given.config.labels) for item in spans]
        return TextRecord(line, text, entities, ranges)

    def value(self, sentence: Output) -> Any:
        """An accepted task with tokens, spans by token and character, as Prodigy writes them."""
        return prodigy_task(*sentence.placed()) | {"answer": "accept"}


def _ranges(value: dict[str, Any], text: str) -> list[Offsets]:
    """The ranges of the tokens that are not blank. Raises `InvalidRecord`."""
    ranges: list[Offsets] = []
    last = 0
    for token in field_of(value, "tokens", list):
        if not isinstance(token, dict):
            raise InvalidRecord(f"a token is {kind_of(token)}, not an object with start and end")
        start, end = field_of(token, "start", int), field_of(token, "end", int)
        if not last <= start < end <= len(text):
            raise InvalidRecord(f"the token {start}-{end} does not lie in the text after {last}")
        last = end
        if not text[start:end].isspace():
            ranges.append((start, end))
    return ranges
