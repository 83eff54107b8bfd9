"""``ner export``."""

from pathlib import Path

import click

from ner.cli.options import PathArg, check_model, model_option
from ner.errors import escaped


@click.command(short_help="Pack a model into one file.")
@model_option
@click.option("--out", type=PathArg(), required=True, metavar="FILE", help="The file, as x.ner.")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "int8"]),
    default="auto",
    help="Numbers of the layers; auto: int8 where the model tags in it, else float32.",
)
@click.option(
    "--describe",
    type=PathArg(),
    metavar="FILE",
    help="A text for the card, as credits and licences: a line of it each.",
)
def export(model: str | None, out: Path, precision: str, describe: Path | None) -> None:
    """Pack a model into one file, which --model takes like its folder.

    In int8 it is less than half as large, and tags in int8 with word vectors in half precision;
    in float32 every bit stays.
    """
    check_model(model)
    from ner.bundle import export_bundle

    description = _lines(describe) if describe else []
    export_bundle(model, out, precision=precision, description=description)
    click.echo(escaped(f"{out}: {out.stat().st_size / 1e6:.1f} MB"), err=True)


def _lines(path: Path) -> list[str]:
    """The lines of a text that are not empty."""
    from ner.corpus import file_lines

    return [line.strip() for _, line in file_lines(path) if line.strip()]
