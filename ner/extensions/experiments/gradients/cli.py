"""``ner inspect``: what goes on inside a network while it learns."""

from pathlib import Path
from typing import Any

import click

from ner.cli.options import (
    Given,
    PathArg,
    config_options,
    data_option,
    device_option,
    reading_options,
    whole_numbers,
)
from ner.errors import UsageError


@click.group(short_help="Look inside networks while they learn.")
def inspect() -> None:
    """Look inside networks while they learn."""


def _parse_cells(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:
    cells = tuple(part.strip() for part in value.split(","))
    if len(set(cells)) < len(cells) or not {*cells} <= {"rnn", "lstm", "gru"}:
        raise click.BadParameter("takes different ones of rnn, lstm, gru with commas between")
    return cells


@inspect.command()
@data_option
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
def gradients(data: str, out: Path, given: Given, reading: dict[str, Any], **how: Any) -> None:
    """Show how far gradients reach back, for each cell before and after a short training.

    The norm of the gradient of the loss at the last token by the state after each token before it,
    norms over the training, the share of clipped steps, and the largest eigenvalues of the
    recurrent matrix: a page with plots, the figures as JSON in it and beside it, and tables on
    standard output. Networks have one layer that reads forward, and a softmax over tags.
    """
    from ner.corpus import load_corpus

    config = given.config.replace(reading)
    corpus = load_corpus(data, config.data)

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
