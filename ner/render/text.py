"""Marked text: entities as ``[Paris](LOC)``."""

import re

from ner.render.base import NOWHERE, Renderer, writable
from ner.text import Document, Entity, Origin, pieces

_MARKUP = re.compile(r"[\\\[\]]")
_MARKUP_IN_LABEL = re.compile(r"[\\)]")
_BACKSLASHED = r"\\\g<0>"


class TextRenderer(Renderer):
    r"""The text with its entities as ``[Paris](LOC)``, and a line end after each document.

    A backslash stands before each ``[``, ``]`` and ``\`` of the text itself (of a
    type: ``)`` and ``\``). A bracket without one is therefore always markup, and
    all of it can be undone.
    """

    extension = ".txt"

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The marked text and a line end."""
        return writable("".join(marked(*piece) for piece in pieces(document))) + "\n"


def marked(text: str, entity: Entity | None) -> str:
    """A stretch of text, as ``[Paris](LOC)`` if it is an entity."""
    escaped = _MARKUP.sub(_BACKSLASHED, text)
    if entity is None:
        return escaped
    return f"[{escaped}]({_MARKUP_IN_LABEL.sub(_BACKSLASHED, entity.label)})"
