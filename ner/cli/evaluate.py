"""``ner evaluate``."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    PathArg,
    data_option,
    device_option,
    json_option,
    model_option,
    predict_options,
    reading_options,
)
from ner.errors import CorpusError

if TYPE_CHECKING:
    from ner.corpus import Corpus
    from ner.tagger import Tagger


@click.command(short_help="Score a model on labelled sentences.")
@model_option
@data_option
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of the corpus.  [default: test; all of a single file]",
)
@json_option
@click.option(
    "--calibration",
    "picture",
    type=PathArg(),
    metavar="FILE.svg",
    help="Hold scores against how often they are right, and draw that.",
)
@click.option(
    "--trade-off", is_flag=True, help="Show the scores over ranges of --min-score and --o-bias."
)
@click.option("--errors", is_flag=True, help="Sort the mistakes: which kinds, where, examples.")
@click.option(
    "--examples",
    type=click.IntRange(min=0),
    default=10,
    metavar="N",
    help="Most examples that --errors shows: so many confident mistakes, so many missed entities.",
)
@predict_options
@device_option
@reading_options()
def evaluate(
    model: str | None,
    data: str,
    split: str | None,
    as_json: bool,
    picture: Path | None,
    trade_off: bool,
    errors: bool,
    examples: int,
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Score a model on labelled sentences: entity precision, recall and F1, as conlleval counts.

    Files are read as in the model's training, unless options say otherwise.
    """
    from ner.api import Evaluation
    from ner.evaluation import (
        draw_calibration,
        format_calibration,
        format_mistakes,
        format_report,
        format_trade_off,
    )
    from ner.tagger import Tagger

    tagger = Tagger.load(model, device, settings)
    corpus, split = _corpus(data, split, tagger, reading)
    sentences = corpus.splits()[split]
    found = Evaluation(tagger, sentences, scores=bool(picture or trade_off or errors))
    report = found.report()
    values, texts = report.to_dict(), [format_report(report)]
    if picture:
        calibration = found.calibration()
        draw_calibration(calibration, picture)
        values["calibration"] = calibration.to_dict()
        texts.append(format_calibration(calibration))
    if trade_off:
        curves = found.trade_off()
        values["trade_off"] = {
            setting: [point.to_dict() for point in points] for setting, points in curves.items()
        }
        texts.append(format_trade_off(curves))
    if errors:
        mistakes = found.mistakes(() if split == "train" else corpus.train, examples)
        values["errors"] = mistakes.to_dict()
        texts.append(format_mistakes(mistakes))
    click.echo(json.dumps(values, indent=2) if as_json else "\n".join(texts))


def _corpus(
    data: str, split: str | None, tagger: "Tagger", reading: dict[str, Any]
) -> tuple["Corpus", str]:
    """A corpus whose train is that which the tagger learnt from, and the split to be scored.

    Raises `CorpusError` where the split has no sentences.
    """
    from ner.corpus import cut_valid, load_corpus, read_corpus

    config = tagger.config.replace(reading).data
    # A valid split that training has cut from train is cut again, the same.
    corpus = (load_corpus if split in ("train", "valid") else read_corpus)(data, config)
    there = [name for name, sentences in corpus.splits().items() if sentences]
    split = split or (there[0] if len(there) == 1 else "test")
    if split not in there:
        remedy = "choose with --split" if len(there) > 1 else "leave --split out"
        raise CorpusError(
            f"{data}: has no sentences in {split}; it has {' and '.join(there)}: {remedy}"
        )
    # What is scored as a whole stays whole.
    if split != "train" and not corpus.valid:
        corpus = dataclasses.replace(
            corpus, train=cut_valid(corpus.train, config.valid_fraction)[0]
        )
    return corpus, split
