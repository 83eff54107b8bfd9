"""``ner tag``."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from ner.cli.options import (
    UNLABELLED,
    Place,
    data_config,
    device_option,
    model_option,
    reading_options,
)
from ner.errors import UsageError
from ner.render import FORMATS


@click.command(short_help="Tag a text.")
@click.argument("file", metavar="FILE")
@model_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="Output.")
@click.option("--out", type=Place(), help="Output file; - is stdout.  [default: stdout]")
@click.option(
    "--format-in",
    type=click.Choice(["text", "conll"]),
    default="text",
    help="Input: raw text, a paragraph a line; or columns with a token in each line.",
)
@click.option("--pretokenized", is_flag=True, help="A sentence a line, spaces between tokens.")
@device_option
@reading_options(UNLABELLED)
def tag(
    file: str,
    model: str | None,
    form: str,
    out: Path | None,
    format_in: str,
    pretokenized: bool,
    device: str,
    reading: dict[str, Any],
) -> None:
    """Tag the text in FILE (- for standard input) and write it with its entities.

    Text of any size runs through in bounded memory; output comes as it goes.
    """
    from ner.corpus.plain import read_text, read_tokenized, read_tokens
    from ner.render import renderer

    if pretokenized and format_in == "conll":
        raise UsageError("--pretokenized reads lines and --format-in conll columns; choose one")
    read = read_tokens if format_in == "conll" else read_tokenized if pretokenized else read_text
    name = "standard input" if file == "-" else file
    with _input(file) as stream:
        from ner.tagger import Tagger  # only now: torch takes a while, and the file may be missing

        tagger = Tagger.load(model, device)
        # Of how the training files were read, only the tokenizer matters to other text.
        style = {"data.tokenizer": tagger.config.data.tokenizer}
        config = data_config(style | reading)
        show = renderer(form, tagger.labels, title=f"Entities in {name}")
        with _output(out) as write:
            write(show.begin())
            for document in tagger.stream_sentences(read(stream, name, config)):
                write(show.document(document))
            write(show.end())


@contextmanager
def _input(file: str) -> Iterator[IO[bytes]]:
    from ner.files import open_binary

    if file == "-":
        yield sys.stdin.buffer
        return
    with open_binary(file) as stream:
        yield stream


def _write_through(text: str) -> None:
    """Write to stdout without waiting for more: whoever reads it may be waiting, too."""
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


@contextmanager
def _output(out: Path | None) -> Iterator[Callable[[str], object]]:
    """Somewhere to write text, always UTF-8: a file that appears whole, or stdout as it goes."""
    from ner.files import write_text

    if out is None or out == Path("-"):
        yield _write_through
        return
    with write_text(out) as file:
        yield file.write
