"""The page of a report: self-contained, without scripts, light or dark, for screen and print."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ner.corpus import Finding, stats_rows
from ner.evaluation import (
    RESAMPLES,
    TITLES,
    MistakeExample,
    Slice,
    plot_calibration,
    plot_curves,
    plot_trade_off,
)
from ner.extensions.report.figures import Difference, ReportFigures, RunFigures
from ner.extensions.report.parts import (
    Cells,
    letter_of,
    letters,
    note,
    paragraph,
    percent,
    percent_of,
    percent_range,
    run_heading,
    run_table,
    scrolled,
)
from ner.markup import escaped
from ner.render import (
    DARK,
    LIGHT,
    MARKS,
    TABLES,
    html_table,
    hues,
    page_head,
    type_classes,
)

# Nothing is loaded and nothing runs, whatever a corpus or a card would have it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = f"""\
{TABLES}
{MARKS}
h3 {{ font-size: 1rem; margin: 1.75rem 0 0.5rem; }}
nav a {{ margin-inline-end: 1rem; }} a {{ color: inherit; }}
.note, .place {{ color: var(--faint); font-size: 0.875rem; }}
.wide svg {{ min-width: 34rem; }}
.big {{ font-size: 1.375rem; font-variant-numeric: tabular-nums; }}
.example {{ margin: 0 0 1rem; line-height: 1.8; }} .place {{ display: block; line-height: 1.4; }}
.h1 {{ background: color-mix(in oklab, var(--warm) 15%, transparent); }}
.h2 {{ background: color-mix(in oklab, var(--warm) 35%, transparent); }}
.h3 {{ background: color-mix(in oklab, var(--warm) 60%, transparent); }}
pre {{ white-space: pre-wrap; font-size: 0.875rem; }}
summary {{ cursor: pointer; }}
@media print {{
  body {{ max-width: none; margin: 0; font-size: 0.8125rem; }} nav {{ display: none; }}
  .note, .place {{ font-size: inherit; }} table {{ font-size: 0.6875rem; }}
  svg, table, .example {{ break-inside: avoid; }} h2, h3 {{ break-after: avoid; }}
  .wide {{ overflow: visible; }} .wide svg {{ min-width: 0; }}
}}
"""
_COLOURS = "--faint: {faint}; --warm: #e69f00;"

Sections = Mapping[str, Callable[[ReportFigures], Iterator[str]]]


def page(figures: ReportFigures) -> str:
    """The page, which needs no other file."""
    names = " and ".join(run.name for run in figures.runs)
    title = f"{names} on {figures.corpus}, {figures.split}"
    head = page_head(
        title,
        _STYLE + hues(len(_types(figures))),
        light=LIGHT + _COLOURS.format(faint="#5c5c66"),
        dark=DARK + _COLOURS.format(faint="#a3a3ad"),
        width="60rem",
        font="1rem/1.6 system-ui, sans-serif",
        policy=_POLICY,
    )
    body = "\n".join(_body(figures, title))
    return f"{head}{body}\n</main>\n</body>\n</html>\n"


def _body(figures: ReportFigures, title: str) -> Iterator[str]:
    parts = {name: list(section(figures)) for name, section in _SECTIONS.items()}
    shown = {name: part for name, part in parts.items() if part}
    links = [f'<a href="#{_anchor(name)}">{escaped(name)}</a>' for name in shown]
    yield f"<main>\n<h1>{escaped(title)}</h1>"
    yield from _summary(figures)
    yield f'<nav aria-label="Sections">{" ".join(links)}</nav>'
    for name, part in shown.items():
        yield f'<h2 id="{_anchor(name)}">{escaped(name)}</h2>'
        yield from part


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")


def _summary(figures: ReportFigures) -> Iterator[str]:
    for letter, run in zip(letters(figures.runs), figures.runs, strict=True):
        name = f"{letter}: {run.name}: " * bool(letter)
        f1 = f"F1 {percent(run.scores.f1)} ({percent_range(run.intervals.f1)})"
        yield f'<p class="big">{escaped(name + f1)}</p>'
        if run.learnt_from:
            yield paragraph(
                f"{run.name} has learnt from {run.learnt_from:,} of these sentences: its scores on "
                "them say little of new text."
            )
    yield note(
        f"{figures.sentences:,} sentences, {figures.tokens:,} tokens. Scores are in percent, of "
        "whole entities: tokens and type must be right. Intervals hold the middle 95 % of scores "
        f"when {figures.units} are drawn with replacement, {RESAMPLES:,} times."
    )


# --- scores ---------------------------------------------------------------------------------------


def _scores(figures: ReportFigures) -> Iterator[str]:
    if figures.difference:
        yield from _beside(figures.difference)
    head = ["entities", "found", "precision", "recall", "F1", "95 % interval"]
    cells = [_score_cells(run) for run in figures.runs]
    yield run_table(figures.runs, ["type", *head], cells, once=["entities"], alone=["found"])
    for run in figures.runs:
        precision, recall = map(percent_range, (run.intervals.precision, run.intervals.recall))
        yield note(f"{run.name}: intervals of precision {precision}, of recall {recall}.")


def _score_cells(run: RunFigures) -> Cells:
    scores, intervals = run.scores, run.intervals
    several = len(scores.parts) > 1
    parts = {f"in {name}": (part, None) for name, part in scores.parts.items() if several}
    rows = {name: (row, intervals.per_type.get(name)) for name, row in scores.per_type.items()}
    counted = {
        name: [
            f"{row.support:,}",
            f"{row.predicted:,}",
            *map(percent, (row.precision, row.recall, row.f1)),
            percent_range(ends) if ends else "",
        ]
        for name, (row, ends) in {
            **rows, "all (micro)": (scores, intervals.f1), **parts
        }.items()
    }  # fmt: skip
    means = {"macro": scores.macro, "weighted": scores.weighted}
    return counted | {
        name: ["", "", *map(percent, (row.precision, row.recall, row.f1)), ""]
        for name, row in means.items()
    }


def _beside(difference: Difference) -> Iterator[str]:
    low, high = difference.interval
    yield paragraph(
        f"B less A: {100 * difference.f1:+.2f} F1 (95 % interval {100 * low:+.2f} to "
        f"{100 * high:+.2f}; p = {difference.p:.4f} by approximate randomisation over sentences)."
    )
    found = difference.gold
    yield paragraph(
        f"Of the entities in the data, both find {found['both']:,}, A alone {found['first']:,}, "
        f"B alone {found['second']:,}, neither {found['neither']:,}."
    )


# --- mistakes -------------------------------------------------------------------------------------


def _mistakes(figures: ReportFigures) -> Iterator[str]:
    yield note(
        "Each entity counts once: boundary: the right type with other ends; type: the right ends; "
        "missed and spurious: nothing stands for it on the other side."
    )
    kinds = [run.mistakes.overall.kinds for run in figures.runs]
    cells = [
        {name: [f"{n:,}", percent_of(n, sum(row.values()))] for name, n in row.items()}
        for row in kinds
    ]
    yield run_table(figures.runs, ["kind", "mistakes", "share"], cells)
    slices = [run.mistakes.slices for run in figures.runs]
    for name in slices[0]:
        yield f"<h3>{escaped(TITLES[name].capitalize())}</h3>"
        head = ["", "entities", "precision", "recall", "F1", "mistakes", "share"]
        rows = [_slice_cells(each[name]) for each in slices]
        more = ["precision", "recall"]
        yield run_table(figures.runs, head, rows, once=["entities"], alone=more)
    if "seen" not in slices[0]:
        yield note(f"{TITLES['seen'].capitalize()}: left out, without a training split.")


def _slice_cells(rows: Mapping[str, Slice]) -> Cells:
    return {
        name: [
            f"{row.support:,}",
            *map(percent, (row.precision, row.recall, row.f1)),
            f"{row.mistakes:,}",
            f"{100 * row.share:.1f} %",
        ]
        for name, row in rows.items()
    }


def _confusions(figures: ReportFigures) -> Iterator[str]:
    if any(run.mistakes.confusions for run in figures.runs):
        yield note("Mistakes by the type in the data (rows) and the type found (columns).")
    for run in figures.runs:
        counts = run.mistakes.confusions
        if not counts:
            continue
        yield from run_heading(figures, run)
        numbers = [[*row.values()] for row in counts.values()]
        rows = [[name, *(f"{n:,}" for n in row)] for name, row in zip(counts, numbers, strict=True)]
        yield html_table([["", *counts], *rows], {0}, _Heat(numbers))


class _Heat:
    """The class of a cell, behind a head, by the share of its number in the largest one."""

    def __init__(self, numbers: Sequence[Sequence[int]]) -> None:
        self._numbers, self._most = numbers, max(map(max, numbers))

    def __call__(self, row: int, column: int) -> str:
        number = self._numbers[row - 1][column - 1] if row and column else 0
        return f"h{1 + min(2, 3 * number // self._most)}" if number else ""


def _examples(figures: ReportFigures) -> Iterator[str]:
    classes = _types(figures)
    for run in figures.runs:
        lists = {
            "Most confident mistakes": run.mistakes.confident,
            "Missed entities": run.mistakes.missed,
        }
        for title, examples in lists.items():
            if examples:
                yield f"<h3>{escaped(letter_of(figures, run) + title)}</h3>"
                yield from (_example(each, classes) for each in examples)


def _example(example: MistakeExample, classes: Mapping[str, str]) -> str:
    start, end = example.marked
    before, inside, after = (
        escaped(part)
        for part in (
            example.context[:start], example.context[start + 1 : end - 1], example.context[end:]
        )
    )  # fmt: skip
    label = example.gold or example.predicted or ""
    mark = f'<mark class="{classes[label]}" data-label="{escaped(label)}">{inside}</mark>'
    told = escaped(f"{example.kind}: {example.reason} — {example.place}")
    return (
        f'<p class="example" dir="auto">{before}{mark}{after}<span class="place">{told}</span></p>'
    )


# --- scores of entities, thresholds ---------------------------------------------------------------


def _calibration(figures: ReportFigures) -> Iterator[str]:
    yield note(
        "The score of an entity against how often such entities are right; on the diagonal a score "
        "is what it says. Bars are 95 % intervals; ECE is the mean distance, weighted by entities."
    )
    for run in figures.runs:
        found = run.calibration
        yield from run_heading(figures, run)
        yield paragraph(
            f"Expected calibration error {found.ece:.4f} over {found.entities:,} entities: their "
            f"mean score is {found.score:.4f}, and {found.precision:.4f} of them are right."
        )
        yield scrolled(plot_calibration(found).inline(f"Reliability diagram of {run.name}"))


def _trade_off(figures: ReportFigures) -> Iterator[str]:
    yield note(
        "Scores over the lowest score that an entity must have (min_score), and over the bias that "
        "is added to the score of O (o_bias). Choose a value on valid, never on test."
    )
    for run in figures.runs:
        yield from run_heading(figures, run)
        plot = plot_trade_off(run.trade_off)
        yield scrolled(plot.inline(f"Precision, recall and F1 of {run.name} by both settings"))


def _training(figures: ReportFigures) -> Iterator[str]:
    for run in figures.runs:
        if run.curves:
            yield from run_heading(figures, run)
            plot = plot_curves(run.curves)
            yield scrolled(plot.inline(f"Loss and validation scores of {run.name} by epoch"))


# --- data, text, machine --------------------------------------------------------------------------


def _data(figures: ReportFigures) -> Iterator[str]:
    yield html_table(stats_rows(figures.stats), {0})
    yield "<h3>Questionable places and leaks</h3>"
    yield note("Errors and warnings of ner data check, but those that only the files show.")
    found = [finding for finding in figures.findings if finding.severity != "info"]
    yield from map(_finding, found)
    if not found:
        yield paragraph("None.")


def _finding(finding: Finding) -> str:
    number = f" ({finding.count:,})" if finding.count > 1 else ""
    told = escaped(f"{finding.severity}: {finding.kind}: {finding.message}{number}")
    places = list(finding.places)
    if finding.unlisted:
        places.append(f"and {finding.unlisted:,} more")
    listed = "<br>".join(map(escaped, places))
    return f"<details><summary>{told}</summary>{listed}</details>" if listed else f"<p>{told}</p>"


def _segmentation(figures: ReportFigures) -> Iterator[str]:
    unit = figures.runs[0].segmentation.unit
    yield note(
        f"The scores above are of the tokens and sentences of the corpus. Here its {unit} are "
        "written as raw text, a paragraph each, which the model cuts itself, as it does a user's "
        "text. Line breaks, such as those of headlines and tables, are not there."
    )
    cells = [_segmentation_cells(run) for run in figures.runs]
    yield run_table(figures.runs, ["", "value"], cells)


def _segmentation_cells(run: RunFigures) -> Cells:
    found = run.segmentation
    facts = {
        "F1 above": percent(run.scores.f1),
        "F1 on raw text": percent(found.entities.f1),
        "tokens reproduced (%)": percent(found.tokens),
        "entity borders reproduced (%)": percent(found.borders),
        "sentence ends, precision": percent(found.ends.precision),
        "sentence ends, recall": percent(found.ends.recall),
        "sentences read in windows": f"{found.windows:,}",
    }
    return {name: [fact] for name, fact in facts.items()}


def _speed(figures: ReportFigures) -> Iterator[str]:
    yield note(
        "Measured here, on this split, without scores of entities: seconds are those of the "
        "processor, unless the model ran elsewhere."
    )
    cells = [
        {
            "tokens a second": [f"{run.tokens_per_second:,.0f}"],
            "parameters": [f"{run.parameters:,}"],
            "size (MB)": [f"{run.size / 1e6:,.1f}"],
        }
        for run in figures.runs
    ]
    yield run_table(figures.runs, ["", "value"], cells)


def _card(figures: ReportFigures) -> Iterator[str]:
    for run in figures.runs:
        card = f"<pre>{escaped(run.card)}</pre>"
        yield f"<details><summary>{escaped(run.name)}</summary>{card}</details>"


_SECTIONS: Sections = {
    "Scores": _scores,
    "Mistakes": _mistakes,
    "Confusion": _confusions,
    "Examples": _examples,
    "Calibration": _calibration,
    "Precision or recall": _trade_off,
    "Training": _training,
    "Data": _data,
    "Raw text": _segmentation,
    "Speed and size": _speed,
    "Card": _card,
}


def _types(figures: ReportFigures) -> dict[str, str]:
    """The class of each type."""
    return type_classes(sorted({label for run in figures.runs for label in run.scores.per_type}))
