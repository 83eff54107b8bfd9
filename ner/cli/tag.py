"""``ner tag``."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ner.cli import print_error
from ner.cli.options import (
    PathArg,
    Workers,
    check_model,
    model_option,
    predict_options,
    tagging_device_option,
)
from ner.cli.reading import UNLABELLED, reading_options
from ner.config import Auto
from ner.errors import NerError, UsageError, escaped
from ner.render import FORMATS, renderer_class
from ner.run_folder import default_bundle, is_packed

if TYPE_CHECKING:
    from ner.scale import Job, Work

FORMATS_IN = {
    "text": "text",
    "conll": "tokens",
    "conllu": "conllu",
    "jsonl": "jsonl",
    "json": "json",
    "csv": "csv",
    "tsv": "csv",
    "parquet": "parquet",
}  # and the layouts of files that hold them


@click.command(short_help="Tag a text.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@model_option
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    help="Output.  [default: text; on a terminal: ansi, which is text in colours]",
)
@click.option("--out", type=PathArg(), help="Output file; - is stdout.  [default: stdout]")
@click.option(
    "--out-dir",
    type=PathArg(),
    metavar="DIR",
    help="An output for each FILE, which may be a folder or a pattern, too.",
)
@click.option(
    "--format-in",
    type=click.Choice(FORMATS_IN),
    help="Input: raw text, a paragraph a line; columns, a token a line; records with a text.  "
    "[default: by the name of the file, else text]",
)
@click.option(
    "--from",
    "format_from",
    metavar="NAME",
    help="Input by the name of its format for ner train, as doccano or label-studio.",
)
@click.option(
    "--text-column",
    metavar="NAME",
    help="Records (jsonl, csv, parquet): the field of the text; others are kept.  [default: text]",
)
@click.option("--pretokenized", is_flag=True, help="A sentence a line, spaces between tokens.")
@click.option(
    "--nbest",
    type=click.IntRange(min=1),
    metavar="K",
    help="jsonl: also the K most probable analyses of each sentence.",
)
@click.option(
    "--workers",
    type=Workers(),
    default=1,
    metavar="N|auto",
    help="Processes that share the work; auto: one for each core.",
)
@click.option(
    "--force",
    multiple=True,
    metavar="LABEL=FILE",
    help="A word list whose matches are entities, whatever the model says; repeatable.",
)
@click.option(
    "--document",
    "together",
    is_flag=True,
    help="The file is one document, for models with document context.  [default: each line is]",
)
@predict_options
@tagging_device_option
@reading_options(UNLABELLED)
def tag(
    files: tuple[str, ...],
    model: str | None,
    format: str | None,
    out: Path | None,
    out_dir: Path | None,
    format_in: str | None,
    format_from: str | None,
    text_column: str | None,
    pretokenized: bool,
    nbest: int | None,
    workers: int | Auto,
    force: tuple[str, ...],
    together: bool,
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Tag the text in FILE (- for standard input) and write it with its entities.

    Text of any size runs through in bounded memory; output comes as it goes, line by line where
    the input does. With --out-dir, any number of files get an output each.
    """
    _check_input(pretokenized=pretokenized, format_in=format_in, format_from=format_from)
    format = format or _default_format(out or out_dir)
    _check_output(files, format, out, out_dir)
    if nbest and format != "jsonl":
        raise UsageError(
            f"--format {format} has no place for what --nbest finds; add --format jsonl"
        )
    if model:
        check_model(model)
    from ner.corpus import LAYOUTS, layout_named, layout_of
    from ner.scale import Work, plan_jobs

    chosen = model or str(default_bundle())
    layout = "tokenized" if pretokenized else FORMATS_IN.get(format_in or "", "")
    layout = layout_named(format_from) if format_from else layout
    work = Work(
        "standard input" if files[0] == "-" else files[0],
        chosen,
        device,
        settings,
        reading,
        layout=layout or layout_of(files[0]),
        format=format,
        nbest=nbest or 0,
        force=force,
        together=together,
        text_column=text_column or "text",
    )
    jobs = plan_jobs(files, out_dir, format, layout) if out_dir else []
    layouts = {job.layout for job in jobs} or {work.layout}
    if text_column and not any(LAYOUTS[name].records for name in layouts):
        raise UsageError("--text-column is for records; say with --format-in how the file has them")
    if jobs:
        _say_model(chosen, named=bool(model))
        _tag_all(work, jobs, workers)
        return
    with text_input(files[0]) as stream:
        _say_model(chosen, named=bool(model))  # not before a complaint about the file
        _tag_one(work, stream, out, workers)


def _check_input(*, pretokenized: bool, format_in: str | None, format_from: str | None) -> None:
    """Raise `UsageError` where several options say what the input is."""
    if pretokenized and format_in:
        raise UsageError(
            f"--pretokenized reads lines and --format-in {format_in} something else; choose one"
        )
    if format_from and (pretokenized or format_in):
        raise UsageError("--from and another option both say how the input has text; choose one")


def _default_format(out: Path | None) -> str:
    """``ansi`` where somebody looks at the output, unless colours are not wanted."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    on_terminal = (out is None or out == Path("-")) and sys.stdout.isatty()
    return "ansi" if on_terminal and not plain else "text"


def _check_output(
    files: Sequence[str], format: str, out: Path | None, out_dir: Path | None
) -> None:
    """Raise `UsageError` where there is no place for an output."""
    if out_dir is not None:
        if out is not None:
            raise UsageError("--out is for one output and --out-dir for several; choose one")
    elif len(files) > 1:
        raise UsageError(f"{len(files)} files are to be tagged; add --out-dir DIR")
    elif not renderer_class(format).as_text:
        raise UsageError(f"--format {format} writes no stream of text; add --out-dir DIR")


def _say_model(model: str, *, named: bool) -> None:
    """Name the model to who sits at a terminal: the newest run need not be the one in mind.

    The one that ships is always said where nobody asked for it: the text may be of any language.
    """
    if not named and is_packed(Path(model)):
        click.echo("model: en, the English one that ships; --model names another", err=True)
    elif sys.stderr.isatty():
        click.echo(escaped(f"model: {model}"), err=True)


def _tag_one(work: "Work", stream: IO[bytes], out: Path | None, workers: int | Auto) -> None:
    from ner.scale import tag_stream

    with closing(tag_stream(work, stream, workers)) as pieces, _output(out) as write:
        for piece in pieces:
            write(piece)


def _tag_all(work: "Work", jobs: Sequence["Job"], workers: int | Auto) -> None:
    """Tag files and say which of them failed. Raises `NerError` if any did."""
    from ner.scale import tag_files

    failed = 0
    with closing(tag_files(work, jobs, workers)) as outcomes:
        for _, error in outcomes:
            if error:
                failed += 1
                print_error(str(error))
    if failed:
        raise NerError(f"{failed} of {len(jobs)} files could not be tagged, as said above")


@contextmanager
def text_input(file: str) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked; of standard input for ``-``."""
    from ner.files import open_binary

    if file == "-":
        yield sys.stdin.buffer
        return
    with open_binary(file) as stream:
        yield stream


def write_through(text: str) -> None:
    """Write to stdout without a buffer: a reader may be waiting."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


@contextmanager
def _output(out: Path | None) -> Iterator[Callable[[str], object]]:
    """Somewhere to write text, always UTF-8: a file that appears whole, or stdout as it goes."""
    from ner.files import write_text

    if out is None or out == Path("-"):
        yield write_through
        return
    with write_text(out) as file:
        yield file.write
