"""Formats of annotation tools and libraries: one way to write a text with entities in each.

Corpora (`ner.corpus.formats`) and tagged documents (`ner.render`) are written by it. Offsets are
half-open and count code points. The only module that imports ``spacy`` and ``transformers``, and
only when they are used.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from ner.errors import MissingExtra

Offsets = tuple[int, int]
_NOT_IN_CELL = re.compile("[\t\r\n\0]")
_NOT_IN_MISC = re.compile("[\t\r\n\0|]")


class Labelled(Protocol):
    """A typed range of characters, as a `Span` or an `Entity`."""

    @property
    def start(self) -> int:
        """The first character."""

    @property
    def end(self) -> int:
        """The character after the last."""

    @property
    def label(self) -> str:
        """The type."""


def triples(entities: Sequence[Labelled]) -> list[list[int | str]]:
    """Entities as ``[start, end, label]``."""
    return [[entity.start, entity.end, entity.label] for entity in entities]


def doccano_record(text: str, entities: Sequence[Labelled]) -> dict[str, Any]:
    """A text for doccano's sequence labelling."""
    return {"text": text, "label": triples(entities)}


def label_studio_region(text: str, entity: Labelled, **more: Any) -> dict[str, Any]:
    """A region of a text in Label Studio, for a configuration with the template's names.

    Those are ``<Labels name="label" toName="text">`` and ``<Text name="text" value="$text"/>``.
    """
    value = {
        "start": entity.start,
        "end": entity.end,
        "text": text[entity.start : entity.end],
        "labels": [entity.label],
    }
    names = {"from_name": "label", "to_name": "text", "type": "labels"}
    return names | more | {"value": value}


def prodigy_task(
    text: str, tokens: Sequence[Offsets], entities: Sequence[Labelled]
) -> dict[str, Any]:
    """A task of Prodigy, with the tokens that ``ner.manual`` needs; their ranges are inclusive."""
    first = {start: number for number, (start, _) in enumerate(tokens)}
    last = {end: number for number, (_, end) in enumerate(tokens)}
    return {
        "text": text,
        "tokens": [
            {
                "text": text[start:end],
                "start": start,
                "end": end,
                "id": number,
                "ws": text[end : end + 1] == " ",
            }
            for number, (start, end) in enumerate(tokens)
        ],
        "spans": [
            {
                "start": entity.start,
                "end": entity.end,
                "label": entity.label,
                "token_start": first.get(entity.start),
                "token_end": last.get(entity.end),
            }
            for entity in entities
        ],
    }


def fits_conllu(token: str, tag: str) -> bool:
    """Tell if CoNLL-U can hold a token with a tag in its last column."""
    return not (_NOT_IN_CELL.search(token) or _NOT_IN_MISC.search(tag))


def conllu_line(number: int, token: str, tag: str, *, joined: bool) -> str:
    """A word of CoNLL-U; "" is no tag, and `joined` says that the next word follows at once."""
    misc = [f"NER={tag}"] * bool(tag) + ["SpaceAfter=No"] * joined
    return f"{number}\t{token}" + "\t_" * 7 + f"\t{'|'.join(misc) or '_'}\n"


def brat_line(number: int, entity: Labelled, text: str, position: int) -> str:
    """A line of brat's standoff for an entity of a text that begins at `position` of its file.

    An entity over line ends is in parts (``0 5;6 9``), one for each line.
    """
    quoted = text[entity.start : entity.end]
    base = position + entity.start
    parts = re.finditer("[^\n]+", quoted)
    fragments = ";".join(f"{base + part.start()} {base + part.end()}" for part in parts)
    line = re.sub("[\r\n]", " ", quoted)
    return f"T{number}\t{entity.label} {fragments}\t{line}\n"


def load_spacy(user: str = "DocBin") -> Any:
    """The package spaCy, for a `user` of it. Raises `MissingExtra` without it."""
    try:
        import spacy
        import spacy.language
        import spacy.scorer
        import spacy.tokens
        import spacy.util
        import spacy.vocab
    except ImportError:
        raise MissingExtra(f"{user} needs a package: pip install 'spacy>=3'") from None
    return spacy


def load_transformers(user: str) -> Any:
    """The package transformers, for a `user` of it. Raises `MissingExtra` without it."""
    try:
        import transformers
    except ImportError:
        raise MissingExtra(f"{user} needs a package: pip install 'transformers>=4.40'") from None
    return transformers
