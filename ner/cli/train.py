"""``ner train``."""

import contextlib
import itertools
from pathlib import Path
from typing import Any

import click

from ner.cli import stopped
from ner.cli.options import (
    PathArg,
    corpus_options,
    device_option,
    features_options,
    list_settings_option,
    parse_seeds,
    reading_options,
)
from ner.config import Config
from ner.errors import UsageError
from ner.plugins import declared, load
from ner.run_folder import check_restart


@click.command(short_help="Train a tagger on a corpus.")
@corpus_options()
@click.option("--out", type=PathArg(), help="Run folder.  [default: runs/NAME]")
@click.option("--config", "file", type=click.Path(path_type=Path), help="Settings in a TOML file.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
@features_options
@click.option("--seed", type=click.IntRange(min=0), help="Start of every random choice.")
@click.option("--seeds", callback=parse_seeds, metavar="1,2,3", help="Train one model per seed.")
@click.option("--distill", is_flag=True, help="Let the models of all seeds teach a single one.")
@click.option(
    "--unlabelled",
    type=PathArg(),
    metavar="FILE",
    help="Text that joins the distillation, a paragraph a line.",
)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --out.")
@list_settings_option(Config.describe)
@device_option
@reading_options()
def train(
    data: str | None,
    files: dict[str, Path],
    out: Path | None,
    file: Path | None,
    settings: tuple[str, ...],
    features: dict[str, Any],
    seed: int | None,
    seeds: tuple[int, ...],
    distill: bool,
    unlabelled: Path | None,
    resume: bool,
    overwrite: bool,
    device: str,
    reading: dict[str, Any],
) -> None:
    """Train a tagger on a corpus, into a run folder.

    The folder then holds the best model (by F1 on the validation split), its scores, curves and
    settings. Stopped with Ctrl-C it keeps the best model so far, and goes on with --resume.
    """
    check_restart(resume=resume, overwrite=overwrite)
    if seed is not None and seeds:
        raise UsageError("--seed is for one model and --seeds for several; choose one")
    chosen = {} if seed is None else {"train.seed": seed}
    config = Config.load(file, settings).replace(reading | features | chosen)
    if unlabelled is not None and not distill:
        raise UsageError("--unlabelled is text for --distill; add that, with --seeds 1,2,3,4,5")
    how = {"seeds": seeds, "device": device} | ({"unlabelled": unlabelled} if distill else {})
    place = _training("distill") if distill else "ner.api:train_events"
    _train(data, files, config, out, place, resume=resume, overwrite=overwrite, **how)


def _training(option: str) -> str:
    """Find the extension that takes over with an option. Raises `UsageError` without it."""
    place = declared("TRAININGS").get(option)
    if place is None:
        raise UsageError(
            f"--{option} needs an extension that this ner lacks; leave it out, or install ner anew"
        )
    return place


def _train(
    data: str | None,
    files: dict[str, Path],
    config: Config,
    out: Path | None,
    place: str,
    *,
    resume: bool,
    overwrite: bool,
    **how: Any,
) -> None:
    from ner.corpus import load_corpus

    corpus = load_corpus(data, config.data, files=files)

    train_events = load(place)  # only now: torch takes a while, and the corpus may be bad
    from ner.cli.progress import training_progress

    given, out = out, out or _default_folder(corpus.name, taken=not (resume or overwrite))
    last = None
    try:
        with training_progress(config.resources.vectors) as progress:
            events = train_events(
                corpus,
                out,
                config,
                resume=resume,
                overwrite=overwrite,
                progress=progress.vectors_read,
                **how,
            )
            for event in progress.watch(events):
                last = event
    except KeyboardInterrupt as stop:
        # Before its first step, an --overwrite may not have touched the older run yet.
        untouched = overwrite and last is None
        kept = "" if untouched else f"; {what_is_kept(out, how['seeds'])}"
        raise stopped(stop, kept) from None
    finally:
        if given is None:
            with contextlib.suppress(OSError):
                out.rmdir()  # if it is empty, nothing has come of the run
    _report(last)


def _default_folder(name: str, *, taken: bool) -> Path:
    """``runs/NAME``; where that is taken, ``runs/NAME-2`` and so on, made at once.

    Of two runs that start together, only one can make a folder.
    """
    out = Path("runs") / name
    for number in itertools.count(2):
        try:
            out.mkdir(parents=True, exist_ok=not taken)
        except FileExistsError:
            out = Path("runs") / f"{name}-{number}"
        except OSError as error:
            raise UsageError(f"{out}: cannot be made ({error.strerror}); give --out") from None
        else:
            break
    return out


def what_is_kept(out: Path, seeds: tuple[int, ...] = ()) -> str:
    """Describe the state of a run that was stopped."""
    import json
    import shlex

    from ner.training import seed_folder, student_folder

    place = shlex.quote(str(out))
    several = [seed_folder(out, seed) for seed in seeds]
    for folder in reversed([*several, student_folder(out)] if seeds else [out]):
        try:
            lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        best = [record for record in map(json.loads, lines) if record["best"]]
        if best:
            return (
                f"the best model so far (epoch {best[-1]['epoch']}, valid F1 "
                f"{100 * best[-1]['valid_f1']:.2f}) is in {folder}; "
                f"go on with --out {place} --resume"
            )
    begun = any((folder / "metrics.jsonl").exists() for folder in [out, *several])
    return "no epoch was finished, so there is no model yet; " + (
        f"go on with --out {place} --resume" if begun else f"start again with --out {place}"
    )


def _report(last: Any) -> None:
    from ner.evaluation import Report, format_report, format_summary
    from ner.training import Finished

    if isinstance(last, Finished):
        split = "test" if "test" in last.scores else "valid"
        click.echo(f"{split} scores of the best model (epoch {last.best_epoch}):\n")
        report = last.scores[split]
        assert isinstance(report, Report), "what taggers are evaluated by"
        click.echo(format_report(report))
        for name, report in last.scores.items():
            click.echo(f"{name} F1 {100 * report.f1:.2f}")
    else:
        for name in ("valid", "test"):
            if last.f1(name):
                seeds = ", ".join(f"{100 * f1:.2f}" for f1 in last.f1(name))
                click.echo(f"{name} F1 {format_summary(last.f1(name))} ({seeds})")
        click.echo(f"best seed on valid: {last.best}")
        for line in last.remarks():
            click.echo(line)
    click.echo(f"model: {last.out}")
