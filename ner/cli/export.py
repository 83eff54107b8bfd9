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
def export(model: str | None, out: Path, precision: str) -> None:
    """Pack a model into one file, which --model takes like its folder.

    In int8 it is less than half as large, and tags in int8 with word vectors in half precision;
    in float32 every bit stays.
    """
    check_model(model)
    from ner.bundle import export_bundle

    export_bundle(model, out, precision=precision)
    click.echo(escaped(f"{out}: {out.stat().st_size / 1e6:.1f} MB"), err=True)
