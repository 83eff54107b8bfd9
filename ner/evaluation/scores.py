"""Entity scores: how many predicted spans are exactly a gold span, counted on spans.

The numbers are those of the CoNLL scorer (``conlleval``, Sang and De Meulder
2003): a span counts as correct when its tokens and its type are both right,
and a share of nothing is 0. `score` fills a `Report` from our own counts, fast
enough for every epoch; `evaluate_spans` fills the final one by seqeval, the oracle
that others measure with. Scores of several runs make one figure, mean ± standard deviation.
"""

import dataclasses
import statistics
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ner.errors import CorpusError, NerError, UsageError, escaped
from ner.text import Sentence, Span, by_corpus, layered_label, layers_of

Spans = Sequence[Sequence[Span]]
"""The spans of sentences, one after the other."""
ScoredSpans = tuple[Sequence[Span], Sequence[float]]
"""The predicted spans of a sentence, and their scores."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Precision, recall and F1, each from 0 to 1."""

    precision: float
    recall: float
    f1: float

    def figures(self) -> dict[str, float]:
        """The scores that are logged for an epoch, by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}

    def to_dict(self) -> dict[str, Any]:
        """A JSON object with the names of the attributes as keys."""
        return dataclasses.asdict(self)


NOTHING = Scores(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CountedScores(Scores):
    """Scores with the spans they come from: `support` in gold, `predicted`, `correct` in both."""

    support: int
    predicted: int
    correct: int

    @classmethod
    def of(cls, support: int, predicted: int, correct: int) -> Self:
        """The scores that follow from three counts."""
        precision = _share(correct, predicted)
        recall = _share(correct, support)
        f1 = _share(2 * precision * recall, precision + recall)
        return cls(precision, recall, f1, support, predicted, correct)


@dataclass(frozen=True, slots=True)
class Report(CountedScores):
    """Micro scores over all types, the averages over types, and the scores of each type.

    `macro` weighs every type alike, `weighted` by its support. `per_type` holds
    each type of gold or prediction, in alphabetical order. `per_corpus` holds the report of each
    of several corpora, and `unannotated` the types that one does not label: predictions of these
    do not count. `per_layer` holds the report of each of several tag layers; types of `per_type`
    then stand behind their layer, as ``outer:PER``.
    """

    macro: Scores
    weighted: Scores
    per_type: dict[str, CountedScores]
    sentences: int
    per_corpus: dict[str, "Report"] = field(default_factory=dict)
    unannotated: tuple[str, ...] = ()
    per_layer: dict[str, "Report"] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, "Report"]:
        """The reports of several corpora and tag layers, by name."""
        return self.per_corpus | self.per_layer

    def figures(self) -> dict[str, float]:
        """The scores that are logged for an epoch, by name: F1 of each of the `parts`, too."""
        parts = {f"f1_{name}": report.f1 for name, report in self.parts.items()}
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, **parts}

    def to_dict(self) -> dict[str, Any]:
        """A JSON object with the names of the attributes as keys, without parts that are empty."""
        values = dataclasses.asdict(self)
        values["per_corpus"] = {name: part.to_dict() for name, part in self.per_corpus.items()}
        values["per_layer"] = {name: part.to_dict() for name, part in self.per_layer.items()}
        more = ("per_corpus", "unannotated", "per_layer")
        return {key: value for key, value in values.items() if value or key not in more}


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Spans per type: in gold, predicted, and correct; and how many sentences were looked at."""

    gold: Counter[str]
    predicted: Counter[str]
    correct: Counter[str]
    sentences: int


def count(gold: Iterable[Sequence[Span]], predicted: Iterable[Sequence[Span]]) -> SpanCounts:
    """Count the spans of two equally long rows of sentences.

    Raises `ValueError` when one row is longer than the other.
    """
    counts = Counter[str](), Counter[str](), Counter[str]()
    sentences = 0
    for gold_spans, predicted_spans in zip(gold, predicted, strict=True):
        wanted, found = set(gold_spans), set(predicted_spans)
        for counter, spans in zip(counts, (wanted, found, wanted & found), strict=True):
            counter.update(layered_label(span) for span in spans)
        sentences += 1
    return SpanCounts(*counts, sentences)


