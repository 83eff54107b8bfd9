"""``ner tag``."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ner.cli.options import (
    UNLABELLED,
    PathArg,
    device_option,
    model_option,
    predict_options,
    reading_options,
)
from ner.errors import UsageError
from ner.render import FORMATS


@click.command(short_help="Tag a text.")
@click.argument("file", metavar="FILE")
@model_option
@click.option("--format", type=click.Choice(FORMATS), default="text", help="Output.")
@click.option("--out", type=PathArg(), help="Output file; - is stdout.  [default: stdout]")
@click.option(
    "--format-in",
    type=click.Choice(["text", "conll"]),
    default="text",
    help="Input: raw text, a paragraph a line; or columns with a token in each line.",
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
    type=click.IntRange(min=0),
    default=1,
    metavar="N",
    help="Processes that share the work; 0: one for each core.",
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
@device_option
@reading_options(UNLABELLED)
def tag(
    file: str,
    model: str | None,
    format: str,
    out: Path | None,
    format_in: str,
    pretokenized: bool,
    nbest: int | None,
    workers: int,
    force: tuple[str, ...],
    together: bool,
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Tag the text in FILE (- for standard input) and write it with its entities.

    Text of any size runs through in bounded memory; output comes as it goes.
    """
    from ner.scale import Work, tag_stream

    if pretokenized and format_in == "conll":
        raise UsageError("--pretokenized reads lines and --format-in conll columns; choose one")
    if nbest and format != "jsonl":
        raise UsageError(
            f"--format {format} has no place for what --nbest finds; add --format jsonl"
        )
    work = Work(
        "standard input" if file == "-" else file,
        model,
        device,
        settings,
        reading,
        layout="tokens" if format_in == "conll" else "tokenized" if pretokenized else "text",
        format=format,
        nbest=nbest or 0,
        force=force,
        together=together,
    )
    with (
        text_input(file) as stream,
        closing(tag_stream(work, stream, workers)) as pieces,
        _output(out) as write,
    ):
        for piece in pieces:
            write(piece)


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
