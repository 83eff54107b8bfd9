"""``ner search``."""

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
    reading_options,
)

if TYPE_CHECKING:
    from ner.extensions.experiments.search.trials import TrialFinished


@click.command(short_help="Search for better settings on a corpus.")
@data_option
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
@reading_options()
def search(
    data: str,
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
    corpus = load_corpus(data, config.data)

    # Only now, as in `ner train`.
    from ner.cli.progress import brief_messages, training_progress
    from ner.extensions.experiments.search.trials import (
        BEST,
        BEST_CONFIG,
        SearchFinished,
        TrialFinished,
        search_events,
    )

    out = out or Path("runs") / f"{corpus.name}-search"

    def show(event: Any) -> None:
        if isinstance(event, TrialFinished):
            print(_line(event, trials), file=sys.stderr)

    with (
        training_progress(config.resources.vectors, lambda last: _kept(out)) as progress,
        brief_messages(),
    ):
        read = progress.vectors_read
        events = search_events(corpus, out, config, space, trials=trials, progress=read, **how)
        last = progress.follow(events, show)
    assert isinstance(last, SearchFinished), "a search ends with its best trial"
    click.echo(last.text, nl=False)
    click.echo(
        f"best of {last.trials} trials: {last.best.number}, valid F1 {100 * last.best.f1:.2f}; "
        f"settings: {out / BEST_CONFIG}, model: {out / BEST}",
        err=True,
    )


def _line(tried: "TrialFinished", trials: int) -> str:
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


def _kept(out: Path) -> str:
    """A message about the results of a search that was stopped."""
    from ner.cli.progress import go_on
    from ner.extensions.experiments.search.trials import BEST_CONFIG, FILE

    if not (out / FILE).exists():
        return "no trial had begun"
    best = out / BEST_CONFIG
    there = f"the best settings so far are in {best}; " if best.exists() else ""
    return there + go_on(out)
