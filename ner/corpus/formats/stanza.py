"""Stanza: a list of sentences, each a list of tokens with a tag.

::

    [[{"text": "Anna", "ner": "S-PER"}, {"text": "ran", "ner": "O"}], …]
"""

from collections.abc import Sequence
from typing import Any, TextIO

from ner.config import DataConfig
from ner.corpus.formats.base import RecordFormat
from ner.corpus.formats.label_studio import write_list
from ner.corpus.json_values import InvalidRecord, field_of, kind_of
from ner.corpus.partial import known_tags
from ner.corpus.tagged_records import TaggedRecord
from ner.text import Sentence


class Stanza(RecordFormat):
    """``[[{"text", "ner"}]]``."""

    name = "stanza"
    makers = "Stanza (training data of its tagger)"
    keys = "lists of text, ner"
    loses = ("documents",)

    def fits(self, value: Any) -> bool:
        """Tell if it is a list of tokens with tags."""
        return isinstance(value, list) and bool(value) and all(map(_is_token, value))

    def record(self, value: Any, line: int, config: DataConfig) -> TaggedRecord:
        """Take the tokens of a sentence. Raises `InvalidRecord`."""
        if not isinstance(value, list) or not all(isinstance(token, dict) for token in value):
            raise InvalidRecord(f"is {kind_of(value)}, not a list of objects with text and ner")
        tokens = [field_of(token, "text", str) for token in value]
        tags = [field_of(token, "ner", str) for token in value]
        return TaggedRecord(tokens, tags, [line] * len(tokens))

    def value(self, sentence: Sentence, gap: str, unknown: str) -> Any:
        """The tokens of a sentence with IOBES tags, as Stanza has them."""
        tags = zip(sentence.tokens, known_tags(sentence, "iobes"), strict=True)
        return [{"text": token, "ner": tag or unknown} for token, tag in tags]

    def write(self, sentences: Sequence[Sentence], stream: TextIO, unknown: str) -> None:
        """Write a list of sentences, one a line."""
        write_list((self.value(sentence, "", unknown) for sentence in sentences), stream)


def _is_token(item: Any) -> bool:
    return isinstance(item, dict) and {"text", "ner"} <= item.keys()
