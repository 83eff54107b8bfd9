"""The final report, by seqeval: the oracle that others measure with, in its default mode.

seqeval's default mode reads tags as the CoNLL scorer does. It raises or warns
where there is nothing to count; here such corpora get a report of zeros.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ner.errors import CorpusError, NerError
from ner.evaluation.scores import NOTHING, CountedScores, Report, Scores
from ner.tags import tags_of
from ner.text import Sentence

Tags = Sequence[Sequence[str]]


def evaluate_spans(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> Report:
    """Score the spans of `predicted` against those of the same sentences in `gold`.

    Raises `NerError` when the two are not the same sentences, token by token,
    and `CorpusError` when labels of `gold` are unknown.
    """
    check_labelled(gold)
    _check_same(gold, predicted)
    return seqeval_report(_tags(gold), _tags(predicted))


def check_labelled(gold: Sequence[Sentence]) -> None:
    """Refuse partly labelled sentences, which have no full gold labels. Raises `CorpusError`."""
    partly = [sentence for sentence in gold if sentence.partial]
    if partly:
        raise CorpusError(
            f"{partly[0].place}: has tokens with an unknown tag, so nothing can be scored against "
            f"it (sentences like this: {len(partly)}); label them fully, or move them to train"
        )


def _tags(sentences: Sequence[Sentence]) -> list[list[str]]:
    return [tags_of(sentence.spans, len(sentence)) for sentence in sentences]


def _check_same(gold: Sequence[Sentence], predicted: Sequence[Sentence]) -> None:
    remedy = "compare predictions for the very sentences that are evaluated"
    for one, other in zip(gold, predicted, strict=False):
        if one.tokens != other.tokens:
            raise NerError(
                f"{one.place}: gold and predicted sentences have different tokens, first "
                f"{_difference(one, other)}; {remedy}"
            )
    if len(gold) != len(predicted):
        first = max(gold, predicted, key=len)[min(len(gold), len(predicted))]
        raise NerError(
            f"{len(gold)} gold sentences but {len(predicted)} predicted ones, of which the first "
            f"too many is {first.place}; {remedy}"
        )


def _difference(gold: Sentence, predicted: Sentence) -> str:
    """The first token in which two sentences differ, and where it stands in either file."""
    pairs = enumerate(zip(gold.tokens, predicted.tokens, strict=False))
    same = min(len(gold), len(predicted))
    position = next((number for number, (one, other) in pairs if one != other), same)
    one, other = (_token(sentence, position) for sentence in (gold, predicted))
    return f"{one} in gold but {other} in predictions"


def _token(sentence: Sentence, position: int) -> str:
    """A token, or the end of its sentence, and its place: columns have a token in each line."""
    line = sentence.line + (position if sentence.offsets is None else 0)
    text = repr(sentence.tokens[position]) if position < len(sentence) else "the sentence's end"
    return f"{text:.60} at {sentence.source or '<memory>'}:{line}"


def seqeval_report(gold: Tags, predicted: Tags) -> Report:
    """Score rows of tags, legal or not, of IOB1, IOB2, IO or IOBES (with just these letters)."""
    from seqeval.metrics.sequence_labeling import get_entities

    rows = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    wanted, found = (set(get_entities(row)) for row in rows)
    support, guesses, hits = (_per_label(spans) for spans in (wanted, found, wanted & found))
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


def _per_label(entities: set[tuple[str, int, int]]) -> Counter[str]:
    return Counter(label for label, _, _ in entities)


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
