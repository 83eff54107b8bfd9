"""``ner report``."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.evaluate import scored_corpus, scored_options
from ner.cli.options import PathArg, check_model, predict_options, tagging_device_option
from ner.cli.reading import reading_options
from ner.errors import UsageError

if TYPE_CHECKING:
    from ner.extensions.report.figures import ReportFigures


@click.command(short_help="Report on a model, or on two, in one page.")
@click.argument("model", metavar="RUN|MODEL")
@scored_options()
@click.option("--out", required=True, type=PathArg(), metavar="FILE.html", help="The page.")
@click.option(
    "--against", metavar="DIR|FILE|NAME", help="Another model, beside the first one on the page."
)
@click.option(
    "--json", "figures_file", type=PathArg(), metavar="FILE", help="Write all figures as JSON, too."
)
@click.option(
    "--examples",
    type=click.IntRange(min=0),
    default=10,
    metavar="N",
    help="Most examples: so many confident mistakes, so many missed entities.",
)
@predict_options
@tagging_device_option
@reading_options(layers=True)
def report(
    model: str,
    data: str | None,
    files: dict[str, Path],
    label_map: dict[str, str],
    own_types: bool,
    split: str | None,
    out: Path,
    against: str | None,
    figures_file: Path | None,
    examples: int,
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Report on a model on labelled sentences: one self-contained page, and the same as JSON.

    Scores with confidence intervals (by the bootstrap over documents, or blocks of sentences where
    the corpus has no documents), mistakes by kind and group, examples in their sentences,
    calibration, precision against recall, training curves, the data and its leaks, scores on raw
    text, speed, size and the card. With --against, two models are held against each other, with a
    test of significance. Files are read as in the training of the first model, unless options say
    otherwise.
    """
    names = [model, *([against] if against else [])]
    _check_outputs(out, figures_file)
    for name in names:
        check_model(name)
    from ner.cli.progress import progress_bar
    from ner.extensions.report.figures import Model, ReportFigures, report_events
    from ner.extensions.report.page import page

    models = [Model.load(name, device, settings) for name in names]
    config = models[0].tagger.config.replace(reading).data
    types = sorted({t for each in models for t in each.tagger.labels}) if own_types else ()
    corpus, split = scored_corpus(data, files, label_map, split, None, config, types)
    last: str | ReportFigures = ""
    with progress_bar() as bar:
        for number, last in enumerate(report_events(models, corpus, split, examples)):
            if isinstance(last, str):
                bar.show("report", number, 4 * len(models) + 1, last)
    assert isinstance(last, ReportFigures), "a report ends with its figures"
    _write(last, page(last), out, figures_file)
    click.echo(f"page: {out}", err=True)


def _check_outputs(out: Path, figures_file: Path | None) -> None:
    """Refuse files that cannot be written, before the work. Raises `NerError`."""
    from ner.files import check_writable

    if out == figures_file:
        raise UsageError(f"{out}: is the page; name another file with --json")
    for path in filter(None, (out, figures_file)):
        if path.is_dir():
            raise UsageError(f"{path}: is a folder; name a file in it")
        check_writable(path)


def _write(figures: "ReportFigures", page: str, out: Path, figures_file: Path | None) -> None:
    """Write the page and the figures, both or none."""
    from ner.files import write_text

    with ExitStack() as stack:
        if figures_file:
            file = stack.enter_context(write_text(figures_file))
            file.write(json.dumps(figures.to_dict(), indent=2, ensure_ascii=False) + "\n")
        stack.enter_context(write_text(out)).write(page)
