"""HTML of text with marked ranges: the part that pages and notebooks share."""

import re
from collections.abc import Iterable
from zlib import crc32

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


def marked_paragraph(pieces: Iterable[tuple[str, str, str]]) -> str:
    """A paragraph that needs no style sheet, from stretches of text, each with a label and a tip.

    Stretches with an empty label are not marked. A label has one colour wherever it stands.
    """
    inner = "".join(
        _MARK.format(
            hue=crc32(label.encode("utf-8", "surrogatepass")) % 360,
            tip=escaped(tip),
            text=escaped(text),
            label=escaped(label),
        )
        if label
        else escaped(text)
        for text, label, tip in pieces
    )
    return f'<p dir="auto" style="white-space: pre-wrap; line-height: 1.8;">{inner}</p>'
