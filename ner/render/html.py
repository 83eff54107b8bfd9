"""A self-contained page, light or dark as its reader has it, with coloured entities."""

from collections.abc import Sequence

from ner.markup import Content, escaped
from ner.render.base import NOWHERE, Renderer
from ner.text import Document, Entity, Origin, layered_label, pieces

_HEAD = """\
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
  {light}
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --page: #17181c; --ink: #e9e9ec; --rule: #3a3b41;
    {dark}
  }}
}}
body {{
  max-width: {width}; margin: 2.5rem auto; padding: 0 1.25rem;
  background: var(--page); color: var(--ink);
  font: {font}; overflow-wrap: anywhere;
}}
{style}
</style>
</head>
<body>
"""


def page_head(title: str, style: str, *, light: str, dark: str, width: str, font: str) -> str:
    """The head of a page, to the start of its body; `title` is text, the others are CSS.

    `light` and `dark` declare colours in either scheme, beside ``--page``,
    ``--ink`` and ``--rule``.
    """
    return _HEAD.format(
        title=escaped(title), style=style, light=light, dark=dark, width=width, font=font
    )


_STYLE = """\
header { border-bottom: 1px solid var(--rule); margin-bottom: 1.5rem; }
h1 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 0.75rem; }
ul { display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; list-style: none; padding: 0; }
p { white-space: pre-wrap; margin: 0 0 1rem; }
mark {
  background: oklch(var(--fill) var(--fill-chroma) var(--hue)); color: inherit;
  border-radius: 0.3em; padding: 0.12em 0.3em;
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
p mark::after {
  content: attr(data-label); color: oklch(var(--name) var(--name-chroma) var(--hue));
  font-size: 0.66em; font-weight: 700; letter-spacing: 0.03em;
  margin-inline-start: 0.5em; unicode-bidi: isolate;
}
mark:not([class]) { --fill-chroma: 0; --name-chroma: 0; --hue: 0; }
"""
_OPENING = """\
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

    Every type of `labels` has its colour, by its place in the list, and stands in the legend; other
    types are grey. The type behind an entity is drawn by the style sheet, so that the text of a
    paragraph is the document's. NUL, which HTML cannot carry, comes out as U+FFFD.
    """

    extension = ".html"

    def __init__(
        self,
        labels: Sequence[str],
        title: str,
        fields: Sequence[str] = (),
        layers: Sequence[str] = (),
    ) -> None:
        super().__init__(labels, title, fields, layers)
        self._classes = {label: f"t{number}" for number, label in enumerate(labels)}

    def begin(self) -> str:
        """The page up to the first paragraph."""
        # Steps of the golden angle keep neighbours far apart, however many types there are.
        hues = [
            f".{name} {{ --hue: {(250 + number * GOLDEN_ANGLE) % 360:.0f}; }}"
            for number, name in enumerate(self._classes.values())
        ]
        legend = [
            f'<li><mark class="{name}">{escaped(label)}</mark></li>'
            for label, name in self._classes.items()
        ]
        head = page_head(
            self._title,
            _STYLE + "\n".join(hues),
            light="--fill: 90%; --fill-chroma: 0.07; --name: 42%; --name-chroma: 0.11;",
            dark="--fill: 34%; --fill-chroma: 0.07; --name: 86%; --name-chroma: 0.08;",
            width="46rem",
            font="1.0625rem/1.9 system-ui, sans-serif",
        )
        return head + _OPENING.format(title=escaped(self._title), legend="\n".join(legend))

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """One paragraph."""
        inner = "".join(self._piece(*piece) for piece in pieces(document))
        return f'<p dir="auto">{inner}</p>\n'

    def _piece(self, content: Content[Entity], entity: Entity | None) -> str:
        if isinstance(content, str):
            inner = escaped(content)
        else:
            inner = "".join(self._piece(*piece) for piece in content)
        if entity is None:
            return inner
        name = self._classes.get(entity.label)
        style = f' class="{name}"' if name else ""
        tip = f"{escaped(layered_label(entity))}, score {entity.score:.3f}"
        return f'<mark{style} data-label="{escaped(entity.label)}" title="{tip}">{inner}</mark>'

    def end(self) -> str:
        """The end of the page."""
        return "</main>\n</body>\n</html>\n"
