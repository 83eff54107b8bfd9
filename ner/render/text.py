"""Marked text: entities as ``[Paris](LOC)``."""

import re

from ner.markup import Content
from ner.render.base import NOWHERE, Renderer, writable
from ner.text import Document, Entity, Origin, layered_label, pieces

_MARKUP = re.compile(r"[\\\[\]]")
_MARKUP_IN_LABEL = re.compile(r"[\\)]")
_BACKSLASHED = r"\\\g<0>"


class TextRenderer(Renderer):
    r"""The text with its entities as ``[Paris](LOC)``, and a line end after each document.

    A backslash stands before each ``[``, ``]`` and ``\`` of the text itself (of a
    type: ``)`` and ``\``). A bracket without one is therefore always markup, and
    all of it can be undone. Entities of several tag layers stand in one another; one that begins in
    another and ends behind it is cut where that ends.
    """

    extension = ".txt"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The marked text and a line end."""
        return writable("".join(marked(*piece) for piece in pieces(document))) + "\n"


def marked(content: Content[Entity], entity: Entity | None) -> str:
    """A stretch of text, as ``[Paris](LOC)`` if it is an entity."""
    if isinstance(content, str):
        escaped = _MARKUP.sub(_BACKSLASHED, content)
    else:
        escaped = "".join(marked(*piece) for piece in content)
    return f"[{escaped}{closing(entity)}" if entity else escaped


def closing(entity: Entity) -> str:
    """The end of the mark of an entity: ``](LOC)``, or ``](inner:LOC)`` of one in a tag layer."""
    return f"]({_MARKUP_IN_LABEL.sub(_BACKSLASHED, layered_label(entity))})"
