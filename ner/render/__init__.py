"""Tagged documents as text: the outputs of ``ner tag``, written as a stream.

================  ==================================================================
``text``          the text with ``[Paris](LOC)`` in it
``jsonl``         one JSON object a document: text, entities with character offsets;
                  with ``nbest`` where a document has alternatives for its sentences
``conll``         token, space, IOB2 tag; a blank line after each sentence
``html``          a self-contained page with coloured entities and a legend
``csv``           a line an entity: line, start, end, label, text, score
``tsv``           the same with tabs
``doccano``       JSONL for doccano
``label-studio``  JSON for Label Studio: tasks with predictions
``prodigy``       JSONL for Prodigy
``brat``          ``.ann`` beside ``.txt``
``spacy``         a DocBin for spaCy
``conllu``        CoNLL-U with ``NER=B-PER`` in the last column
``ansi``          ``text`` in colours, for terminals
================  ==================================================================

A stream is `begin`, then each `document`, then `end`; a renderer keeps nothing
from one document to the next. Surrogates, which no UTF-8 output can carry, come
out as U+FFFD in every format: one for one, so that offsets hold.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from ner.errors import UsageError
from ner.render.ansi import AnsiRenderer
from ner.render.base import Renderer, Write
from ner.render.conll import ConllRenderer, side_by_side
from ner.render.csv import CsvRenderer, TsvRenderer
from ner.render.dataframe import to_dataframe
from ner.render.html import HtmlRenderer
from ner.render.jsonl import JsonLinesRenderer
from ner.render.text import TextRenderer
from ner.render.tools import (
    BratRenderer,
    ConlluRenderer,
    DoccanoRenderer,
    LabelStudioRenderer,
    ProdigyRenderer,
    SpacyRenderer,
)

__all__ = [
    "FORMATS", "RENDERERS", "Renderer", "Write", "output", "renderer", "side_by_side",
    "to_dataframe",
]  # fmt: skip

RENDERERS: dict[str, type[Renderer]] = {
    "text": TextRenderer,
    "jsonl": JsonLinesRenderer,
    "conll": ConllRenderer,
    "html": HtmlRenderer,
    "csv": CsvRenderer,
    "tsv": TsvRenderer,
    "doccano": DoccanoRenderer,
    "label-studio": LabelStudioRenderer,
    "prodigy": ProdigyRenderer,
    "brat": BratRenderer,
    "spacy": SpacyRenderer,
    "conllu": ConlluRenderer,
    "ansi": AnsiRenderer,
}
FORMATS = tuple(RENDERERS)


def renderer(
    format: str,
    labels: Sequence[str] = (),
    title: str = "Named entities",
    fields: Sequence[str] = (),
) -> Renderer:
    """The renderer of a format; `labels` are all types of the model, `title` is for HTML.

    `fields` are those of the input's records beside the text. Raises `UsageError` for an unknown
    format, or one that cannot hold a label.
    """
    if format not in RENDERERS:
        raise UsageError(f"unknown output format {format!r}; choose one of {', '.join(FORMATS)}")
    return RENDERERS[format](labels, title, fields)


def output(format: str, path: Path) -> AbstractContextManager[Write]:
    """A file, or files, of a format, to be written with what its renderer makes."""
    return RENDERERS[format].output(path)
