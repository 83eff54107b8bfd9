"""``ner compare``."""

import contextlib
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli import stopped
from ner.cli.options import (
    PathArg,
    device_option,
    features_options,
    parse_seeds,
    reading_options,
)
from ner.config import Config

if TYPE_CHECKING:
    from ner.extensions.experiments.comparison.runs import RunMeasured
    from ner.extensions.experiments.comparison.table import Comparison
    from ner.extensions.experiments.comparison.variants import Variant


@click.command(short_help="Train variants with several seeds, and compare them.")
@click.option("--data", required=True, metavar="NAME|PATH", help="Corpus: a name, folder or file.")
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
@click.option("--config", "file", type=click.Path(path_type=Path), help="Settings in a TOML file.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting for all."
)
@features_options
@click.option("--resume", is_flag=True, help="Go on with the comparison in --out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@device_option
@reading_options()
def compare(
    data: str,
    varied: tuple[str, ...],
    seeds: tuple[int, ...],
    out: Path | None,
    file: Path | None,
    settings: tuple[str, ...],
    features: dict[str, Any],
    resume: bool,
    as_json: bool,
    device: str,
    reading: dict[str, Any],
) -> None:
    """Train every combination of some settings with several seeds, and compare them in a table.

    Each variant is held against the one that is best on the validation split,
    by approximate randomisation on the test split. Stopped with Ctrl-C, it goes
    on with --resume, which takes further values and seeds, too.
    """
    from ner.extensions.experiments.comparison.variants import read_variants

    config = Config.load(file, settings).replace(reading | features)
    fixed = [*Config.parse(settings), *features]
    variants = read_variants(varied, config, fixed)
    comparison = _compare(data, config, variants, seeds, out, resume=resume, device=device)
    _report(comparison, as_json)


def _compare(
    data: str,
    config: Config,
    variants: list["Variant"],
    seeds: tuple[int, ...],
    out: Path | None,
    **how: Any,
) -> "Comparison":
    from ner.corpus import load_corpus

    corpus = load_corpus(data, config.data)

    from ner.cli.progress import brief_messages, training_progress  # only now, as in `ner train`
    from ner.extensions.experiments.comparison.runs import RunMeasured, compare_events
    from ner.extensions.experiments.comparison.table import Comparison

    out = out or Path("runs") / f"{corpus.name}-compare"
    last: Any = None
    try:
        with training_progress(config.resources.vectors) as progress, brief_messages():
            events = compare_events(
                corpus, out, config, variants, seeds, progress=progress.vectors_read, **how
            )
            with contextlib.closing(events):
                for event in progress.watch(events):
                    last = event
                    if isinstance(event, RunMeasured):
                        print(_line(event), file=sys.stderr)
    except KeyboardInterrupt as stop:
        begun = any(out.glob("*/seed-*/metrics.jsonl"))
        kept = f"; go on with --out {shlex.quote(str(out))} --resume" if begun else ""
        raise stopped(stop, kept) from None
    assert isinstance(last, Comparison), "a comparison ends with that"
    click.echo(f"table: {out / 'comparison.md'}", err=True)
    return last


def _line(compared: "RunMeasured") -> str:
    result = compared.result
    scores = ", ".join(f"{split} F1 {100 * f1:.2f}" for split, f1 in result.f1.items())
    return (
        f"run {compared.number} of {compared.runs}: {scores} (epoch {result.best_epoch}); "
        f"{compared.variant.name}, seed {result.seed}"
    )


def _report(comparison: "Comparison", as_json: bool) -> None:
    from ner.extensions.experiments.comparison.table import format_comparison

    if as_json:
        click.echo(json.dumps(comparison.to_dict(), indent=2, ensure_ascii=False))
    else:
        click.echo(format_comparison(comparison), nl=False)
