"""A self-contained page, light or dark as its reader has it, with coloured entities."""

from ner.lazy import cached_property
from ner.markup import Content, escaped
from ner.render.base import NOWHERE, Renderer
from ner.render.design import DARK, LEGEND, LIGHT, MARKS, hues, legend, page_head, type_classes
from ner.text import Document, Entity, Origin, layered_label, pieces

_STYLE = f"""\
header {{ border-bottom: 1px solid var(--rule); margin-bottom: 1.5rem; }}
h1 {{ font-size: 1.375rem; line-height: 1.3; margin: 0 0 0.75rem; }}
{LEGEND}
p {{ white-space: pre-wrap; margin: 0 0 1rem; }}
{MARKS}"""
_OPENING = """\
<header>
<h1>{title}</h1>
<ul aria-label="Types">
{legend}
</ul>
</header>
<main lang="">
"""


class HtmlRenderer(Renderer):
    """A page of its own: a paragraph a document, each type in its colour, light or dark as read.

    Every type of `labels` has its colour, by its place in the list, and stands in the legend; other
    types are grey. The type behind an entity is drawn by the style sheet, so that the text of a
    paragraph is the document's. NUL, which HTML cannot carry, comes out as U+FFFD.
    """

    extension = ".html"

    @cached_property
    def _classes(self) -> dict[str, str]:
        return type_classes(self._labels)

    def begin(self) -> str:
        """The page up to the first paragraph."""
        head = page_head(
            self._title,
            _STYLE + hues(len(self._classes)),
            light=LIGHT,
            dark=DARK,
            width="46rem",
            font="1.0625rem/1.9 system-ui, sans-serif",
        )
        return head + _OPENING.format(title=escaped(self._title), legend=legend(self._classes))

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
