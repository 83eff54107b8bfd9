"""``ner evaluate``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    PathArg,
    corpus_options,
    device_option,
    model_option,
    predict_options,
    reading_options,
)
from ner.config import DataConfig
from ner.errors import CorpusError
from ner.text import Sentence

if TYPE_CHECKING:
    from ner.evaluation import Calibration, Mistakes, Report, TradeOff


@click.command(short_help="Score a model on labelled sentences.")
@model_option
@corpus_options()
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of the corpus.  [default: test; all of a single file]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
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
    data: str | None,
    files: dict[str, Path],
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
    from ner.evaluation import draw_calibration
    from ner.tagger import Tagger

    tagger = Tagger.load(model, device, settings)
    sentences, train = _sentences(data, files, split, tagger.config.replace(reading).data)
    found = Evaluation(tagger, sentences, scores=bool(picture or trade_off or errors))
    results = Results(found.report())
    if picture:
        results.calibration = found.calibration()
        draw_calibration(results.calibration, picture)
    if trade_off:
        results.trade_off = found.trade_off()
    if errors:
        results.mistakes = found.mistakes(train, examples)
    click.echo(_as_json(results) if as_json else _as_text(results))


@dataclass
class Results:
    """The report of an evaluation, and further results that the options ask for."""

    report: "Report"
    calibration: "Calibration | None" = None
    trade_off: "TradeOff | None" = None
    mistakes: "Mistakes | None" = None


def _sentences(
    data: str | None, files: dict[str, Path], split: str | None, config: DataConfig
) -> tuple[Sequence[Sentence], Sequence[Sentence]]:
    """The sentences of a split, and those that a model of this corpus learns from, if others.

    Raises `CorpusError` where the split has none.
    """
    from ner.corpus import cut_valid, load_corpus, read_corpus

    # A valid split that training has cut from train is cut again, the same.
    read = load_corpus if split in ("train", "valid") else read_corpus
    corpus = read(data, config, files=files)
    splits = corpus.splits()
    there = [name for name, sentences in splits.items() if sentences]
    split = split or (there[0] if len(there) == 1 else "test")
    if not splits[split]:
        remedy = "choose with --split" if len(there) > 1 else "leave --split out"
        raise CorpusError(
            f"{data or corpus.name}: has no sentences in {split}; "
            f"it has {' and '.join(there)}: {remedy}"
        )
    train = splits["train"]
    if not splits["valid"]:
        train = cut_valid(train, config.valid_fraction)[0]
    return splits[split], () if split == "train" else train


def _as_json(results: Results) -> str:
    values = results.report.to_dict()
    if results.calibration:
        values["calibration"] = results.calibration.to_dict()
    if results.trade_off:
        values["trade_off"] = {
            setting: [point.to_dict() for point in points]
            for setting, points in results.trade_off.items()
        }
    if results.mistakes:
        values["errors"] = results.mistakes.to_dict()
    return json.dumps(values, indent=2)


def _as_text(results: Results) -> str:
    from ner.evaluation import (
        format_calibration,
        format_mistakes,
        format_report,
        format_trade_off,
    )

    parts = [format_report(results.report)]
    if results.calibration:
        parts.append(format_calibration(results.calibration))
    if results.trade_off:
        parts.append(format_trade_off(results.trade_off))
    if results.mistakes:
        parts.append(format_mistakes(results.mistakes))
    return "\n".join(parts)
