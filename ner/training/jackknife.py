"""What a first reading finds in the training split, by models that have not seen it.

A model with document context learns from echoes: how a word is tagged
elsewhere in its document. When it tags, these come from its own first reading,
mistakes included. The labels of the training split have no mistakes, and a
model's own reading of what it has learnt has few: a feature that is never
wrong in training is trusted too much afterwards. So the split is cut into
folds, and each is read by a model that has learnt from the others (stacked
generalisation, Wolpert 1992; for named entities Krishnan and Manning 2006).
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from ner.config import Config, chosen
from ner.features.document_context import Echoes, echoes
from ner.model import Contextual
from ner.predict.predict import document_numbers, predict_sentences
from ner.text import Sentence, Span
from ner.training.build import build_model
from ner.training.loop import Trainer

_log = logging.getLogger("ner")

FOLDS = 3


def load_echoes(place: Path, segments: Sequence[Sentence]) -> list[Echoes]:
    """Read what `hear` gave for segments. Raises `OSError` or `ValueError` if that cannot be."""
    read = json.loads(place.read_text(encoding="utf-8"))
    try:
        kept = [echo and [(int(exact), int(folded)) for exact, folded in echo] for echo in read]
    except TypeError:
        raise ValueError("not lists of pairs of numbers") from None
    for piece, echo in zip(segments, kept, strict=True):
        if echo is not None and len(echo) != len(piece):
            raise ValueError(f"{len(echo)} echoes of {len(piece)} tokens")
    return kept


def hear(
    sentences: Sequence[Sentence],
    config: Config,
    device: torch.device,
    contextual: Contextual | None = None,
) -> list[Echoes]:
    """The echo of each segment, by models that have learnt from other folds alone.

    `contextual` is what the language models of the configuration say, if there are any.
    """
    documents = document_numbers(sentences)
    folds, config = _fold_numbers(documents), _of_folds(config)
    spans = _read_held_out(sentences, folds, config, device, contextual)
    labels = sorted({label for sentence in sentences for label in sentence.labels})
    heard = echoes([sentence.tokens for sentence in sentences], spans, documents, labels)
    if not any(heard):
        _log.warning(
            "document context: nothing is found twice in a document of the training split, so "
            "there is nothing to learn from it; try more train.epochs, or model.context=sentence"
        )
    return heard


def _fold_numbers(documents: Sequence[int]) -> list[int]:
    """The fold of each sentence: whole documents, unless there are too few of them."""
    if max(documents) + 1 >= FOLDS:
        return [document % FOLDS for document in documents]
    return [number % FOLDS for number in range(len(documents))]


def _of_folds(config: Config) -> Config:
    """How models of folds are trained: without echoes, and shorter, as they need not be best.

    Nothing is validated, so nothing stops them earlier.
    """
    epochs = max(1, chosen(config.train.epochs) // 3)
    return config.replace(
        {"model.context": "sentence", "train.epochs": epochs, "train.patience": epochs}
    )


def _read_held_out(
    sentences: Sequence[Sentence],
    folds: Sequence[int],
    config: Config,
    device: torch.device,
    contextual: Contextual | None,
) -> list[tuple[Span, ...]]:
    found: dict[int, tuple[Span, ...]] = {}
    for fold in range(FOLDS):
        own = [number for number, held in enumerate(folds) if held == fold]
        others = [s for s, held in zip(sentences, folds, strict=True) if held != fold]
        if own and any(sentence.labels for sentence in others):
            _log.info("document context: a first reading of part %d of %d", fold + 1, FOLDS)
            held_out = [sentences[number] for number in own]
            read = _read(others, held_out, config, device, contextual)
            found |= {number: s.spans for number, s in zip(own, read, strict=True)}
    return [found.get(number, ()) for number in range(len(sentences))]


def _read(
    train: Sequence[Sentence],
    held_out: Sequence[Sentence],
    config: Config,
    device: torch.device,
    contextual: Contextual | None,
) -> list[Sentence]:
    """Sentences with the spans that a model of others finds in them."""
    start = build_model(train, config, device, contextual=contextual)
    training_set = start.training_set(train, config)
    model = start.model
    trainer = Trainer(model, training_set, (), config.train)
    for _ in trainer.run():
        pass
    return predict_sentences(trainer.evaluated_model, held_out)
