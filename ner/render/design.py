"""The design of pages: colours in light and dark, the marks of entities, the legend.

A file of ``ner tag --format html``, a report and a served page look alike because all of it is made
here. A type is told by its name beside each entity, so that nobody needs to see its colour.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ner.markup import escaped

PAGES = Path(__file__).with_name("page")
"""The folder of what pages share beside the style."""

_SCHEMES = """\
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
"""
_HEAD = (
    """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{policy}<title>{title}</title>
<style>
"""
    + _SCHEMES
    + """\
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
)

LIGHT = "--fill: 90%; --fill-chroma: 0.07; --name: 42%; --name-chroma: 0.11;"
"""Lightness and chroma of a mark and of the name in it, on a light page; hues are the types'."""

DARK = "--fill: 34%; --fill-chroma: 0.07; --name: 86%; --name-chroma: 0.08;"
"""The same on a dark page."""

LEGEND = "ul { display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; list-style: none; padding: 0; }"
"""The style of the list of types."""

MARKS = """\
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
"""The style of entities: ``<mark class="t0" data-label="PER">`` in a paragraph."""

_GOLDEN_ANGLE = 137.508
_APART = 8
_EDGES = ("", "inset 0 -0.16em", "inset 0 0 0 0.1em", "inset 0 0.16em")
"""Shapes that tell types apart whose hues are alike: none, a line below, a frame, a line above."""


def page_head(
    title: str, style: str, *, light: str, dark: str, width: str, font: str, policy: str = ""
) -> str:
    """The head of a page, to the start of its body; `title` is text, the others are CSS.

    `light` and `dark` declare colours in either scheme, beside ``--page``,
    ``--ink`` and ``--rule``. `policy` is its Content-Security-Policy, if any.
    """
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">\n'
    return _HEAD.format(
        title=escaped(title),
        style=style,
        light=light,
        dark=dark,
        width=width,
        font=font,
        policy=meta * bool(policy),
    )


def type_classes(labels: Iterable[str]) -> dict[str, str]:
    """The class of each type, by its place in the list."""
    return {label: f"t{number}" for number, label in enumerate(labels)}


def hues(count: int) -> str:
    """The style of so many types: steps of the golden angle keep neighbours far apart.

    Of `_APART` types, no hues are closer than 32 degrees; the next so many have an edge as well.
    """
    return "\n".join(
        f".t{number} {{ --hue: {(250 + number * _GOLDEN_ANGLE) % 360:.0f};{_edge(number)} }}"
        for number in range(count)
    )


def _edge(number: int) -> str:
    edge = _EDGES[number // _APART % len(_EDGES)]
    return edge and f" box-shadow: {edge} oklch(var(--name) var(--name-chroma) var(--hue));"


def legend(classes: Mapping[str, str]) -> str:
    """The items of the list of types."""
    return "\n".join(
        f'<li><mark class="{name}">{escaped(label)}</mark></li>' for label, name in classes.items()
    )


def stylesheet(types: int) -> str:
    """The design alone, for a page that has its own layout and shows so many types."""
    return f"{_SCHEMES.format(light=LIGHT, dark=DARK)}{LEGEND}\n{MARKS}{hues(types)}\n"
