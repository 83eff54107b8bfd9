"""Marked text in colours, for terminals."""

from ner.lazy import cached_property
from ner.markup import Content
from ner.render.base import NOWHERE, writable
from ner.render.text import TextRenderer, closing, marked
from ner.text import Document, Entity, Origin, pieces

_COLOURS = ("34", "32", "35", "36", "33", "31")  # blue first: it is not red that means well
_PLAIN = "\x1b[0m"
# Control characters as pictures: a terminal would obey them. Tabs and line ends are harmless.
_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_OVERRIDES = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # of the writing direction
_VISIBLE |= dict.fromkeys((*range(0x7F, 0xA0), *_OVERRIDES), 0xFFFD)


class AnsiRenderer(TextRenderer):
    """The format ``text`` with each entity in bold and in the colour of its type.

    What would steer the terminal (control characters, overrides of the writing direction) is shown
    as another character.
    """

    @cached_property
    def _colours(self) -> dict[str, str]:
        places = enumerate(self._labels)
        return {label: _COLOURS[place % len(_COLOURS)] for place, label in places}

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The marked and coloured text, and a line end."""
        return "".join(self._coloured(*piece) for piece in pieces(document)) + "\n"

    def _coloured(self, content: Content[Entity], entity: Entity | None) -> str:
        if isinstance(content, str):
            shown = _visible(marked(content, None))
        else:
            shown = "".join(self._coloured(*piece) for piece in content)
        if entity is None:
            return shown
        colour = f"\x1b[1;{self._colours.get(entity.label, '7')}m"
        inner = shown.replace(_PLAIN, _PLAIN + colour)  # of an entity in a layer within it
        return f"{colour}[{inner}{_visible(closing(entity))}{_PLAIN}"


def _visible(text: str) -> str:
    return writable(text).translate(_VISIBLE)
