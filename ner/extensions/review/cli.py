"""``ner review``."""

from pathlib import Path
from typing import Any

import click

from ner.cli.options import PathArg
from ner.cli.reading import reading_options


@click.command(short_help="Read, correct and label files on a page.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PathArg())
@click.option(
    "--out",
    required=True,
    type=PathArg(),
    help="File for the corrected sentences; decisions are kept in FILE.journal at once.",
)
@click.option(
    "--format",
    "out_format",
    metavar="NAME",
    help="Format of --out, or tag scheme of columns, as of ner data convert.  "
    "[default: by the name of the file, else iob2]",
)
@click.option("--suggest", is_flag=True, help="Have a model propose entities and show its doubts.")
@click.option(
    "--model",
    metavar="DIR|FILE|NAME",
    help="The model that proposes; implies --suggest.  [default: newest run in runs/, then en]",
)
@click.option(
    "--order",
    type=click.Choice(["file", "doubt", "disagreement", "queue"]),
    help="Which sentences come first.  [default: queue with --queue, else file]",
)
@click.option("--queue", type=PathArg(), metavar="FILE", help="Places to look at, as of ner audit.")
@click.option(
    "--guidelines", type=PathArg(), metavar="FILE", help="Text that is shown beside the sentences."
)
@click.option(
    "--types", metavar="A,B,…", help="Types in the order of their number keys; others follow."
)
@click.option("--unlabelled", is_flag=True, help="The files are text without labels.")
@click.option("--resume", is_flag=True, help="Go on with the decisions of before.")
@click.option("--port", type=click.IntRange(0, 65535), default=8001, help="Port; 0: a free one.")
@reading_options(layers=True)
def review(
    files: tuple[Path, ...],
    out: Path,
    out_format: str | None,
    suggest: bool,
    model: str | None,
    order: str | None,
    queue: Path | None,
    guidelines: Path | None,
    types: str | None,
    unlabelled: bool,
    resume: bool,
    port: int,
    reading: dict[str, Any],
) -> None:
    """Serve a page of this machine on which a person reads, corrects and labels files.

    Each decision is on the disk before the page says that it is saved; the files stay as they are.
    Ctrl-C or SIGTERM ends the review and writes --out: all sentences with the labels that they have
    now, or of text without labels those that were accepted.
    """
    from ner.extensions.review.session import Session, parse_types
    from ner.run_folder import default_bundle, find_bundle

    chosen = find_bundle(model) if model else default_bundle() if suggest else None
    Session(
        files=files,
        out=out,
        format=out_format,
        model=chosen,
        order=order,
        queue=queue,
        guidelines=guidelines,
        types=parse_types(types) if types else (),
        unlabelled=unlabelled,
        resume=resume,
        reading=reading,
    ).run(port)
