"""Jackknifing: first-pass labels of the training split, by models that have not seen it.

A model with document context learns from first-pass labels, mistakes included. Gold labels have no
mistakes, and a model's labels of its own training sentences few: a feature that is always right in
training is trusted too much afterwards. So the split is cut into folds, and each is labelled by a
model of the others (stacked generalisation, Wolpert 1992; for named entities Krishnan and Manning
2006).
"""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from ner.features import Context, DocumentSpans, Indexer
from ner.predict import document_numbers
from ner.text import Sentence, Span

_log = logging.getLogger("ner")

FOLDS = 3

HeldOutLabeller = Callable[[Sequence[Sentence], Sequence[Sentence]], Sequence[Sentence]]
"""Trains a model on sentences, and gives others with the spans that it finds in them."""


def load_contexts(place: Path, segments: Sequence[Sentence], columns: int) -> list[Context]:
    """Read contexts of segments, `columns` ids for each token. Raises `OSError` or `ValueError`."""
    read = json.loads(place.read_text(encoding="utf-8"))
    try:
        kept = [part and [_ids(token, columns) for token in part] for part in read]
    except TypeError:
        raise ValueError(f"not lists of {columns} numbers") from None
    for segment, context in zip(segments, kept, strict=True):
        if context is not None and len(context) != len(segment):
            raise ValueError(f"labels of {len(context)} instead of {len(segment)} tokens")
    return kept


def _ids(value: Sequence[int], columns: int) -> tuple[int, ...]:
    return tuple(int(number) for _, number in zip(range(columns), value, strict=True))


def jackknife(
    segments: Sequence[Sentence], indexer: Indexer, label: HeldOutLabeller
) -> list[Context]:
    """Find the context of each segment for the features of `indexer`, by models of other folds."""
    documents = document_numbers(segments)
    spans = held_out_spans(segments, fold_numbers(documents), label)
    tokens = [segment.tokens for segment in segments]
    found = indexer.contexts(DocumentSpans(tokens, spans, documents))
    if not any(found):
        _log.warning(
            "document context: nothing is found twice in a document of the training split, so "
            "there is nothing to learn from it; try more train.epochs, or model.context=sentence"
        )
    return found


def fold_numbers(documents: Sequence[int]) -> list[int]:
    """The fold of each sentence: whole documents, unless there are too few of them."""
    if max(documents) + 1 >= FOLDS:
        return [document % FOLDS for document in documents]
    return [number % FOLDS for number in range(len(documents))]


def held_out_spans(
    sentences: Sequence[Sentence], folds: Sequence[int], label: HeldOutLabeller
) -> list[tuple[Span, ...]]:
    """The spans of each sentence, by a model of the other folds; none where these have none."""
    found: dict[int, tuple[Span, ...]] = {}
    for fold in range(FOLDS):
        own = [number for number, held in enumerate(folds) if held == fold]
        others = [s for s, held in zip(sentences, folds, strict=True) if held != fold]
        if own and any(sentence.labels for sentence in others):
            _log.info("document context: a first pass over part %d of %d", fold + 1, FOLDS)
            read = label(others, [sentences[number] for number in own])
            found |= {number: s.spans for number, s in zip(own, read, strict=True)}
    return [found.get(number, ()) for number in range(len(sentences))]