def score(counts: SpanCounts) -> Report:
    """The report that follows from counts; all scores are 0 where there is no span at all."""
    rows = {
        label: CountedScores.of(counts.gold[label], counts.predicted[label], counts.correct[label])
        for label in sorted(counts.gold | counts.predicted)
    }
    micro = CountedScores.of(counts.gold.total(), counts.predicted.total(), counts.correct.total())
    return Report(
        **dataclasses.asdict(micro),
        macro=_average(rows.values(), [1] * len(rows)),
        weighted=_average(rows.values(), [row.support for row in rows.values()]),
        per_type=rows,
        sentences=counts.sentences,
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _average(rows: Iterable[Scores], weights: Sequence[int]) -> Scores:
    """The weighted mean of each score; 0 where there is no weight."""
    total = sum(weights)
    if not total:
        return NOTHING
    pairs = list(zip(rows, weights, strict=True))
    return Scores(
        precision=sum(row.precision * weight for row, weight in pairs) / total,
        recall=sum(row.recall * weight for row, weight in pairs) / total,
        f1=sum(row.f1 * weight for row, weight in pairs) / total,
    )


def unknown_labels(gold: Iterable[Sequence[Span]], known: Collection[str]) -> list[str]:
    """Types of `gold` that are not among the `known` ones of a model, sorted.

    Their spans count as missed in every score.
    """
    return sorted({span.label for spans in gold for span in spans} - set(known))


# --- of sentences ---------------------------------------------------------------------------------


def score_sentences(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> Report:
    """The report on the spans of `predicted`, which has the sentences of `gold`, by our counts."""
    return score_by_corpus(gold, predicted, _score_spans)


def _score_spans(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> Report:
    return score(count([s.spans for s in gold], [s.spans for s in predicted]))


def score_by_corpus(
    gold: Sequence[Sentence],
    predicted: Sequence[Sentence],
    report: Callable[[Sequence[Sentence], Sequence[Sentence]], Report],
) -> Report:
    """Report on all sentences and, where they are of several corpora, on those of each.

    Predictions of types that the corpus of a sentence does not label are left out. Of several tag
    layers each is reported on by itself, too.
    """
    predicted = [_annotated(*pair) for pair in zip(gold, predicted, strict=True)]
    whole = dataclasses.replace(
        report(gold, predicted),
        per_layer={
            name: report([s.of_layer(name) for s in gold], [s.of_layer(name) for s in predicted])
            for name in layers_of([*gold, *predicted])
        },
    )
    parts = by_corpus(gold)
    if [*parts] in ([], [""]):
        return whole
    found = {
        name: [p for s, p in zip(gold, predicted, strict=True) if s.corpus == name]
        for name in parts
    }
    per_corpus = {
        name: dataclasses.replace(
            report(part, found[name]), unannotated=tuple(sorted(part[0].unannotated))
        )
        for name, part in parts.items()
    }
    return dataclasses.replace(whole, per_corpus=per_corpus)


def _annotated(gold: Sentence, predicted: Sentence) -> Sentence:
    """The predicted sentence, without spans of types that the corpus of `gold` does not label."""
    if gold.unannotated.isdisjoint(span.label for span in predicted.spans):
        return predicted
    spans = tuple(span for span in predicted.spans if span.label not in gold.unannotated)
    return dataclasses.replace(predicted, spans=spans)


def check_labelled(gold: Sequence[Sentence]) -> None:
    """Refuse partly labelled sentences, which have no full gold labels. Raises `CorpusError`."""
    partly = [sentence for sentence in gold if sentence.partial]
    if partly:
        raise CorpusError(
            f"{partly[0].place}: has tokens with an unknown tag, so nothing can be scored against "
            f"it (sentences like this: {len(partly)}); label them fully, or move them to train"
        )


def layer_names(sentences: Iterable[Sentence]) -> set[str]:
    """The tag layers of entities, for `check_layers`: "" among them if some have none."""
    return {name for sentence in sentences for name in sentence.layers}


def check_layers(gold: Collection[str], found: Collection[str]) -> None:
    """Refuse to compare entities of tag layers that are not the same; "" stands for no layer.

    Raises `UsageError`.
    """
    if {*gold} <= {*found} or {*found} <= {*gold}:
        return
    ours, theirs = (", ".join(sorted(filter(None, names))) or "none" for names in (gold, found))
    raise UsageError(
        f"the tag layers of the corpus ({ours}) are not those of what is scored ({theirs}); read "
        "the same ones by the same names, as with --tag-column outer=2,inner=3, or one column alone"
    )


def check_same(
    gold: Sequence[Sentence],
    predicted: Sequence[Sentence],
    names: tuple[str, str] = ("gold", "predictions"),
    remedy: str = "compare predictions for the very sentences that are evaluated",
) -> None:
    """Refuse sentences of other tokens, or of another number. Raises `NerError`.

    `names` are those of the two in the message.
    """
    for one, other in zip(gold, predicted, strict=False):
        if one.tokens != other.tokens:
            raise NerError(
                f"{one.place}: {names[0]} and {names[1]} have different tokens, first "
                f"{_difference(one, other, names)}; {remedy}"
            )
    if len(gold) != len(predicted):
        first = max(gold, predicted, key=len)[min(len(gold), len(predicted))]
        raise NerError(
            f"{len(gold)} sentences in {names[0]} but {len(predicted)} in {names[1]}, of which the "
            f"first too many is {first.place}; {remedy}"
        )


def _difference(gold: Sentence, predicted: Sentence, names: tuple[str, str]) -> str:
    """The first token in which two sentences differ, and where it stands in either file."""
    pairs = enumerate(zip(gold.tokens, predicted.tokens, strict=False))
    same = min(len(gold), len(predicted))
    position = next((number for number, (one, other) in pairs if one != other), same)
    one, other = (_token(sentence, position) for sentence in (gold, predicted))
    return f"{one} in {names[0]} but {other} in {names[1]}"


def _token(sentence: Sentence, position: int) -> str:
    """A token, or the end of its sentence, and its place: columns have a token in each line."""
    line = sentence.line + (position if sentence.offsets is None else 0)
    text = repr(sentence.tokens[position]) if position < len(sentence) else "the sentence's end"
    return f"{text:.60} at {sentence.source or '<memory>'}:{line}"


# --- shown ----------------------------------------------------------------------------------------


def format_report(report: Report) -> str:
    """The report as an aligned table: one line a type, then the averages.

    The layout is that of seqeval's ``classification_report`` with four digits.
    """
    averages = {
        "micro avg": report,
        "macro avg": report.macro,
        "weighted avg": report.weighted,
    }
    table = format_table(report.per_type, averages, report.support)
    return table + "".join(f"\n{part}\n" for part in _by_part(report))


def _by_part(report: Report) -> Iterator[str]:
    """The scores of each of several corpora or layers, and the types that it is not judged by."""
    for title, parts in (("corpus", report.per_corpus), ("layer", report.per_layer)):
        if parts:
            width = max(map(len, parts))
            rows = [score_row(name, width, row, row.support) for name, row in parts.items()]
            yield "\n".join([f"by {title}:\n", score_head("", width, "support"), *rows])
    lacking = {name: ", ".join(row.unannotated) for name, row in report.per_corpus.items()}
    told = [escaped(f"{name} does not label {types}") for name, types in lacking.items() if types]
    if told:
        yield f"{'; '.join(told)}: such predictions are left out there"


def format_f1(scores: Scores) -> str:
    """F1 in percent, and that of each of several corpora: ``84.50 (a 85.20, b 70.10)``."""
    parts = {k.removeprefix("f1_"): v for k, v in scores.figures().items() if k.startswith("f1_")}
    each = ", ".join(f"{name} {100 * f1:.2f}" for name, f1 in parts.items())
    return f"{100 * scores.f1:.2f}" + f" ({each})" * bool(each)


def format_table(
    rows: Mapping[str, CountedScores], averages: Mapping[str, Scores], support: int
) -> str:
    """An aligned table of rows with a support each, and of averages over all of it."""
    width = max(map(len, [*rows, *averages]))
    types = [score_row(label, width, row, row.support) for label, row in rows.items()]
    means = [score_row(name, width, row, support) for name, row in averages.items()]
    blocks = [[score_head("", width, "support")], *([types] if types else []), means]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def score_head(title: str, width: int, *more: str) -> str:
    """The head of a table of scores and further columns."""
    return table_row(title, width, ["precision", "recall", "f1-score", *more])


def score_row(name: str, width: int, row: Scores, *more: object) -> str:
    """A line of a table of scores, in percent, and further columns."""
    scores = [f"{100 * value:.2f}" for value in (row.precision, row.recall, row.f1)]
    return table_row(name, width, [*scores, *more])


def table_row(name: str, width: int, cells: Iterable[object], cell: int = 9) -> str:
    """A name and cells, each aligned to the right."""
    return f"{escaped(name):>{width}}  " + " ".join(f"{escaped(str(p)):>{cell}}" for p in cells)


def format_columns(rows: Sequence[Sequence[str]], to_the_left: Collection[int]) -> str:
    """An aligned table; columns of these numbers stand to the left, others to the right."""
    rows = [[*map(escaped, row)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if number in to_the_left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def summarise(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (divisor n-1; 0 for a single value) of some values."""
    assert values, "there is no mean of nothing"
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return statistics.fmean(values), spread


def format_summary(values: Sequence[float]) -> str:
    """Scores from 0 to 1 as one figure in percent, like ``84.50 ± 0.12``."""
    mean, spread = summarise(values)
    return f"{100 * mean:.2f} ± {100 * spread:.2f}"
