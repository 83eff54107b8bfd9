"""spaCy's training data in JSON: tuples, documents of version 3, paragraphs of version 2.

::

    ["Anna ran.", {"entities": [[0, 4, "PER"]]}]                    a line, or an item of a list
    {"text": "Anna ran.", "ents": [{"start": 0, "end": 4, "label": "PER"}]}         Doc.to_json
    {"doc_annotation": {"entities": ["U-PER", "O"]},
     "token_annotation": {"ORTH": ["Anna", "ran"]}}                              Example.to_dict
    [{"paragraphs": [{"sentences": [{"tokens": [{"orth": "Anna", "ner": "U-PER"}]}]}]}]
"""

from collections.abc import Iterable
from typing import Any

from ner.corpus.formats.base import Input, Output, RecordFormat
from ner.corpus.records import (
    InvalidRecord,
    Record,
    TaggedRecord,
    TextRecord,
    field_of,
    is_list_of,
    offset_entity,
    triple_entity,
)
from ner.interchange import triples


class SpacyJson(RecordFormat):
    """``[text, {"entities": [[start, end, label]]}]`` and what else spaCy knows."""

    name = "spacy"
    makers = "spaCy 2 and 3 (training data in JSON)"
    by_offsets = True
    keys = '[text, {entities}], text and ents, doc_annotation, "paragraphs"'
    loses = ("tokens", "documents")
    as_list = True
    extension = ".json"

    def fits(self, value: Any) -> bool:
        """Tell if it is a tuple, or an object with one of spaCy's keys."""
        if isinstance(value, list):
            return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)
        return isinstance(value, dict) and (
            {"text", "ents"} <= value.keys()
            or "doc_annotation" in value
            or is_list_of(value.get("paragraphs"), dict)
        )

    def record(self, value: Any, line: int, given: Input) -> Record:
        """Take the entities or tags. Raises `InvalidRecord`."""
        if not self.fits(value):
            raise InvalidRecord('is neither [text, {"entities": …}] nor another record of spaCy')
        if isinstance(value, list):
            entities = field_of(value[1], "entities", list)
            return TextRecord(line, value[0], [triple_entity(item) for item in entities])
        if "ents" in value:
            entities = [offset_entity(item) for item in field_of(value, "ents", list)]
            return TextRecord(line, field_of(value, "text", str), entities)
        return _example(value, line, given.config.unknown_tag)

    def parts(self, value: Any) -> Iterable[Any]:
        """The sentences in the paragraphs of version 2, as examples of version 3."""
        if not isinstance(value, dict) or not is_list_of(value.get("paragraphs"), dict):
            return (value,)
        sentences = (s for p in value["paragraphs"] for s in _objects(p.get("sentences")))
        return map(_as_example, sentences)

    def value(self, sentence: Output) -> Any:
        """A tuple."""
        text, _, entities = sentence.placed()
        return [text, {"entities": triples(entities)}]


def _objects(value: Any) -> list[dict[str, Any]]:
    return value if is_list_of(value, dict) else []


def _as_example(sentence: dict[str, Any]) -> dict[str, Any]:
    tokens = _objects(sentence.get("tokens"))
    return {
        "doc_annotation": {"entities": [token.get("ner", "O") for token in tokens]},
        "token_annotation": {"ORTH": [token.get("orth") for token in tokens]},
    }


def _example(value: dict[str, Any], line: int, unknown: str) -> TaggedRecord:
    """Tokens and BILUO tags; ``-`` is an unknown one. Raises `InvalidRecord`."""
    tokens = field_of(field_of(value, "token_annotation", dict), "ORTH", list)
    tags = field_of(field_of(value, "doc_annotation", dict), "entities", list)
    if not (is_list_of(tokens, str) and is_list_of(tags, str)) or len(tokens) != len(tags):
        raise InvalidRecord("the words (ORTH) and their entities are not lists of as many texts")
    kept = [pair for pair in zip(tokens, tags, strict=True) if pair[0].strip()]
    named = [unknown if tag == "-" else tag or "O" for _, tag in kept]
    return TaggedRecord([token for token, _ in kept], named, [line] * len(kept))
