"""``ner search``, ``ner compare`` and ``ner inspect``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    Given,
    PathArg,
    config_options,
    device_option,
    on_option,
    parse_seeds,
    whole_numbers,
)
from ner.cli.reading import corpus_options, reading_options
from ner.errors import UsageError, escaped

if TYPE_CHECKING:
    from ner.extensions.experiments.comparison.runs import RunMeasured
    from ner.extensions.experiments.search.trials import TrialFinished


# --- search ---------------------------------------------------------------------------------------


@click.command(short_help="Search for better settings on a corpus.")
@corpus_options()
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=20,
    metavar="N",
    help="How many trials in all, with those before --resume.",
)
@click.option("--out", type=PathArg(), help="Folder of the search.  [default: runs/NAME-search]")
@config_options("Fix a setting; repeatable.")
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="KEY=LOW..HIGH|KEY=a,b,c|KEY",
    help="Search this setting, and only those that are named so; repeatable.",
)
@click.option("--resume", is_flag=True, help="Go on with the search in --out.")
@device_option
@on_option
@reading_options()
def search(
    data: str | None,
    files: dict[str, Path],
    trials: int,
    out: Path | None,
    given: Given,
    ranges: tuple[str, ...],
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Search for better settings: train often, learn from it, and print the best as a TOML file.

    Trials are evaluated by F1 on the validation split; test is never looked at. A trial that falls
    behind the median of those before is given up. The first one has the settings of --config.
    Without --range the learning rate, batch size, dropout, word dropout, hidden units and character
    filters are searched, but for those that --set fixes. Stopped with Ctrl-C, it goes on with
    --resume.
    """
    from ner.corpus import load_corpus
    from ner.extensions.experiments.space import read_space, require_optuna

    require_optuna()
    config = given.config.replace(reading)
    space = read_space(ranges, config, given.fixed)
    corpus = load_corpus(data, config.data, files=files)

    # Only now, as in `ner train`.
    from ner.cli.progress import brief_messages, go_on, training_progress
    from ner.extensions.experiments.search.study import FILE
    from ner.extensions.experiments.search.trials import (
        BEST,
        BEST_CONFIG,
        SearchFinished,
        TrialFinished,
        search_events,
    )

    out = out or Path("runs") / f"{corpus.name}-search"
    best = out / BEST_CONFIG

    def kept(last: Any) -> str:
        if not (out / FILE).exists():
            return "no trial had begun"
        there = f"the best settings so far are in {best}; " if best.exists() else ""
        return there + go_on(out)

    def show(event: Any) -> None:
        if isinstance(event, TrialFinished):
            print(_trial_line(event, trials), file=sys.stderr)

    click.echo(escaped(f"run folder: {out}"), err=True)
    with training_progress(config.resources.vectors, kept) as progress, brief_messages():
        read = progress.vectors_read
        events = search_events(corpus, out, config, space, trials=trials, progress=read, **how)
        last = progress.follow(events, show)
    assert isinstance(last, SearchFinished), "a search ends with its best trial"
    click.echo(last.text, nl=False)
    click.echo(
        f"best of {last.trials} trials: {last.best.number}, valid F1 {100 * last.best.f1:.2f}; "
        f"settings: {best}, model: {out / BEST}",
        err=True,
    )


def _trial_line(tried: "TrialFinished", trials: int) -> str:
    trial, best = tried.trial, tried.best
    reached = f"valid F1 {100 * trial.f1:.2f}"
    what = {
        "finished": reached,
        "pruned": f"{reached}, pruned after epoch {trial.epochs}",
        "failed": f"failed: {trial.note}",
    }[trial.outcome]
    so_far = f"best {100 * best.f1:.2f} (trial {best.number})" if best else "no best yet"
    settings = ", ".join(f"{key}={value}" for key, value in trial.settings.items())
    return f"trial {trial.number} of {trials}: {what}; {so_far}; {settings}"


# --- compare --------------------------------------------------------------------------------------


