"""``ner train``."""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    Given,
    PathArg,
    config_options,
    device_option,
    list_settings_option,
    on_option,
    parse_seeds,
    restart_options,
    seed_option,
)
from ner.cli.reading import Source, corpora_options, reading_options
from ner.cli.shared import shared_training
from ner.errors import UsageError, escaped
from ner.files import missing_folders, remove_empty
from ner.plugins import declared, load
from ner.run_folder import check_restart

if TYPE_CHECKING:
    from ner.config import Config
    from ner.corpus import Corpus


@click.command(short_help="Train a tagger on a corpus.")
@corpora_options
@click.option("--out", type=PathArg(), help="Run folder.  [default: runs/NAME]")
@config_options()
@seed_option
@click.option("--seeds", callback=parse_seeds, metavar="1,2,3", help="Train one model per seed.")
@click.option("--distill", is_flag=True, help="Let the models of all seeds teach a single one.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL|spacy:NAME|hf:NAME|file:PATH",
    help="Let another model, or predictions in a file, label text to learn from; models of ner are "
    "repeatable.",
)
@click.option(
    "--teacher-types",
    "types",
    default="",
    show_default=False,
    metavar="OLD=NEW,OLD=",
    help="Rename or drop types of the teacher; *= drops all others.",
)
@click.option(
    "--unlabelled",
    multiple=True,
    metavar="[SHARE=]FILE",
    help="Text for --teacher or --distill, a paragraph a line; repeatable.",
)
@click.option(
    "--start-from",
    type=PathArg(),
    metavar="MODEL",
    help="Go on from a model: run folder, model folder or file of ner export.",
)
@click.option(
    "--keep-types",
    is_flag=True,
    help="Keep types of the start model that the corpus does not label.",
)
@click.option(
    "--calibrate",
    is_flag=True,
    help="Make the scores of the model right as often as they say, by the validation split.",
)
@restart_options
@list_settings_option()
@device_option
@on_option
@reading_options(layers=True)
def train(
    source: Source,
    out: Path | None,
    given: Given,
    seed: int | None,
    distill: bool,
    teachers: tuple[str, ...],
    types: str,
    unlabelled: tuple[str, ...],
    start_from: Path | None,
    keep_types: bool,
    calibrate: bool,
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Train a tagger on one corpus or several, or on text that a teacher labels, into a run folder.

    The folder then holds the best model (by F1 on the validation split), its scores, curves and
    settings. Stopped with Ctrl-C it keeps the best model so far, and goes on with --resume.

    Of several corpora each teaches its own types: where one lacks a type, its sentences do not
    teach that there is none. Each is scored by itself, too.
    """
    check_restart(resume=how["resume"], overwrite=how["overwrite"])
    if seed is not None and how["seeds"]:
        raise UsageError("--seed is for one model and --seeds for several; choose one")
    given = given.replace(
        reading | source.settings | ({} if seed is None else {"train.seed": seed})
    )
    if not source.given and not teachers:
        context = click.get_current_context()
        raise click.MissingParameter(ctx=context, param_hint="'--data'", param_type="option")
    option = _extension(distill=distill, teachers=teachers, types=types, unlabelled=unlabelled)
    place = _declared("TRAININGS", option) if option else "ner.api:train_events"
    after = _declared("AFTER_TRAINING", "calibrate") if calibrate else None
    if start_from is not None:
        _check_start(given, option)
    _check_on(how, option)
    start = {"start_from": start_from, "keep_types": keep_types}
    how |= {"unlabelled": unlabelled} if option else start
    how |= {"teachers": teachers, "types": types} if teachers else {}
    with shared_training(how["device"]) as speaks:
        corpus = _corpus(source, given)
        if after:
            _check_calibration(corpus)
        last = _train(corpus, given.config, out, place, speaks=speaks, **how)
    for text in last.lines():
        click.echo(text)
    click.echo(escaped(f"model: {last.out}"))
    if after and speaks:
        click.echo(load(after)(last.out, corpus))


def _declared(what: str, option: str) -> str:
    """The place of the extension behind an option. Raises `UsageError` where there is none."""
    place = declared(what).get(option)
    if place is None:
        raise UsageError(
            f"--{option} needs an extension that this ner lacks; leave it out, or install ner anew"
        )
    return place


def _extension(
    *, distill: bool, teachers: Sequence[str], types: str, unlabelled: Sequence[str]
) -> str:
    """The option of the extension that takes over, if any. Raises `UsageError`."""
    if distill and teachers:
        raise UsageError("--distill has the models of --seeds for teachers; leave out --teacher")
    if unlabelled and not (distill or teachers):
        raise UsageError(
            "--unlabelled is text for --distill; add that, with --seeds 1,2,3,4,5, or a --teacher"
        )
    if types and not teachers:
        raise UsageError("--teacher-types is for types of a --teacher; name that, or leave it out")
    return "distill" if distill else "teacher" if teachers else ""


def _check_start(given: Given, option: str) -> None:
    """Refuse what does not go with a start model. Raises `UsageError`."""
    if option:
        raise UsageError(f"--{option} trains new models; leave it or --start-from out")
    if network := [key for key in given.fixed if key.startswith("model.")]:
        raise UsageError(
            f"{', '.join(network)}: with --start-from, the network is that of the start model; "
            "leave it out, or train a new model"
        )


def _check_on(how: dict[str, Any], option: str) -> None:
    """Refuse a runner for what is done here; leave `on` out of the arguments without one."""
    if not how["on"]:
        del how["on"]
    elif option == "teacher":
        raise UsageError("--teacher labels text here, where its students learn; leave --on out")


def _corpus(source: Source, given: Given) -> "Corpus":
    """The corpus to learn from; an empty one where a teacher labels text."""
    from ner.corpus import Corpus

    return source.load(given.config.data) if source.given else Corpus("text")


def _train(
    corpus: "Corpus", config: "Config", out: Path | None, place: str, *, speaks: bool, **how: Any
) -> Any:
    """Run the training; returns its last event. Only the process that `speaks` makes folders."""
    train_events = load(place)  # only now: torch takes a while, and the corpus may be bad
    from ner.cli.progress import training_progress, what_is_kept

    taken = speaks and not (how["resume"] or how["overwrite"])
    new = missing_folders(Path("runs"))
    given, out = out, out or _default_folder(corpus.name, taken=taken)
    kept = functools.partial(what_is_kept, out, how["seeds"], how["overwrite"])
    try:
        with training_progress(config.resources.vectors, kept) as progress:
            read = progress.vectors_read
            return progress.follow(train_events(corpus, out, config, progress=read, **how))
    finally:
        if given is None and speaks:
            remove_empty([out, *new])  # if they are empty, nothing has come of the run


def _check_calibration(corpus: "Corpus") -> None:
    """Refuse, before the training, a corpus by which no model is calibrated."""
    from ner.text import layers_of

    if not corpus.valid:
        raise UsageError(
            "--calibrate goes by a labelled validation split, and there is none; add --valid FILE"
        )
    if layers_of(corpus.valid):
        raise UsageError(
            "--calibrate goes by one tag layer, and the corpus has several; leave it out"
        )


def _default_folder(name: str, *, taken: bool) -> Path:
    """``runs/NAME``; where that is `taken`, ``runs/NAME-2`` and so on, made at once.

    Of two runs that start together, only one can make a folder.
    """
    out = Path("runs") / name
    if not taken:
        return out
    for number in itertools.count(2):
        try:
            out.mkdir(parents=True)
        except FileExistsError:
            out = Path("runs") / f"{name}-{number}"
        except OSError as error:
            raise UsageError(f"{out}: cannot be made ({error.strerror}); give --out") from None
        else:
            break
    return out
