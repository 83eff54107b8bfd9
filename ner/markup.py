"""Text with marked ranges, cut into pieces, and its HTML: the part that all outputs share."""

import re
from bisect import insort
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from zlib import crc32


class Ranged(Protocol):
    """A range of characters, ``[start, end)``."""

    @property
    def start(self) -> int:
        """The first character."""

    @property
    def end(self) -> int:
        """The character after the last."""


Mark = TypeVar("Mark", bound=Ranged)


class Piece(NamedTuple, Generic[Mark]):
    """A stretch of text, and the entity that it is or None; of one with others in it, its pieces.

    Only entities of several tag layers are in one another.
    """

    content: "Content[Mark]"
    entity: Mark | None


Content = str | tuple[Piece[Mark], ...]
Waiting = deque[tuple[int, int, Mark]]


def cut(text: str, entities: Iterable[Mark]) -> Iterator[Piece[Mark]]:
    """Cut a text into pieces; no character is left out.

    An entity that begins within another one and ends behind it goes on in a piece behind that.
    """
    ranges = ((entity.start, entity.end, entity) for entity in entities)
    return _cut(text, 0, len(text), deque(sorted(ranges, key=_order)))


def _order(item: tuple[int, int, Mark]) -> tuple[int, int]:
    return item[0], -item[1]


def _cut(text: str, start: int, end: int, waiting: "Waiting[Mark]") -> Iterator[Piece[Mark]]:
    position = start
    while waiting and waiting[0][0] < end:
        first, last, entity = waiting.popleft()
        yield Piece(text[position:first], None)
        position = min(last, end)
        if last > end:
            insort(waiting, (end, last, entity), key=_order)
        inside = tuple(_cut(text, first, position, waiting))
        yield Piece(inside if len(inside) > 1 else text[first:position], entity)
    yield Piece(text[position:end], None)


_NOT_IN_HTML = re.compile("[\0\ud800-\udfff]")
# Half transparent: it serves light and dark notebooks alike.
_MARK = (
    '<mark style="background: oklch(72% 0.13 {hue} / 0.35); color: inherit; '
    'border-radius: 0.3em; padding: 0.1em 0.3em;" title="{tip}">{text} '
    '<small style="font-weight: bold; unicode-bidi: isolate;">{label}</small></mark>'
)


def escaped(text: str) -> str:
    """Text as HTML; NUL and surrogates, which it cannot carry, come out as U+FFFD.

    A bare carriage return would be read as a line feed, so it is a reference.
    """
    import html  # with its table of entities, and no tagging needs it

    return html.escape(_NOT_IN_HTML.sub("\ufffd", text)).replace("\r", "&#13;")


Labelled = tuple[str | Sequence["Labelled"], str, str]
"""A stretch of text, or others that it consists of, with a label and a tip."""


def marked_paragraph(pieces: Iterable[Labelled]) -> str:
    """A paragraph that needs no style sheet, from stretches of text, each with a label and a tip.

    Stretches with an empty label are not marked. A label has one colour wherever it stands.
    """
    inner = "".join(_marked(*piece) for piece in pieces)
    return f'<p dir="auto" style="white-space: pre-wrap; line-height: 1.8;">{inner}</p>'


def _marked(content: str | Sequence[Labelled], label: str, tip: str) -> str:
    text = escaped(content) if isinstance(content, str) else "".join(_marked(*p) for p in content)
    if not label:
        return text
    hue = crc32(label.encode("utf-8", "surrogatepass")) % 360
    return _MARK.format(hue=hue, tip=escaped(tip), text=text, label=escaped(label))
