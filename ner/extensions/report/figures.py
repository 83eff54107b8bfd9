"""The figures of a report: everything that is measured of a model on labelled sentences."""

import json
import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ner.api import Evaluation
from ner.bundle import find_bundle, load_bundle
from ner.config import predict_config
from ner.corpus import Corpus, CorpusStats, Finding, check_content, count
from ner.errors import NerError, UsageError
from ner.evaluation import (
    Calibration,
    Interval,
    Intervals,
    Mistakes,
    Report,
    Spans,
    TradeOff,
    Units,
    bootstrap_difference,
    bootstrap_intervals,
    measure_speed,
    randomisation_test,
    resampling_units,
)
from ner.extensions.report.segmentation import Segmentation, measure_segmentation
from ner.tagger import Tagger
from ner.text import Sentence

CURVES = "metrics.jsonl"
_PLOTTED = ("loss", "valid_precision", "valid_recall", "valid_f1")


@dataclass(frozen=True)
class Model:
    """A model to report on, as it was named; `curves` are the records of its training's epochs."""

    name: str
    tagger: Tagger
    curves: Sequence[Mapping[str, Any]]
    parameters: int
    size: int  # bytes
    card: str
    on_processor: bool = True

    @classmethod
    def load(cls, path: str, device: str, settings: Mapping[str, Any]) -> "Model":
        """Load the model of a run folder, bundle or packed file, or one by its name.

        Raises `NerError` where there is none, or it cannot be read.
        """
        place = find_bundle(path)
        bundle = load_bundle(place, device)
        return cls(
            path,
            Tagger(bundle, predict_config(settings, bundle.config)),
            _read_curves(place.parent / CURVES) if place.name == "model" else (),
            sum(weights.size for weights in bundle.model.weights.values()),
            sum(f.stat().st_size for f in (place, *place.rglob("*")) if f.is_file()),
            bundle.card(),
            device in ("auto", "cpu"),
        )


def _read_curves(path: Path) -> Sequence[Mapping[str, Any]]:
    """The epochs of a training, of which some may be plotted; none where there is no such file."""
    if not path.is_file():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
        plotted = [
            {"epoch": int(record["epoch"])} | {key: float(record[key]) for key in _PLOTTED}
            for record in records
        ]
    except (OSError, KeyError, TypeError, ValueError, RecursionError, OverflowError):
        plotted = []
    if not plotted or not all(math.isfinite(v) for record in plotted for v in record.values()):
        raise NerError(f"{path}: is damaged; move it away, and the report leaves the curves out")
    return plotted


@dataclass(frozen=True)
class RunFigures:
    """All that is measured of one model; `learnt_from` counts sentences of its training."""

    name: str
    scores: Report
    intervals: Intervals
    mistakes: Mistakes
    calibration: Calibration
    trade_off: TradeOff
    curves: Sequence[Mapping[str, Any]]
    segmentation: Segmentation
    tokens_per_second: float
    parameters: int
    size: int  # bytes
    learnt_from: int
    card: str

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON object with the names of the attributes as keys."""
        trade_off = {name: [p.to_dict() for p in row] for name, row in self.trade_off.items()}
        values = {
            "scores": self.scores.to_dict(),
            "intervals": self.intervals.to_dict(),
            "mistakes": self.mistakes.to_dict(),
            "calibration": self.calibration.to_dict(),
            "segmentation": self.segmentation.to_dict(),
            "curves": list(self.curves),
            "trade_off": trade_off,
        }
        return {**vars(self), **values}


@dataclass(frozen=True)
class Difference:
    """The second model less the first: micro F1, its 95 % interval, and the p-value.

    `gold` counts entities of the data by who finds them: ``both``, ``first``, ``second``,
    ``neither``.
    """

    f1: float
    interval: Interval
    p: float
    gold: dict[str, int]


@dataclass(frozen=True)
class ReportFigures:
    """The figures of one model, or of two and their difference, and of the data."""

    corpus: str
    split: str
    sentences: int
    tokens: int
    units: Units
    runs: tuple[RunFigures, ...]
    difference: Difference | None
    stats: CorpusStats
    findings: tuple[Finding, ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All figures as a JSON object."""
        return {
            "corpus": self.corpus,
            "split": self.split,
            "sentences": self.sentences,
            "tokens": self.tokens,
            "resampled": {"units": self.units.name, "count": self.units.count},
            "runs": [run.to_dict() for run in self.runs],
            "difference": self.difference and asdict(self.difference),
            "stats": self.stats.to_dict(),
            "findings": [asdict(finding) for finding in self.findings],
        }


