"""Tagged documents as text: the outputs of ``ner tag``, written as a stream.

==========  ==================================================================
``text``    the text with ``[Paris](LOC)`` in it
``jsonl``   one JSON object a document: text, entities with character offsets;
            with ``nbest`` where a document has alternatives for its sentences
``conll``   token, space, IOB2 tag; a blank line after each sentence
``html``    a self-contained page with coloured entities and a legend
==========  ==================================================================

A stream is `begin`, then each `document`, then `end`; a renderer keeps nothing
from one document to the next. Surrogates, which no UTF-8 output can carry, come
out as U+FFFD in every format: one for one, so that offsets hold.
"""

from collections.abc import Sequence

from ner.errors import UsageError
from ner.render.base import Renderer
from ner.render.conll import ConllRenderer
from ner.render.html import HtmlRenderer
from ner.render.jsonl import JsonLinesRenderer
from ner.render.text import TextRenderer

RENDERERS: dict[str, type[Renderer]] = {
    "text": TextRenderer,
    "jsonl": JsonLinesRenderer,
    "conll": ConllRenderer,
    "html": HtmlRenderer,
}
FORMATS = tuple(RENDERERS)


def renderer(format: str, labels: Sequence[str] = (), title: str = "Named entities") -> Renderer:
    """The renderer of a format; `labels` are all types of the model, `title` is for HTML.

    Raises `UsageError` for an unknown format, or one that cannot hold a label.
    """
    if format not in RENDERERS:
        raise UsageError(f"unknown output format {format!r}; choose one of {', '.join(FORMATS)}")
    return RENDERERS[format](labels, title)
