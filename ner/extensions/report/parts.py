"""Parts of a page: tables of one run, or of two beside each other, and figures as texts."""

from collections.abc import Iterator, Mapping, Sequence

from ner.evaluation import Interval
from ner.extensions.report.figures import ReportFigures, RunFigures
from ner.markup import escaped
from ner.render import html_table

Cells = Mapping[str, Sequence[str]]
"""The cells of rows, by the name in front of each."""
_MISSING = "–"


def letters(runs: Sequence[RunFigures]) -> Sequence[str]:
    """The letters of two runs, and none of one."""
    return ("A", "B") if len(runs) > 1 else ("",)


def letter_of(figures: ReportFigures, run: RunFigures) -> str:
    """The letter of one of two runs, in front of a title."""
    pairs = zip(letters(figures.runs), figures.runs, strict=True)
    return next(f"{letter}: " * bool(letter) for letter, each in pairs if each is run)


def run_heading(figures: ReportFigures, run: RunFigures) -> Iterator[str]:
    """The name of one of two runs, above its part of a section."""
    if len(figures.runs) > 1:
        yield f"<h3>{escaped(letter_of(figures, run) + run.name)}</h3>"


def run_table(
    runs: Sequence[RunFigures],
    head: Sequence[str],
    cells: Sequence[Cells],
    *,
    once: Sequence[str] = (),
    alone: Sequence[str] = (),
) -> str:
    """Rows of one run, or of two beside each other, by the name in front of each.

    Of two runs, columns with the names `once` are the same, and those in `alone` left out.
    """
    first, *others = head
    kept = [n for n, name in enumerate(others) if len(runs) == 1 or name not in alone]
    common = [n for n in kept if others[n] in once]
    own = [n for n in kept if others[n] not in once]
    top = [f"{others[n]} {letter}".strip() for letter in letters(runs) for n in own]
    rows = [[first, *(others[n] for n in common), *top]]
    for name in dict.fromkeys(name for each in cells for name in each):
        found = [each.get(name) for each in cells]
        known = next(row for row in found if row)
        rows.append([name, *(known[n] for n in common)])
        rows[-1] += [row[n] if row else _MISSING for row in found for n in own]
    return html_table(rows, {0})


def percent(share: float) -> str:
    """A share from 0 to 1 in percent."""
    return f"{100 * share:.2f}"


def percent_range(ends: Interval) -> str:
    """An interval of shares in percent."""
    return "–".join(map(percent, ends))


def percent_of(part: int, whole: int) -> str:
    """A part of a whole in percent, with the sign."""
    return f"{100 * part / max(whole, 1):.1f} %"


def paragraph(text: str) -> str:
    """A paragraph of text."""
    return f"<p>{escaped(text)}</p>"


def note(text: str) -> str:
    """A paragraph that says how to read what is below."""
    return f'<p class="note">{escaped(text)}</p>'


def scrolled(plot: str) -> str:
    """A plot that is scrolled where the page is too narrow."""
    return f'<div class="wide">{plot}</div>'
