"""``ner evaluate``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import Place, device_option, model_option, predict_options, reading_options
from ner.config import DataConfig
from ner.errors import CorpusError
from ner.text import Sentence

if TYPE_CHECKING:
    from ner.evaluation import Calibration, Report, TradeOff


@click.command(short_help="Score a model on labelled sentences.")
@model_option
@click.option("--data", required=True, metavar="NAME|PATH", help="Corpus: a name, folder or file.")
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    help="Which part of the corpus.  [default: test; all of a single file]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option(
    "--calibration",
    "picture",
    type=Place(),
    metavar="FILE.svg",
    help="Hold scores against how often they are right, and draw that.",
)
@click.option(
    "--trade-off", is_flag=True, help="Show the scores over ranges of --min-score and --o-bias."
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
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Score a model on labelled sentences: entity precision, recall and F1, as conlleval counts.

    Files are read as in the model's training, unless options say otherwise.
    """
    from ner import api
    from ner.evaluation import draw_calibration
    from ner.tagger import Tagger

    tagger = Tagger.load(model, device, settings)
    sentences = _sentences(data, split, tagger.config.replace(reading).data)
    report = api.evaluate(tagger, sentences)
    calibration = api.evaluate_calibration(tagger, sentences) if picture else None
    if picture and calibration:
        draw_calibration(calibration, picture)
    points = api.evaluate_trade_off(tagger, sentences) if trade_off else {}
    click.echo((_as_json if as_json else _as_text)(report, calibration, points))


def _sentences(data: str, split: str | None, config: DataConfig) -> Sequence[Sentence]:
    """The sentences of a split. Raises `CorpusError` where there are none."""
    from ner.corpus import load_corpus, read_corpus

    # A valid split that training has cut from train is cut again, the same.
    read = load_corpus if split in ("train", "valid") else read_corpus
    splits = read(data, config).splits()
    there = [name for name, sentences in splits.items() if sentences]
    split = split or (there[0] if len(there) == 1 else "test")
    if not splits[split]:
        remedy = "choose with --split" if len(there) > 1 else "leave --split out"
        raise CorpusError(
            f"{data}: has no sentences in {split}; it has {' and '.join(there)}: {remedy}"
        )
    return splits[split]


def _as_json(report: "Report", calibration: "Calibration | None", trade_off: "TradeOff") -> str:
    values = report.to_dict()
    if calibration:
        values["calibration"] = calibration.to_dict()
    if trade_off:
        values["trade_off"] = {
            setting: [point.to_dict() for point in points] for setting, points in trade_off.items()
        }
    return json.dumps(values, indent=2)


def _as_text(report: "Report", calibration: "Calibration | None", trade_off: "TradeOff") -> str:
    from ner.evaluation import format_calibration, format_report, format_trade_off

    parts = [format_report(report)]
    if calibration:
        parts.append(format_calibration(calibration))
    if trade_off:
        parts.append(format_trade_off(trade_off))
    return "\n".join(parts)
