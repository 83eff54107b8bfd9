"""Marked text in colours, for terminals."""

from collections.abc import Sequence

from ner.render.base import NOWHERE, writable
from ner.render.text import TextRenderer, marked
from ner.text import Document, Origin, pieces

_COLOURS = ("34", "32", "35", "36", "33", "31")  # blue first: it is not red that means well
# Control characters as pictures: a terminal would obey them. Tabs and line ends are harmless.
_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"}
_OVERRIDES = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # of the writing direction
_VISIBLE |= dict.fromkeys((*range(0x7F, 0xA0), *_OVERRIDES), 0xFFFD)


class AnsiRenderer(TextRenderer):
    """The format ``text`` with each entity in bold and in the colour of its type.

    What would steer the terminal (control characters, overrides of the writing direction) is shown
    as another character.
    """

    def __init__(self, labels: Sequence[str], title: str, fields: Sequence[str] = ()) -> None:
        super().__init__(labels, title, fields)
        places = enumerate(labels)
        self._colours = {label: _COLOURS[place % len(_COLOURS)] for place, label in places}

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The marked and coloured text, and a line end."""
        texts = []
        for text, entity in pieces(document):
            shown = writable(marked(text, entity)).translate(_VISIBLE)
            colour = self._colours.get(entity.label, "7") if entity else ""
            texts.append(f"\x1b[1;{colour}m{shown}\x1b[0m" if colour else shown)
        return "".join(texts) + "\n"