def report_events(
    models: Sequence[Model], corpus: Corpus, split: str, examples: int = 10
) -> Iterator[str | ReportFigures]:
    """Measure models on a split of a corpus; a generator, to be run to its end.

    Yields a word for each piece of work that begins, and at last the figures. Raises `NerError` for
    sentences that cannot be scored, and for two models that cut them otherwise.
    """
    sentences = corpus.splits()[split]
    units = resampling_units(sentences)
    train = () if split == "train" else corpus.train
    runs, found = [], []
    for model in models:
        yield f"{model.name}: tagging"
        evaluation = Evaluation(model.tagger, sentences)
        found.append(evaluation)
        figures = yield from _measure(model, evaluation, sentences, units, train, examples)
        runs.append(figures)
    yield "data"
    yield ReportFigures(
        corpus.name,
        split,
        len(sentences),
        sum(map(len, sentences)),
        units,
        tuple(runs),
        _difference(runs, found, units) if len(found) > 1 else None,
        count(corpus),
        tuple(check_content(corpus)),
    )


def _measure(
    model: Model,
    evaluation: Evaluation,
    sentences: Sequence[Sentence],
    units: Units,
    train: Sequence[Sentence],
    examples: int,
) -> Generator[str, None, RunFigures]:
    """Measure one model; yields a word for each piece of work, and returns the figures."""
    gold = [sentence.spans for sentence in evaluation.sentences]
    spans = [sentence.spans for sentence in evaluation.predicted()]
    scores = evaluation.report()
    yield f"{model.name}: bias of O"
    trade_off = evaluation.trade_off()
    yield f"{model.name}: raw text"
    segmentation = measure_segmentation(model.tagger, sentences)
    yield f"{model.name}: speed"
    tokens = sum(map(len, sentences))
    clock = time.process_time if model.on_processor else time.perf_counter
    return RunFigures(
        model.name,
        scores,
        bootstrap_intervals(gold, spans, units),
        evaluation.mistakes(train, examples),
        evaluation.calibration(),
        trade_off,
        model.curves,
        segmentation,
        measure_speed(lambda: model.tagger.predict(sentences), tokens, clock),
        model.parameters,
        model.size,
        model.tagger.contamination(evaluation.sentences),
        model.card,
    )


def _difference(
    runs: Sequence[RunFigures], found: Sequence[Evaluation], units: Units
) -> Difference:
    one, other = found
    if [s.tokens for s in one.sentences] != [s.tokens for s in other.sentences]:
        raise UsageError(
            "the two models cut the text into other tokens, so that their entities cannot be held "
            "against each other; report on each by itself"
        )
    gold = [sentence.spans for sentence in one.sentences]
    first, second = ([s.spans for s in each.predicted()] for each in (one, other))
    return Difference(
        runs[1].scores.f1 - runs[0].scores.f1,
        bootstrap_difference(gold, first, second, units),
        randomisation_test(gold, [first], [second]),
        _found_by(gold, first, second),
    )


def _found_by(gold: Spans, first: Spans, second: Spans) -> dict[str, int]:
    counts = dict.fromkeys(("both", "first", "second", "neither"), 0)
    for wanted, one, other in zip(gold, first, second, strict=True):
        for span in wanted:
            mine, theirs = span in one, span in other
            counts[
                "both" if mine and theirs
                else "first" if mine
                else "second" if theirs
                else "neither"
            ] += 1  # fmt: skip
    return counts
