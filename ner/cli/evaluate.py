"""``ner evaluate``."""

import json
from typing import Any

import click

from ner.cli.options import device_option, model_option, reading_options
from ner.errors import CorpusError


@click.command(short_help="Score a model on labelled sentences.")
@model_option
@click.option("--data", required=True, metavar="NAME|PATH", help="Corpus: a name, folder or file.")
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of the corpus.  [default: test; all of a single file]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@device_option
@reading_options()
def evaluate(
    model: str | None,
    data: str,
    split: str | None,
    as_json: bool,
    device: str,
    reading: dict[str, Any],
) -> None:
    """Score a model on labelled sentences: entity precision, recall and F1, as conlleval counts.

    Files are read as in the model's training, unless options say otherwise.
    """
    from ner.api import evaluate as score
    from ner.corpus import load_corpus, read_corpus
    from ner.evaluation import format_report
    from ner.tagger import Tagger

    tagger = Tagger.load(model, device)
    # A valid split that training has cut from train is cut again, the same.
    read = load_corpus if split in ("train", "valid") else read_corpus
    corpus = read(data, tagger.config.replace(reading).data)
    there = [name for name, sentences in corpus.splits().items() if sentences]
    split = split or (there[0] if len(there) == 1 else "test")
    sentences = corpus.splits()[split]
    if not sentences:
        remedy = "choose with --split" if len(there) > 1 else "leave --split out"
        raise CorpusError(
            f"{data}: has no sentences in {split}; it has {' and '.join(there)}: {remedy}"
        )
    report = score(tagger, sentences)
    click.echo(json.dumps(report.to_dict(), indent=2) if as_json else format_report(report))
