"""Validation before a training begins: of its corpus, and of settings against those of before."""

import logging

from ner.config import Config
from ner.corpus import Corpus, overlaps
from ner.errors import TrainingError
from ner.evaluation import check_labelled, unknown_labels
from ner.predict import window_note

_log = logging.getLogger("ner")

# Settings without influence on the result of a run.
_FREE = {"train.checkpoint_minutes", "train.log_gradients"}
# Settings that only concern models that learn from distillation targets.
_OF_DISTILLATION = {
    "train.distill_weight",
    "train.unlabelled_sentences",
    "train.unlabelled_confidence",
}


def different_settings(before: Config, now: Config, *, distilled: bool = False) -> list[str]:
    """List the settings in which two resolved configurations make different models.

    Some of them matter only to models that are `distilled`.
    """
    free = _FREE if distilled else _FREE | _OF_DISTILLATION
    return [key for key in Config.fields() if before[key] != now[key] and key not in free]


def check_corpus(corpus: Corpus) -> None:
    """Refuse a corpus that nothing can be learnt from; log oddities of another.

    Raises `TrainingError`, and `CorpusError` for valid or test without all labels.
    """
    if not corpus.train:
        raise TrainingError(f"{corpus.name}: has no training split; add a file train.txt")
    _check_valid(corpus)
    _check_labels(corpus)
    check_labelled(corpus.valid)
    check_labelled(corpus.test)
    _log_oddities(corpus)


def _check_valid(corpus: Corpus) -> None:
    partly = sum(bool(sentence.partial) for sentence in corpus.train)
    if not corpus.valid and partly:
        raise TrainingError(
            f"{corpus.name}: has no validation split, and too few fully labelled sentences or "
            f"documents to set one apart (sentences with unknown tags: {partly} of "
            f"{len(corpus.train)}); add a file valid.txt, or lower data.valid_fraction"
        )
    if not corpus.valid:
        raise TrainingError(
            f"{corpus.name}: has {len(corpus.train)} training sentence(s) and no validation split; "
            "add sentences, or a file valid.txt"
        )


def _check_labels(corpus: Corpus) -> None:
    if not corpus.labels:
        raise TrainingError(
            f"{corpus.train[0].source or corpus.name}: no token of the training split is in an "
            "entity; choose the column of the tags with --tag-column"
        )
    for label in corpus.labels:
        if not label.isprintable():
            raise TrainingError(
                f"{corpus.name}: the type {label!r:.80} has characters that cannot be printed; "
                "correct it"
            )


def _log_oddities(corpus: Corpus) -> None:
    if not any(sentence.spans for sentence in corpus.valid):
        _log.warning(
            "%s: the validation split has no entity, so the best epoch cannot be told from others",
            corpus.name,
        )
    for note in overlaps(corpus):
        _log.warning("%s: %s", corpus.name, note)
    if windows := window_note((*corpus.valid, *corpus.test)):
        _log.info("%s", windows)
    for split in ("valid", "test"):
        gold = [sentence.spans for sentence in getattr(corpus, split)]
        if unseen := unknown_labels(gold, corpus.labels):
            _log.warning(
                "%s: types that the training split lacks count as missed in %s: %s",
                corpus.name, split, ", ".join(unseen),
            )  # fmt: skip
