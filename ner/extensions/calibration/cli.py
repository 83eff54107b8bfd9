"""``ner calibrate``."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from ner.cli.evaluate import scored_corpus, scored_options
from ner.cli.options import PathArg, check_model, json_option, model_option
from ner.cli.reading import reading_options
from ner.errors import UsageError
from ner.run_folder import newest_bundle


@click.command(short_help="Make scores right as often as they say.")
@model_option
@scored_options("valid", "entities")
@click.option(
    "--out",
    type=PathArg(),
    metavar="FILE",
    help="Write a packed copy, as ner export does.  [default: the model itself is changed]",
)
@json_option
@reading_options()
def calibrate(
    model: str | None,
    data: str | None,
    files: dict[str, Path],
    label_map: dict[str, str],
    own_types: bool,
    split: str | None,
    out: Path | None,
    as_json: bool,
    reading: dict[str, Any],
) -> None:
    """Find the temperature at which the scores of a model are right as often as they say.

    It is stored in the model (predict.temperature), and what the model finds stays the same. Take
    labelled text that the model has not learnt from, the more like yours the better.
    """
    check_model(model)
    from ner.bundle import find_bundle, load_bundle
    from ner.extensions.calibration.storing import calibrate as store

    path = find_bundle(model or newest_bundle())
    bundle = load_bundle(path)
    if bundle.model.layers:
        raise UsageError(f"{path}: has several tag layers, and this goes by one; name another")
    config = bundle.config.replace(reading).data
    types = bundle.labels if own_types else ()
    corpus, split = scored_corpus(data, files, label_map, split, None, config, types, "valid")
    fit = store(path, bundle, corpus.splits()[split], f"{corpus.name} {split}", out)
    click.echo(json.dumps(dataclasses.asdict(fit), indent=2) if as_json else fit.line())
