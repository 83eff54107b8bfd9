"""``ner audit``: a ranking of places whose label may be wrong."""

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
    restart_options,
)
from ner.cli.reading import corpus_options, reading_options
from ner.errors import UsageError, escaped

if TYPE_CHECKING:
    from ner.config import DataConfig
    from ner.corpus import Corpus
    from ner.extensions.audit.run import Ranking


@click.command(short_help="Find labels of a corpus that may be wrong.")
@corpus_options()
@click.option("--out", type=PathArg(), help="Folder of the audit.  [default: runs/NAME-audit]")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="DIR|FILE",
    help="Model at hand that judges, too, what it has not learnt from; repeatable.",
)
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    default=5,
    show_default=True,
    metavar="N",
    help="Parts of the corpus; each is judged by models of the others.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    metavar="N",
    help="Models of each part.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Places to print; all are in the queue.",
)
@click.option(
    "--apply",
    "queue",
    type=PathArg(),
    metavar="QUEUE",
    help="Audit nothing; write the corpus with the corrections of this queue into --out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print places as JSON Lines.")
@config_options("Change a setting of the models.")
@restart_options
@device_option
@on_option
@reading_options()
def audit(
    data: str | None,
    files: dict[str, Path],
    out: Path | None,
    given: Given,
    top: int,
    queue: Path | None,
    as_json: bool,
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Find labels of a corpus that may be wrong, likeliest first.

    Every sentence of every split is judged by small models that have learnt from other documents.
    A place is an entity that is labelled, or one that is not and should perhaps be, with the
    probability that the label is wrong and the reason. All places are in queue.jsonl in --out, for
    ner review --queue, and on a page, audit.html. Stopped with Ctrl-C, it goes on with --resume.

    With --apply, the lines of a queue are taken as accepted: the files of the corpus are copied
    into --out with these corrections, and nothing else is changed in them.
    """
    from ner.corpus import read_corpus

    config = given.replace(reading)
    corpus = read_corpus(data, config.config.data, files=files)
    if queue is not None:
        _apply(corpus, queue, out, config.config.data)
        return
    out = out or Path("runs") / f"{corpus.name}-audit"

    # Only now, as in `ner train`.
    from ner.cli.progress import brief_messages, go_on, training_progress
    from ner.extensions.audit.members import MemberStep, quick
    from ner.extensions.audit.run import SIGN, MemberDone, Ranking, audit_events

    def kept(last: Any) -> str:
        return go_on(out) if (out / SIGN).exists() else ""

    settings = quick(config.config, config.fixed)
    click.echo(escaped(f"audit folder: {out}"), err=True)
    with training_progress(settings.resources.vectors, kept) as progress, brief_messages():

        def show(event: Any) -> None:
            if isinstance(event, MemberStep):
                progress.show(event.member.name, event.step, event.steps)
            elif isinstance(event, MemberDone):
                line = f"model {event.number} of {event.members}: {event.name}, "
                print(escaped(f"{line}{event.judged:,} sentences judged"), file=sys.stderr)

        read = progress.vectors_read
        events = audit_events(corpus, out, settings, progress=read, **how)
        ranking = progress.follow(events, show)
    assert isinstance(ranking, Ranking), "an audit ends with its ranking"
    _print(ranking, top, as_json)


def _print(ranking: "Ranking", top: int, as_json: bool) -> None:
    from ner.extensions.audit.run import PAGE, QUEUE
    from ner.extensions.audit.table import format_places

    shown = ranking.items[:top]
    if as_json:
        for item in shown:
            click.echo(json.dumps(item.to_dict(), ensure_ascii=False))
    else:
        click.echo(format_places(shown), nl=False)
        for line in ranking.differences:
            click.echo(escaped(line))
    likely = sum(item.score >= 0.5 for item in ranking.items)
    click.echo(
        escaped(
            f"{ranking.sentences:,} sentences: {likely:,} labels are rather wrong than right; all "
            f"{len(ranking.items):,} places: {ranking.out / QUEUE}"
        ),
        err=True,
    )
    click.echo(escaped(f"page: {ranking.out / PAGE}"), err=True)


def _apply(corpus: "Corpus", queue: Path, out: Path | None, config: "DataConfig") -> None:
    from ner.corpus import read_queue
    from ner.extensions.audit.apply import apply_queue

    if out is None:
        raise UsageError("--apply writes a copy of the corpus; name a new folder for it with --out")
    for source, count in apply_queue(corpus, read_queue(queue), out, config).items():
        click.echo(escaped(f"{out / Path(source).name}: {count:,} corrections"), err=True)
