"""Hugging Face data sets: rows of tokens and tags, which may be numbers.

::

    {"id": "0", "tokens": ["EU", "rejects", "it"], "ner_tags": ["B-ORG", "O", "O"]}
    {"id": "0", "tokens": ["EU", "rejects", "it"], "ner_tags": [3, 0, 0]}

Numbers need their names, in order: ``--labels O,B-PER,I-PER,B-ORG,I-ORG``.
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat
from ner.corpus.records import (
    InvalidRecord,
    TaggedRecord,
    field_of,
    is_list_of,
    kind_of,
    named_label,
)

TOKENS = ("tokens", "words", "token")
TAGS = ("ner_tags", "ner", "tags", "labels", "ner_labels", "ner_tag", "label", "entities")


class HuggingFace(RecordFormat):
    """``{"tokens", "ner_tags"}``."""

    name = "hf"
    makers = "Hugging Face datasets (to_json, and rows of Parquet or Arrow)"
    keys = "tokens, ner_tags"
    loses = ("documents",)

    def fits(self, value: Any) -> bool:
        """Tell if there are a list of tokens and a list of as many tags."""
        return isinstance(value, dict) and None not in _keys(value)

    def record(self, value: Any, line: int, given: Input) -> TaggedRecord:
        """Take tokens and the names of tags. Raises `InvalidRecord`."""
        if not isinstance(value, dict):
            raise InvalidRecord(f"is {kind_of(value)}, not an object with tokens and ner_tags")
        token_key, tag_key = _keys(value)
        tokens = field_of(value, token_key or "tokens", list)
        tags = field_of(value, tag_key or "ner_tags", list)
        if not is_list_of(tokens, str):
            raise InvalidRecord(f"{token_key!r} holds something else than texts")
        names = [tag if type(tag) is str else named_label(tag, given.config.labels) for tag in tags]
        return TaggedRecord(tokens, names, [line] * len(tokens or tags or [""]))

    def value(self, sentence: Output) -> Any:
        """Tokens and IOB2 tags by name."""
        return {"tokens": [*sentence.tokens], "ner_tags": sentence.tags()}


def _keys(value: dict[str, Any]) -> tuple[str | None, str | None]:
    """The keys of tokens and tags."""
    tokens = next((key for key in TOKENS if is_list_of(value.get(key), str)), None)
    tags = (key for key in TAGS if is_list_of(value.get(key), str, int))
    return tokens, next(tags, None)
