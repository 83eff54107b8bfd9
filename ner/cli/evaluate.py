"""``ner evaluate``."""

import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ner.cli.options import (
    Decorator,
    PathArg,
    check_model,
    json_option,
    model_option,
    options,
    predict_options,
    tagging_device_option,
)
from ner.cli.reading import corpus_options, data_config, label_map_option, reading_options
from ner.config import DataConfig
from ner.errors import CorpusError, UsageError
from ner.text import CASES, Case, Sentence

if TYPE_CHECKING:
    from ner.api import Evaluation
    from ner.corpus import Corpus

_log = logging.getLogger("ner")


def scored_options(split: str = "test", left_out: str = "predictions") -> Decorator:
    """Add the options of `scored_corpus`; `split` is the part of a corpus without ``--split``."""
    own_types = click.option(
        "--own-types", is_flag=True, help=f"Leave out {left_out} of types that the corpus lacks."
    )
    part = click.option(
        "--split",
        type=click.Choice(["train", "valid", "test"]),
        help=f"Which part of the corpus.  [default: {split}; all of a single file]",
    )
    return options(corpus_options(), label_map_option, own_types, part)


@click.command(short_help="Score a model on labelled sentences.")
@model_option
@click.option(
    "--predictions",
    type=PathArg(),
    metavar="FILE",
    help="Score this labelled file, whoever made it, in place of a model.",
)
@scored_options()
@click.option(
    "--case",
    type=click.Choice(CASES),
    help="Score the sentences in this case, to see how far the model relies on capitals.",
)
@click.option(
    "--out",
    type=PathArg(),
    metavar="FILE",
    help="Write columns of token, gold tag and predicted tag.",
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
@click.option(
    "--report",
    "page",
    type=PathArg(),
    metavar="FILE.html",
    help="Write a page of the mistakes: what is labelled beside what is found.",
)
@predict_options
@tagging_device_option
@reading_options(layers=True)
def evaluate(
    model: str | None,
    predictions: Path | None,
    data: str | None,
    files: dict[str, Path],
    label_map: dict[str, str],
    own_types: bool,
    split: str | None,
    case: Case | None,
    out: Path | None,
    as_json: bool,
    picture: Path | None,
    trade_off: bool,
    errors: bool,
    examples: int,
    page: Path | None,
    settings: dict[str, Any],
    device: str,
    reading: dict[str, Any],
) -> None:
    """Score a model on labelled sentences: entity precision, recall and F1, as conlleval counts.

    Files are read as in the model's training, unless options say otherwise.
    """
    _check_picture(picture)
    if predictions:
        _refuse(
            model, settings, device != "auto", case, picture, trade_off, errors, own_types, page
        )
        gold, split = scored_corpus(data, files, label_map, split, case, data_config(reading))
        _compare(predictions, gold.splits()[split], data_config(reading), out, as_json)
        return
    check_model(model)
    from ner.api import Evaluation
    from ner.evaluation import format_mistakes, format_report, format_trade_off
    from ner.tagger import Tagger

    tagger = Tagger.load(model, device, settings)
    config = tagger.config.replace(reading).data
    types = tagger.labels if own_types else ()
    corpus, split = scored_corpus(data, files, label_map, split, case, config, types)
    scores = bool(picture or trade_off or errors or page)
    found = Evaluation(tagger, corpus.splits()[split], scores=scores)
    report = found.report()
    _note_lacking(corpus, found.predicted())
    if out:
        _write_both(out, found.sentences, found.predicted())
    if page:
        _write_page(page, f"Mistakes on {corpus.name}, {split}", found)
    values, texts = report.to_dict(), [format_report(report)]
    if picture:
        values["calibration"], text = _calibrated(found, picture)
        texts.append(text)
    if trade_off:
        curves = found.trade_off()
        values["trade_off"] = {key: [p.to_dict() for p in points] for key, points in curves.items()}
        texts.append(format_trade_off(curves))
    if errors:
        mistakes = found.mistakes(() if split == "train" else corpus.train, examples)
        values["errors"] = mistakes.to_dict()
        texts.append(format_mistakes(mistakes))
    click.echo(json.dumps(values, indent=2) if as_json else "\n".join(texts))


def _check_picture(picture: Path | None) -> None:
    """Refuse a name that promises another kind of picture. Raises `UsageError`."""
    if picture and picture.suffix.lower() not in ("", ".svg"):
        raise UsageError(f"--calibration {picture}: the picture is SVG; let its name end in .svg")


def _note_lacking(corpus: "Corpus", predicted: Sequence[Sentence]) -> None:
    """Say which types are predicted that the corpus lacks."""
    types = {span.label for sentence in predicted for span in sentence.spans}
    if lacking := sorted(types.difference(corpus.types)):
        _log.info(
            "%s has no entity of these types, and predictions of them count as wrong (leave them "
            "out with --own-types if it does not label them): %s",
            corpus.name, ", ".join(lacking),
        )  # fmt: skip


def _refuse(*given: object) -> None:
    """Refuse what is of no use to predictions in a file. Raises `UsageError`."""
    if any(given):
        raise UsageError(
            "--predictions takes no model and knows no scores: leave --model, --device, "
            "--case, --own-types, --calibration, --trade-off, --errors, --report and settings of "
            "tagging away"
        )


def _compare(
    predictions: Path,
    gold: Sequence[Sentence],
    config: DataConfig,
    out: Path | None,
    as_json: bool,
) -> None:
    """Score one labelled file against another. Raises `NerError` where the sentences differ."""
    from ner.corpus import read_file
    from ner.evaluation import (
        check_labelled,
        check_layers,
        evaluate_spans,
        format_report,
        layer_names,
    )

    predicted = read_file(predictions, config)
    check_labelled(predicted)
    check_layers(layer_names(gold), layer_names(predicted))
    report = evaluate_spans(gold, predicted)
    if out:
        _write_both(out, gold, predicted)
    click.echo(json.dumps(report.to_dict(), indent=2) if as_json else format_report(report))


def _calibrated(found: "Evaluation", picture: Path) -> tuple[dict[str, Any], str]:
    """Draw the calibration; returns its figures for JSON, and as text."""
    from ner.evaluation import draw_calibration, format_calibration

    calibration = found.calibration()
    draw_calibration(calibration, picture)
    return calibration.to_dict(), format_calibration(calibration)


def _write_page(path: Path, title: str, found: "Evaluation") -> None:
    from ner.files import write_text
    from ner.render import mistakes_page

    with write_text(path) as file:
        file.write(mistakes_page(title, found.compared()))


def _write_both(out: Path, gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> None:
    from ner.files import write_text
    from ner.render import side_by_side
    from ner.text import layers_of

    with write_text(out) as file:
        file.writelines(side_by_side(gold, predicted, layers_of([*gold, *predicted])))


def scored_corpus(
    data: str | None,
    files: dict[str, Path],
    label_map: dict[str, str],
    split: str | None,
    case: Case | None,
    config: DataConfig,
    types: Sequence[str] = (),
    default: str = "test",
) -> tuple["Corpus", str]:
    """A corpus whose train a tagger with the settings learnt from, and the split to be scored.

    That is `split`, else the only one that there is, else the `default`. All is in another case if
    `case` is given. With `types`, those of them that it lacks are not annotated. Raises
    `CorpusError` where the split has no sentences.
    """
    from ner.corpus import cut_valid, load_corpus, map_labels, read_corpus, with_unannotated

    # A valid split that training has cut from train is cut again, the same.
    read = load_corpus if split in ("train", "valid") else read_corpus
    corpus = map_labels(read(data, config, files=files), label_map)
    there = [name for name, sentences in corpus.splits().items() if sentences]
    split = split or (there[0] if len(there) == 1 else default)
    if split not in there:
        remedy = "choose with --split" if len(there) > 1 else "leave --split out"
        raise CorpusError(
            f"{data or corpus.name}: has no sentences in {split}; "
            f"it has {' and '.join(there)}: {remedy}"
        )
    # What is scored as a whole stays whole.
    if split != "train" and not corpus.valid:
        corpus = dataclasses.replace(
            corpus, train=cut_valid(corpus.train, config.valid_fraction)[0]
        )
    corpus = with_unannotated(corpus, types) if types else corpus
    return corpus.recased(case) if case else corpus, split
