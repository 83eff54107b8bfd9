"""``ner inspect``: what goes on inside a network while it learns."""

import contextlib
from pathlib import Path
from typing import Any

import click

from ner.cli.options import PathArg, device_option, features_options, reading_options
from ner.config import Config
from ner.errors import UsageError


@click.group(short_help="Look inside networks while they learn.")
def inspect() -> None:
    """Look inside networks while they learn."""


def _parse_cells(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    cells = tuple(part.strip() for part in value.split(","))
    if len(set(cells)) < len(cells) or not {*cells} <= {"rnn", "lstm", "gru"}:
        raise click.BadParameter("takes different ones of rnn, lstm, gru with commas between")
    return cells


def _parse_lengths(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        lengths = tuple(int(part) for part in value.split(","))
    except ValueError:
        lengths = ()
    if not lengths or min(lengths) < 2 or len(set(lengths)) < len(lengths):
        raise click.BadParameter("takes different whole numbers above 1, like 10,50,200")
    return lengths


@inspect.command()
@click.option("--data", required=True, metavar="NAME|PATH", help="Corpus: a name, folder or file.")
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
    callback=_parse_lengths,
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
@click.option("--config", "file", type=click.Path(path_type=Path), help="Settings in a TOML file.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
@features_options
@device_option
@reading_options()
def gradients(
    data: str,
    file: Path | None,
    settings: tuple[str, ...],
    features: dict[str, Any],
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Show how far gradients reach back, for each cell before and after a short training.

    The norm of the gradient of the loss at the last token by the state after each token before it,
    norms over the training, the share of clipped steps, and the largest eigenvalues of the
    recurrent matrix: a page with plots, the figures as JSON in it and beside it, and tables on
    standard output. Networks have one layer that reads forward, and a softmax over tags.
    """
    config = Config.load(file, settings).replace(reading | features)
    _gradients(data, config, [*Config.parse(settings)], **how)


def _gradients(data: str, config: Config, named: list[str], out: Path, **how: Any) -> None:
    from ner.corpus import load_corpus

    corpus = load_corpus(data, config.data)

    from ner.cli.progress import training_progress  # only now, as in `ner train`
    from ner.extensions.experiments.gradients.flow import FIXED, GradientFlow, inspect_gradients
    from ner.extensions.experiments.gradients.page import figures_file, format_flow, write_pages

    if chosen := {*FIXED, "model.cell", "train.epochs", "train.patience"} & {*named}:
        raise UsageError(
            f"--set {min(chosen)}: is not to be chosen here (see ner inspect gradients --help); "
            "leave it out"
        )
    figures_file(out)  # an unsuitable path is refused before the work
    last = None
    with training_progress(config.resources.vectors) as progress:
        events = inspect_gradients(corpus, config, progress=progress.vectors_read, **how)
        with contextlib.closing(events):
            for event in progress.watch(events):
                last = event
    assert isinstance(last, GradientFlow), "an inspection ends with that"
    write_pages(last, out)
    click.echo(format_flow(last), nl=False)
    click.echo(f"page: {out}", err=True)
