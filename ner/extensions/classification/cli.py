"""``ner classify``: classifiers of whole texts."""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import click

from ner.cli.options import (
    PathArg,
    device_option,
    file_options,
    json_option,
    list_settings_option,
    required_model,
    restart_options,
    seed_option,
)
from ner.cli.reading import data_config, reading_options
from ner.cli.tag import text_input, write_through
from ner.config import Config, DataConfig
from ner.errors import UsageError, escaped
from ner.extensions.classification import TRAIN

# Settings of a small, fast classifier: with an entity or without, two labels need no more.
_SMALL = ("model.hidden=32", "model.word_dim=50", "model.char_dim=30", "model.char_hidden=50")

# Settings of how corpora are read that mean nothing to files of texts.
_OF_CORPORA = {f"data.{field.name}" for field in dataclasses.fields(DataConfig)} - {
    "data.encoding",
    "data.tokenizer",
    "data.valid_fraction",
}


@click.group(short_help="Train classifiers of whole texts, use and score them.")
def classify() -> None:
    """Classifiers of whole texts: trained from texts with labels, used and scored.

    Files hold an object a line, {"text": …, "label": …} (JSON Lines), or a
    text, a tab and its label a line; each also .gz.
    """


_model_option = required_model("Classifier: a folder of ner classify train.", TRAIN)


@classify.command()
@click.option("--train", "train_file", type=PathArg(), metavar="FILE", help="Texts to learn from.")
@click.option(
    "--valid",
    type=PathArg(),
    metavar="FILE",
    help="Texts to choose the best epoch by.  [default: a share of those to learn from]",
)
@click.option("--test", type=PathArg(), metavar="FILE", help="Texts to evaluate the best epoch on.")
@click.option(
    "--from-corpus",
    "corpus",
    metavar="NAME|PATH",
    help="In place of files: the sentences of a tagger's corpus, with an entity or without; "
    "how it is read is set with --set data.KEY=VALUE.",
)
@click.option("--out", required=True, type=PathArg(), help="Run folder.")
@file_options()
@click.option(
    "--vectors", multiple=True, metavar="FILE", help="Pre-trained word vectors; repeatable."
)
@seed_option
@restart_options
@list_settings_option()
@device_option
@reading_options(("encoding", "tokenizer"))
def train(
    train_file: Path | None,
    valid: Path | None,
    test: Path | None,
    corpus: str | None,
    out: Path,
    file: Path | None,
    settings: tuple[str, ...],
    vectors: tuple[str, ...],
    seed: int | None,
    reading: dict[str, Any],
    **how: Any,
) -> None:
    """Train a classifier into a run folder: the one with the best macro F1 on valid is kept.

    Stopped with Ctrl-C it keeps the best model so far, and goes on with --resume.
    """
    files = {"train": train_file, "valid": valid, "test": test}
    named = {split: path for split, path in files.items() if path is not None}
    if (corpus is None) == ("train" not in named) or (corpus is not None and named):
        raise UsageError("name the texts with --train FILE (and --valid, --test), or --from-corpus")
    given = {"resources.vectors": vectors} if vectors else {}
    chosen = {} if seed is None else {"train.seed": seed}

    from ner.corpus import load_corpus
    from ner.extensions.classification.reading import read_texts, with_or_without

    asked = Config.parse(settings)
    if corpus is None and (unread := [key for key in asked if key in _OF_CORPORA]):
        raise UsageError(
            f"setting {min(unread)} is for the corpus of a tagger (--from-corpus); leave it out "
            "for files of texts"
        )
    small = _SMALL if corpus is not None and file is None else ()
    config = Config.load(file, (*small, *settings)).replace(reading | given | chosen)
    if corpus is not None:
        texts = with_or_without(load_corpus(corpus, config.data))
    else:
        texts, data = read_texts(named, config.data)
        config = config.replace({"data.tokenizer": data.tokenizer})

    # Only now, as in `ner train`.
    from ner.cli.progress import training_progress, what_is_kept
    from ner.extensions.classification.run import check_settings, train_events

    check_settings(config, asked)
    kept = functools.partial(what_is_kept, out, (), how["overwrite"])
    with training_progress(config.resources.vectors, kept) as progress:
        read = progress.vectors_read
        last = progress.follow(train_events(texts, out, config, progress=read, **how))
    for text in last.lines():
        click.echo(text)
    click.echo(escaped(f"model: {last.out}"))


@classify.command()
@click.argument("file", metavar="FILE")
@_model_option
@device_option
@reading_options(("encoding",))
def predict(file: str, model: Path, device: str, reading: dict[str, Any]) -> None:
    """Label the texts in FILE (- for standard input): an object a line comes out for each.

    FILE has a text on each line, or JSON Lines with a text in each object. The
    objects have the text, its likeliest label, and the label's probability;
    both are null where there is no word in the text.
    """
    from ner.extensions.classification.classifier import Classifier
    from ner.extensions.classification.reading import parse_records

    classifier = Classifier.load(model, device)
    encoding = data_config(reading).encoding
    source = "standard input" if file == "-" else file
    with text_input(file) as stream:
        records = parse_records(stream, source, encoding, with_labels=False)
        for found in classifier.classify(record.text for record in records):
            write_through(json.dumps(found._asdict(), ensure_ascii=False) + "\n")


@classify.command()
@click.argument("file", metavar="FILE", type=PathArg())
@_model_option
@json_option
@device_option
@reading_options(("encoding",))
def evaluate(file: Path, model: Path, as_json: bool, device: str, reading: dict[str, Any]) -> None:
    """Score a classifier on texts with labels: accuracy, macro F1, and F1 of each label."""
    from ner.extensions.classification.classifier import Classifier

    classifier = Classifier.load(model, device)
    scores = classifier.evaluate(file, data_config(reading).encoding)
    click.echo(json.dumps(scores.to_dict(), indent=2) if as_json else scores.table())
