"""Tables of a page: the design that all reports share."""

from collections.abc import Callable, Collection, Sequence

from ner.markup import escaped

TABLES = """\
h1 { font-size: 1.375rem; } h2 { font-size: 1.125rem; margin-top: 2.5rem; }
svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: pre; }
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: right; }
th { border-bottom: 1px solid var(--rule); }
.text { text-align: left; }"""
"""The style of headings, plots (in ``.wide``, where they may be scrolled) and tables."""


def html_table(
    rows: Sequence[Sequence[str]],
    to_the_left: Collection[int],
    class_of: Callable[[int, int], str] = lambda row, column: "",
) -> str:
    """A table of texts, of which the first row is the head.

    Columns of these numbers stand to the left, others to the right. A cell has the class that
    `class_of` gives for its row and column, if any.
    """
    lines = [
        "".join(
            _cell("td" if number else "th", text, "text" * (column in to_the_left), name)
            for column, text in enumerate(row)
            for name in [class_of(number, column)]
        )
        for number, row in enumerate(rows)
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="wide"><table>\n{body}\n</table></div>'


def _cell(tag: str, text: str, *classes: str) -> str:
    names = " ".join(filter(None, classes))
    given = f' class="{names}"' if names else ""
    return f"<{tag}{given}>{escaped(text)}</{tag}>"
