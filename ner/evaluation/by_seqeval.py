"""The final scores: by seqeval, with which others measure."""

import importlib.util
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ner.evaluation.scores import (
    NOTHING,
    CountedScores,
    Report,
    Scores,
    check_labelled,
    check_same,
    count,
    score,
    score_by_corpus,
)
from ner.tags import tags_of
from ner.text import Sentence, Span, layered_label, layers_of

Tags = Sequence[Sequence[str]]


def evaluate_spans(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> Report:
    """Score the spans of `predicted` against those of the same sentences in `gold`.

    Of several corpora each is scored by itself, too, and none by predictions of types that it does
    not label. Raises `NerError` when the two are not the same sentences, token by token,
    and `CorpusError` when labels of `gold` are unknown.
    """
    check_labelled(gold)
    check_same(gold, predicted)
    return score_by_corpus(gold, predicted, _report)


def _report(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> Report:
    if importlib.util.find_spec("seqeval"):
        # Each layer has tags and types of its own, as if its sentences were others.
        layers = layers_of([*gold, *predicted]) or ("",)
        rows = ([_tags(s, name) for name in layers for s in row] for row in (gold, predicted))
        return replace(seqeval_report(*rows), sentences=len(gold))
    # In an installation for tagging alone: the same counts, of our own.
    return score(count(*([sentence.spans for sentence in row] for row in (gold, predicted))))


def _tags(sentence: Sentence, layer: str) -> list[str]:
    own = (span for span in sentence.spans if span.layer == layer)
    return tags_of((Span(s.start, s.end, layered_label(s)) for s in own), len(sentence))


def seqeval_report(gold: Tags, predicted: Tags) -> Report:
    """Score rows of tags, legal or not, of IOB1, IOB2, IO or IOBES (with just these letters).

    seqeval's default mode reads tags as the CoNLL scorer does. It raises or warns where there is
    nothing to count; here such corpora get a report of zeros.
    """
    from seqeval.metrics.sequence_labeling import get_entities

    rows = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    wanted, found = (set(get_entities(row)) for row in rows)
    support, guesses, hits = (
        Counter(label for label, _, _ in spans) for spans in (wanted, found, wanted & found)
    )
    labels = sorted(support | guesses)
    if not labels:
        return Report(0.0, 0.0, 0.0, 0, 0, 0, NOTHING, NOTHING, {}, len(rows[0]))
    return Report(
        *_scores(*rows, average="micro"),
        len(wanted),
        len(found),
        len(wanted & found),
        macro=Scores(*_scores(*rows, average="macro")),
        weighted=Scores(*_scores(*rows, average="weighted")),
        per_type={
            label: CountedScores(p, r, f1, support[label], guesses[label], hits[label])
            for label, p, r, f1 in zip(labels, *_scores(*rows, average=None), strict=True)
        },
        sentences=len(rows[0]),
    )


def _scores(
    gold: list[list[str]], predicted: list[list[str]], average: str | None
) -> tuple[Any, Any, Any]:
    """Precision, recall and F1 from seqeval: a number each, or a list over types for no average."""
    import numpy
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, predicted, average=average, zero_division=0
    )
    # Plain numbers, whatever seqeval gives: an array, a number of numpy, or a float.
    plain = numpy.array([precision, recall, f1]).tolist()
    return plain[0], plain[1], plain[2]
