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

import abc
import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ner.errors import UsageError
from ner.tags import tags_of
from ner.text import SURROGATE, Document, Entity, NBest, Sentence

_MARKUP = re.compile(r"[\\\[\]]")
_MARKUP_IN_LABEL = re.compile(r"[\\)]")
_BACKSLASHED = r"\\\g<0>"
# JSON escapes the other line ends itself; these three would end a line for some readers.
_LINE_END = re.compile("[\x85\u2028\u2029]")


class Renderer(abc.ABC):
    """One output format."""

    def begin(self) -> str:
        """The text before the first document."""
        return ""

    @abc.abstractmethod
    def document(self, document: Document) -> str:
        """One document, line end included; its entities are in order and do not overlap."""

    def end(self) -> str:
        """The text after the last document."""
        return ""


def _writable(text: str) -> str:
    return SURROGATE.sub("\ufffd", text)


def _pieces(document: Document) -> Iterator[tuple[str, Entity | None]]:
    """Cut a document into stretches of text, each with its entity or none; none is left out."""
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end, f"{entity} overlaps or is out of order"
        yield document.text[position : entity.start], None
        yield document.text[entity.start : entity.end], entity
        position = entity.end
    yield document.text[position:], None


class TextRenderer(Renderer):
    r"""The text with its entities as ``[Paris](LOC)``, and a line end after each document.

    A backslash stands before each ``[``, ``]`` and ``\`` of the text itself (of a
    type: ``)`` and ``\``). A bracket without one is therefore always markup, and
    all of it can be undone.
    """

    def document(self, document: Document) -> str:
        """The marked text and a line end."""
        return _writable("".join(_marked(*piece) for piece in _pieces(document))) + "\n"


def _marked(text: str, entity: Entity | None) -> str:
    escaped = _MARKUP.sub(_BACKSLASHED, text)
    if entity is None:
        return escaped
    return f"[{escaped}]({_MARKUP_IN_LABEL.sub(_BACKSLASHED, entity.label)})"


class JsonLinesRenderer(Renderer):
    """One object a line: ``{"text": …, "entities": [{"start", "end", "label", "score", "text"}]}``.

    Offsets count Unicode characters, half-open: ``text[start:end]`` is the entity's text.
    Where a document has alternatives, ``"nbest": [{"start", "end", "alternatives":
    [{"probability", "entities"}]}]`` has one object for each sentence.
    """

    def document(self, document: Document) -> str:
        """The object on one line, by whatever reading of "line"."""
        record: dict[str, Any] = {
            "text": document.text,
            "entities": [_json_entity(entity) for entity in document.entities],
        }
        if document.nbest is not None:
            record["nbest"] = [_json_nbest(sentence) for sentence in document.nbest]
        line = json.dumps(record, ensure_ascii=False)
        return _LINE_END.sub(lambda end: f"\\u{ord(end[0]):04x}", _writable(line)) + "\n"


def _json_entity(entity: Entity) -> dict[str, Any]:
    return {
        "start": entity.start,
        "end": entity.end,
        "label": entity.label,
        "score": entity.score,
        "text": entity.text,
    }


def _json_nbest(sentence: NBest) -> dict[str, Any]:
    alternatives = [
        {"probability": one.probability, "entities": [_json_entity(e) for e in one.entities]}
        for one in sentence.alternatives
    ]
    return {"start": sentence.start, "end": sentence.end, "alternatives": alternatives}