@click.command(short_help="Train variants with several seeds, and compare them.")
@corpus_options()
@click.option(
    "--vary",
    "varied",
    multiple=True,
    required=True,
    metavar="KEY=a,b,c",
    help="Try these values of a setting; repeatable: then every combination.",
)
@click.option(
    "--seeds", default="1,2,3", callback=parse_seeds, metavar="1,2,3", help="Seeds of each variant."
)
@click.option(
    "--out", type=PathArg(), help="Folder of the comparison.  [default: runs/NAME-compare]"
)
@config_options("Change a setting for all.")
@click.option("--resume", is_flag=True, help="Go on with the comparison in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@device_option
@on_option
@reading_options()
def compare(
    data: str | None,
    files: dict[str, Path],
    varied: tuple[str, ...],
    seeds: tuple[int, ...],
    out: Path | None,
    given: Given,
    as_json: bool,
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Train every combination of some settings with several seeds, and compare them in a table.

    Each variant is held against the one that is best on the validation split,
    by approximate randomisation on the test split. Stopped with Ctrl-C, it goes
    on with --resume, which takes further values and seeds, too.
    """
    from ner.corpus import load_corpus
    from ner.extensions.experiments.space import read_variants

    config = given.config.replace(reading)
    variants = read_variants(varied, config, given.fixed)
    corpus = load_corpus(data, config.data, files=files)

    # Only now, as in `ner train`.
    from ner.cli.progress import brief_messages, go_on, training_progress
    from ner.extensions.experiments.comparison.runs import RunMeasured, begun, compare_events
    from ner.extensions.experiments.comparison.table import Comparison, format_comparison

    out = out or Path("runs") / f"{corpus.name}-compare"

    def kept(last: Any) -> str:
        return go_on(out) if begun(out) else ""

    def show(event: Any) -> None:
        if isinstance(event, RunMeasured):
            print(_run_line(event), file=sys.stderr)

    click.echo(escaped(f"run folder: {out}"), err=True)
    with training_progress(config.resources.vectors, kept) as progress, brief_messages():
        read = progress.vectors_read
        events = compare_events(corpus, out, config, variants, seeds, progress=read, **how)
        comparison = progress.follow(events, show)
    assert isinstance(comparison, Comparison), "a comparison ends with that"
    click.echo(f"table: {out / 'comparison.md'}", err=True)
    if as_json:
        click.echo(json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo(format_comparison(comparison), nl=False)


def _run_line(compared: "RunMeasured") -> str:
    result = compared.result
    scores = ", ".join(f"{split} F1 {100 * f1:.2f}" for split, f1 in result.f1.items())
    return (
        f"run {compared.number} of {compared.runs}: {scores} (epoch {result.best_epoch}); "
        f"{compared.variant.name}, seed {result.seed}"
    )


# --- inspect --------------------------------------------------------------------------------------


@click.group(short_help="Look inside networks while they learn.")
def inspect() -> None:
    """Look inside networks while they learn."""


def _parse_cells(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    cells = tuple(part.strip() for part in value.split(","))
    if len(set(cells)) < len(cells) or not {*cells} <= {"rnn", "lstm", "gru"}:
        raise click.BadParameter("takes different ones of rnn, lstm, gru with commas between")
    return cells


@inspect.command()
@corpus_options()
@click.option(
    "--cells",
    default="rnn,lstm,gru",
    callback=_parse_cells,
    metavar="rnn,lstm,gru",
    help="Recurrent cells to hold against each other.",
)
@click.option(
    "--lengths",
    default="10,50,200",
    callback=whole_numbers(2, "takes different whole numbers above 1, like 10,50,200"),
    metavar="10,50,200",
    help="How many tokens the gradient goes back.",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), default=3, metavar="N", help="How long to train."
)
@click.option(
    "--out",
    required=True,
    type=PathArg(),
    metavar="FILE.html",
    help="The page; figures go beside it.",
)
@config_options()
@device_option
@reading_options()
def gradients(
    data: str | None,
    files: dict[str, Path],
    out: Path,
    given: Given,
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Show how far gradients reach back, for each cell before and after a short training.

    The norm of the gradient of the loss at the last token by the state after each token before it,
    norms over the training, the share of clipped steps, and the largest eigenvalues of the
    recurrent matrix: a page with plots, the figures as JSON in it and beside it, and tables on
    standard output. Networks have one layer that reads forward, and a softmax over tags.
    """
    from ner.corpus import load_corpus

    config = given.config.replace(reading)
    corpus = load_corpus(data, config.data, files=files)

    from ner.cli.progress import training_progress  # only now, as in `ner train`
    from ner.extensions.experiments.gradients.flow import FIXED, GradientFlow, inspect_gradients
    from ner.extensions.experiments.gradients.page import figures_file, format_flow, write_pages

    if chosen := {*FIXED, "model.cell", "train.epochs", "train.patience"} & {*given.fixed}:
        raise UsageError(
            f"--set {min(chosen)}: is not to be chosen here (see ner inspect gradients --help); "
            "leave it out"
        )
    figures_file(out)  # an unsuitable path is refused before the work
    with training_progress(config.resources.vectors) as progress:
        read = progress.vectors_read
        flow = progress.follow(inspect_gradients(corpus, config, progress=read, **how))
    assert isinstance(flow, GradientFlow), "an inspection ends with that"
    write_pages(flow, out)
    click.echo(format_flow(flow), nl=False)
    click.echo(f"page: {out}", err=True)
