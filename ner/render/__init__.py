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

Of a model with several tag layers, entities that lie within others are shown in them (``text``,
``html``, ``ansi``), have their layer (``jsonl``, ``csv``, ``tsv``) or a column for each layer
(``conll``), or stand side by side without it (``doccano``, ``label-studio``, ``prodigy``,
``brat``); the others have place for one layer, and refuse.

A stream is `begin`, then each `document`, then `end`; a renderer keeps nothing
from one document to the next. Surrogates, which no UTF-8 output can carry, come
out as U+FFFD in every format: one for one, so that offsets hold.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ner.errors import UsageError
from ner.lazy import lazy_names
from ner.plugins import load
from ner.render.base import Renderer, Write

if TYPE_CHECKING:
    from ner.render.compared import ComparedSentence, Mistake, mistakes_page
    from ner.render.conll import side_by_side
    from ner.render.dataframe import to_dataframe
    from ner.render.design import (
        DARK,
        LIGHT,
        MARKS,
        PAGES,
        hues,
        page_head,
        stylesheet,
        type_classes,
    )
    from ner.render.scripted import scripted_page
    from ner.render.tables import TABLES, html_table

__all__ = [
    "DARK", "FORMATS", "LIGHT", "MARKS", "PAGES", "RENDERERS", "TABLES", "ComparedSentence",
    "Mistake", "Renderer", "Write", "html_table", "hues", "mistakes_page", "output", "page_head",
    "renderer", "renderer_class", "scripted_page", "side_by_side", "stylesheet",
    "to_dataframe", "type_classes",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "conll": ["side_by_side"],
        "dataframe": ["to_dataframe"],
        "compared": ["ComparedSentence", "Mistake", "mistakes_page"],
        "design": [
            "DARK",
            "LIGHT",
            "MARKS",
            "PAGES",
            "hues",
            "page_head",
            "stylesheet",
            "type_classes",
        ],
        "scripted": ["scripted_page"],
        "tables": ["TABLES", "html_table"],
    },
)

RENDERERS: Mapping[str, str] = {
    "text": "text:TextRenderer",
    "jsonl": "jsonl:JsonLinesRenderer",
    "conll": "conll:ConllRenderer",
    "html": "html:HtmlRenderer",
    "csv": "csv:CsvRenderer",
    "tsv": "csv:TsvRenderer",
    "doccano": "tools:DoccanoRenderer",
    "label-studio": "tools:LabelStudioRenderer",
    "prodigy": "tools:ProdigyRenderer",
    "brat": "tools:BratRenderer",
    "spacy": "tools:SpacyRenderer",
    "conllu": "tools:ConlluRenderer",
    "ansi": "ansi:AnsiRenderer",
}
"""The module and class of each format; a process loads those that it writes."""
FORMATS = tuple(RENDERERS)


def renderer_class(format: str) -> type[Renderer]:
    """The class of a format. Raises `UsageError` for an unknown one."""
    if format not in RENDERERS:
        raise UsageError(f"unknown output format {format!r}; choose one of {', '.join(FORMATS)}")
    return cast(type[Renderer], load(f"{__name__}.{RENDERERS[format]}"))


def renderer(
    format: str,
    labels: Sequence[str] = (),
    title: str = "Named entities",
    fields: Sequence[str] = (),
    layers: Sequence[str] = (),
) -> Renderer:
    """The renderer of a format; `labels` are all types of the model, `title` is for HTML.

    `fields` are those of the input's records beside the text, `layers` the model's tag layers, if
    it has several. Raises `UsageError` for an unknown format, or one that cannot hold a label or
    layers.
    """
    return renderer_class(format)(labels, title, fields, layers)


def output(format: str, path: Path) -> AbstractContextManager[Write]:
    """A file, or files, of a format, to be written with what its renderer makes."""
    return renderer_class(format).output(path)