class ConllRenderer(Renderer):
    """Two columns, token and IOB2 tag, and a blank line after each sentence.

    Raises `UsageError` for a type with a space or tab, which would be read as another column.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        for label in labels:
            if " " in label or "\t" in label:
                raise UsageError(f"columns cannot hold the type {label!r}; choose --format jsonl")

    def document(self, document: Document) -> str:
        """The sentences of the document."""
        return _writable("".join(_columns(sentence) for sentence in document.sentences))


def _columns(sentence: Sentence) -> str:
    tags = tags_of(sentence.spans, len(sentence))
    rows = zip(sentence.tokens, tags, strict=True)
    return "".join(f"{token} {tag}\n" for token, tag in rows) + "\n"


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{
  color-scheme: light dark;
  --page: #fff; --ink: #1b1b1f; --rule: #dcdce0;
  --fill: 90%; --fill-chroma: 0.07; --name: 42%; --name-chroma: 0.11;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #17181c; --ink: #e9e9ec; --rule: #3a3b41;
    --fill: 34%; --fill-chroma: 0.07; --name: 86%; --name-chroma: 0.08;
  }}
}}
body {{
  max-width: 46rem; margin: 2.5rem auto; padding: 0 1.25rem;
  background: var(--page); color: var(--ink);
  font: 1.0625rem/1.9 system-ui, sans-serif; overflow-wrap: anywhere;
}}
header {{ border-bottom: 1px solid var(--rule); margin-bottom: 1.5rem; }}
h1 {{ font-size: 1.375rem; line-height: 1.3; margin: 0 0 0.75rem; }}
ul {{ display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; list-style: none; padding: 0; }}
p {{ white-space: pre-wrap; margin: 0 0 1rem; }}
mark {{
  background: oklch(var(--fill) var(--fill-chroma) var(--hue)); color: inherit;
  border-radius: 0.3em; padding: 0.12em 0.3em;
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}}
p mark::after {{
  content: attr(data-label); color: oklch(var(--name) var(--name-chroma) var(--hue));
  font-size: 0.66em; font-weight: 700; letter-spacing: 0.03em;
  margin-inline-start: 0.5em; unicode-bidi: isolate;
}}
mark:not([class]) {{ --fill-chroma: 0; --name-chroma: 0; --hue: 0; }}
{hues}
</style>
</head>
<body>
<header>
<h1>{title}</h1>
<ul aria-label="Types">
{legend}
</ul>
</header>
<main lang="">
"""

GOLDEN_ANGLE = 137.508


class HtmlRenderer(Renderer):
    """A page of its own: a paragraph a document, each type in its colour, light or dark as read.

    Every type of `labels` has its colour, by its place in the list, and stands
    in the legend; other types are grey. The type behind an entity is drawn by
    the style sheet, so that the text of a paragraph is the document's. NUL,
    which HTML cannot carry, comes out as U+FFFD.
    """

    def __init__(self, labels: Sequence[str], title: str) -> None:
        self._title = title
        self._classes = {label: f"t{number}" for number, label in enumerate(labels)}

    def begin(self) -> str:
        """The page up to the first paragraph."""
        # Steps of the golden angle keep neighbours far apart, however many types there are.
        hues = [
            f".{name} {{ --hue: {(250 + number * GOLDEN_ANGLE) % 360:.0f}; }}"
            for number, name in enumerate(self._classes.values())
        ]
        legend = [
            f'<li><mark class="{name}">{_escaped(label)}</mark></li>'
            for label, name in self._classes.items()
        ]
        return _PAGE.format(
            title=_escaped(self._title), hues="\n".join(hues), legend="\n".join(legend)
        )

    def document(self, document: Document) -> str:
        """One paragraph."""
        inner = "".join(self._piece(*piece) for piece in _pieces(document))
        return f'<p dir="auto">{inner}</p>\n'

    def _piece(self, text: str, entity: Entity | None) -> str:
        if entity is None:
            return _escaped(text)
        name = self._classes.get(entity.label)
        style = f' class="{name}"' if name else ""
        label = _escaped(entity.label)
        tip = f"{label}, score {entity.score:.3f}"
        return f'<mark{style} data-label="{label}" title="{tip}">{_escaped(text)}</mark>'

    def end(self) -> str:
        """The end of the page."""
        return "</main>\n</body>\n</html>\n"


def _escaped(text: str) -> str:
    """Text as HTML; a bare carriage return would be read as a line feed, so it is a reference."""
    return html.escape(_writable(text).replace("\0", "\ufffd")).replace("\r", "&#13;")


FORMATS = ("text", "jsonl", "conll", "html")


def renderer(format: str, labels: Sequence[str] = (), title: str = "Named entities") -> Renderer:
    """The renderer of a format; `labels` are all types of the model, `title` is for HTML.

    Raises `UsageError` for an unknown format, or one that cannot hold a label.
    """
    if format not in FORMATS:
        raise UsageError(f"unknown output format {format!r}; choose one of {', '.join(FORMATS)}")
    if format == "html":
        return HtmlRenderer(labels, title)
    if format == "conll":
        return ConllRenderer(labels)
    return TextRenderer() if format == "text" else JsonLinesRenderer()
