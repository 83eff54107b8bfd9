"""Jackknifing: first-pass labels of the training split, by models that have not seen it.

A model with document context learns from first-pass labels, mistakes included. Gold labels have no
mistakes, and a model's labels of its own training sentences few: a feature that is always right in
training is trusted too much afterwards. So the split is cut into folds, and each is labelled by a
model of the others (stacked generalisation, Wolpert 1992; for named entities Krishnan and Manning
2006).
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from ner.config import Config, chosen
from ner.features import FirstPass, first_pass_labels
from ner.model import TokenEmbedder
from ner.predict import document_numbers, predict_sentences
from ner.text import Sentence, Span
from ner.training.build import build_model
from ner.training.loop import Trainer

_log = logging.getLogger("ner")

FOLDS = 3


def load_first_pass(place: Path, segments: Sequence[Sentence]) -> list[FirstPass]:
    """Read the labels that `jackknife` found for segments. Raises `OSError` or `ValueError`."""
    read = json.loads(place.read_text(encoding="utf-8"))
    try:
        kept = [part and [(int(exact), int(folded)) for exact, folded in part] for part in read]
    except TypeError:
        raise ValueError("not lists of pairs of numbers") from None
    for segment, labels in zip(segments, kept, strict=True):
        if labels is not None and len(labels) != len(segment):
            raise ValueError(f"labels of {len(labels)} instead of {len(segment)} tokens")
    return kept


def jackknife(
    segments: Sequence[Sentence],
    config: Config,
    device: torch.device,
    contextual: TokenEmbedder | None = None,
) -> list[FirstPass]:
    """Find the first-pass labels of each segment, by models of other folds.

    `contextual` is the token embedder of the configuration, if there is one.
    """
    documents = document_numbers(segments)
    folds, config = fold_numbers(documents), fold_config(config)
    spans = held_out_spans(segments, folds, config, device, contextual)
    labels = sorted({label for segment in segments for label in segment.labels})
    found = first_pass_labels([s.tokens for s in segments], spans, documents, labels)
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


def fold_config(config: Config) -> Config:
    """The settings of models of folds: no document context, no early stopping, fewer epochs."""
    epochs = max(1, chosen(config.train.epochs) // 3)
    return config.replace(
        {"model.context": "sentence", "train.epochs": epochs, "train.patience": epochs}
    )


def held_out_spans(
    sentences: Sequence[Sentence],
    folds: Sequence[int],
    config: Config,
    device: torch.device,
    contextual: TokenEmbedder | None,
) -> list[tuple[Span, ...]]:
    """The spans of each sentence, by a model of the other folds; none where these have none."""
    found: dict[int, tuple[Span, ...]] = {}
    for fold in range(FOLDS):
        own = [number for number, held in enumerate(folds) if held == fold]
        others = [s for s, held in zip(sentences, folds, strict=True) if held != fold]
        if own and any(sentence.labels for sentence in others):
            _log.info("document context: a first pass over part %d of %d", fold + 1, FOLDS)
            held_out = [sentences[number] for number in own]
            read = predict_held_out(others, held_out, config, device, contextual)
            found |= {number: s.spans for number, s in zip(own, read, strict=True)}
    return [found.get(number, ()) for number in range(len(sentences))]


def predict_held_out(
    train: Sequence[Sentence],
    held_out: Sequence[Sentence],
    config: Config,
    device: torch.device,
    contextual: TokenEmbedder | None,
) -> list[Sentence]:
    """The held-out sentences with the spans that a model of the others finds in them."""
    untrained = build_model(train, config, device, contextual=contextual)
    training_set = untrained.training_set(train, config)
    trainer = Trainer(untrained.model, training_set, (), config.train)
    for _ in trainer.run():
        pass
    return predict_sentences(trainer.evaluated_model, held_out)
