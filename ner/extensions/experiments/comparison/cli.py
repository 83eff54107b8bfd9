"""``ner compare``."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    Given,
    PathArg,
    config_options,
    data_option,
    device_option,
    parse_seeds,
    reading_options,
)

if TYPE_CHECKING:
    from ner.extensions.experiments.comparison.runs import RunMeasured


@click.command(short_help="Train variants with several seeds, and compare them.")
@data_option
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
@reading_options()
def compare(
    data: str,
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
    corpus = load_corpus(data, config.data)

    # Only now, as in `ner train`.
    from ner.cli.progress import brief_messages, go_on, training_progress
    from ner.extensions.experiments.comparison.runs import (
        Comparison,
        RunMeasured,
        begun,
        compare_events,
        format_comparison,
    )

    out = out or Path("runs") / f"{corpus.name}-compare"

    def kept(last: Any) -> str:
        return go_on(out) if begun(out) else ""

    def show(event: Any) -> None:
        if isinstance(event, RunMeasured):
            print(_line(event), file=sys.stderr)

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


def _line(compared: "RunMeasured") -> str:
    result = compared.result
    scores = ", ".join(f"{split} F1 {100 * f1:.2f}" for split, f1 in result.f1.items())
    return (
        f"run {compared.number} of {compared.runs}: {scores} (epoch {result.best_epoch}); "
        f"{compared.variant.name}, seed {result.seed}"
    )
