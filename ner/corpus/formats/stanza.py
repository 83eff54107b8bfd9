"""Stanza: a list of sentences, each a list of tokens with a tag.

::

    [[{"text": "Anna", "ner": "S-PER"}, {"text": "ran", "ner": "O"}], …]
"""

from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat
from ner.corpus.records import InvalidRecord, TaggedRecord, field_of, kind_of


class Stanza(RecordFormat):
    """``[[{"text", "ner"}]]``."""

    name = "stanza"
    makers = "Stanza (training data of its tagger)"
    keys = "lists of text, ner"
    loses = ("documents",)
    as_list = True
    extension = ".json"

    def fits(self, value: Any) -> bool:
        """Tell if it is a list of tokens with tags."""
        return isinstance(value, list) and bool(value) and all(map(_is_token, value))

    def record(self, value: Any, line: int, given: Input) -> TaggedRecord:
        """Take the tokens of a sentence. Raises `InvalidRecord`."""
        if not isinstance(value, list) or not all(isinstance(token, dict) for token in value):
            raise InvalidRecord(f"is {kind_of(value)}, not a list of objects with text and ner")
        tokens = [field_of(token, "text", str) for token in value]
        tags = [
            str(tag) if type(tag := token.get("ner")) is int else field_of(token, "ner", str)
            for token in value
        ]
        return TaggedRecord(tokens, tags, [line] * len(tokens))

    def value(self, sentence: Output) -> Any:
        """The tokens of a sentence with IOBES tags, as Stanza has them."""
        tags = zip(sentence.tokens, sentence.tags("iobes"), strict=True)
        return [{"text": token, "ner": tag} for token, tag in tags]


def _is_token(item: Any) -> bool:
    return isinstance(item, dict) and {"text", "ner"} <= item.keys()
