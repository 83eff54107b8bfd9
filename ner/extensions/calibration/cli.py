"""``ner calibrate``."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import PathArg, check_model, json_option, model_option
from ner.cli.reading import corpus_options, label_map_option, reading_options
from ner.config import DataConfig
from ner.errors import CorpusError, UsageError
from ner.run_folder import newest_bundle

if TYPE_CHECKING:
    from ner.text import Sentence


@click.command(short_help="Make scores right as often as they say.")
@model_option
@corpus_options()
@label_map_option
@click.option(
    "--own-types", is_flag=True, help="Leave out entities of types that the corpus lacks."
)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of the corpus.  [default: valid; all of a single file]",
)
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
    from ner.bundle import load_bundle
    from ner.extensions.calibration.storing import calibrate as store

    path = model or str(newest_bundle())
    bundle = load_bundle(path)
    if bundle.model.layers:
        raise UsageError(f"{path}: has several tag layers, and this goes by one; name another")
    config = bundle.config.replace(reading).data
    types = bundle.labels if own_types else ()
    name, sentences = _sentences(data, files, label_map, split, config, types)
    fit = store(path, sentences, name, out)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(fit), indent=2))
    else:
        click.echo(
            f"temperature {fit.temperature:g}: expected calibration error {fit.before.ece:.4f} "
            f"before, {fit.after.ece:.4f} with it, over {fit.after.entities:,} entities"
        )


def _sentences(
    data: str | None,
    files: dict[str, Path],
    label_map: dict[str, str],
    split: str | None,
    config: DataConfig,
    types: Sequence[str],
) -> tuple[str, "Sequence[Sentence]"]:
    """The sentences of a split, and their name; types that their corpus lacks are not annotated.

    Raises `CorpusError` where the split has none.
    """
    from ner.corpus import load_corpus, map_labels, read_corpus, with_unannotated

    # A valid split that training has cut from train is cut again, the same.
    read = load_corpus if split in ("train", "valid") else read_corpus
    corpus = map_labels(read(data, config, files=files), label_map)
    corpus = with_unannotated(corpus, types) if types else corpus
    there = [name for name, sentences in corpus.splits().items() if sentences]
    split = split or (there[0] if len(there) == 1 else "valid")
    if split not in there:
        raise CorpusError(
            f"{corpus.name}: has no sentences in {split}; it has {' and '.join(there)}: choose "
            "with --split"
        )
    return f"{corpus.name} {split}", corpus.splits()[split]
