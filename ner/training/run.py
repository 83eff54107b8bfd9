"""A run: a model trained into a folder.

::

    config.toml      all settings, as resolved
    metrics.jsonl    one object an epoch
    model/           the bundle of the best epoch so far
    checkpoint/      what ``--resume`` needs
    first_pass.json  first-pass labels of the training split (only with document context)
    curves.svg       loss and validation scores
    log.txt          everything that was said
    result.json      the final scores; written last: a run that has it is finished
"""

import hashlib
import json
import logging
import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ner.bundle.discovery import FINISHED, find_bundle
from ner.bundle.format import Bundle, load_bundle, save_bundle
from ner.checkpoint import damaged, read_checkpoint, write_checkpoint
from ner.config import Config, keys, load_config
from ner.corpus import Corpus, TrainingFingerprints, overlaps
from ner.errors import NerError, TrainingError
from ner.evaluation import (
    Scores,
    check_labelled,
    draw_curves,
    evaluate_spans,
    unknown_labels,
)
from ner.features import FirstPass, registry
from ner.files import clear_leftovers
from ner.model import TokenEmbedder, token_embedders
from ner.model.device import threads
from ner.model.tagging import BaseModel
from ner.predict import predict_sentences, window_note
from ner.run_folder import RunFolder, log_file, write_file, write_records
from ner.tokenize import detect_style
from ner.training.build import build_model
from ner.training.embedding_cache import cache_embeddings
from ner.training.examples import (
    DistillationTargets,
    SoftLabelExample,
    split_long,
    type_costs,
)
from ner.training.jackknife import jackknife, load_first_pass
from ner.training.loop import BaseTrainer, Epoch, Step, Trainer

_log = logging.getLogger("ner")

FIRST_PASS = "first_pass.json"
CONTENTS = (
    "config.toml",
    "metrics.jsonl",
    "model",
    "checkpoint",
    FIRST_PASS,
    "curves.svg",
    "log.txt",
    FINISHED,
)
_FOLDER = RunFolder(CONTENTS, ("metrics.jsonl", FINISHED))
check_folder, clear_folder = _FOLDER.check, _FOLDER.clear


@dataclass(frozen=True)
class Finished:
    """A run has come to its end."""

    out: Path
    epochs: int
    best_epoch: int
    seconds: float
    scores: Mapping[str, Scores]  # by split: of the best epoch's model

    def to_dict(self) -> dict[str, Any]:
        """What ``result.json`` holds."""
        return {
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 1),
            "scores": {split: report.to_dict() for split, report in self.scores.items()},
        }


Event = Step | Epoch | Finished


def has_begun(out: Path) -> bool:
    """Whether a run in this folder has come as far as something to go on from."""
    return any((out / name).exists() for name in ("model", "checkpoint"))


def check_corpus(corpus: Corpus) -> None:
    """Refuse a corpus that nothing can be learnt from. Raises `TrainingError`."""
    if not corpus.train:
        raise TrainingError(f"{corpus.name}: has no training split; add a file train.txt")
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
    check_labelled(corpus.valid)
    check_labelled(corpus.test)
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


EPOCHS = 20
MOST_EPOCHS = 160
LEAST_STEPS = 4000

# What stands in a configuration for a number that the corpus decides; for words it is `auto`.
OPEN: Mapping[str, float] = {"train.adversarial": -1, "train.epochs": 0, "train.patience": 0}

# Settings that do not matter to what comes of a run.
_FREE = {"train.checkpoint_minutes", "train.log_gradients"}
# Settings that only concern models that are taught.
_OF_TEACHING = {
    "train.distill_weight",
    "train.unlabelled_sentences",
    "train.unlabelled_confidence",
}


def different_settings(before: Config, now: Config, *, taught: bool = False) -> list[str]:
    """The keys of settings in which two resolved configurations make different models.

    Some of them concern only models that are `taught`.
    """
    free = _FREE if taught else _FREE | _OF_TEACHING
    return [key for key in keys() if before[key] != now[key] and key not in free]


class BaseRun(ABC):
    """One training run in one folder; `events` does the work.

    What is trained, and how it is kept and judged, a subclass says.
    """

    _trainer: BaseTrainer[Any]
    _vocabulary: str  # a checksum of what is known of words
    _taught = False

    def __init__(self, corpus: Corpus, config: Config, out: Path) -> None:
        self.corpus = corpus
        self.config = resolve(config, corpus)
        self.out = out
        self._checksums = corpus.checksums()
        self._seen = TrainingFingerprints.of(corpus.train)
        self._seconds = 0.0
        self._saved = -math.inf
        self._resumed = False
        self._history: list[dict[str, Any]] = []

    def resume(self) -> None:
        """Go back to the last checkpoint.

        A run that was stopped before its first one begins anew. Raises
        `TrainingError` if it is of another run, damaged or not there, and
        `UsageError` if the best model is not there any more.
        """
        if (self.out / "metrics.jsonl").exists() and not has_begun(self.out):
            return
        place = self.out / "checkpoint"
        tensors, state = read_checkpoint(place)
        try:
            if other := self._differences(state):
                raise TrainingError(
                    f"{self.out}: was started with other settings ({', '.join(other)}); resume "
                    f"with the same (--config {self.out / 'config.toml'}), or start anew elsewhere"
                )
            self._trainer.restore(tensors, state["trainer"])
            self._history = [dict(record) for record in state["history"]]
            for record in self._history:
                record["epoch"], record["best"]
            self._seconds = float(state["seconds"])
        except NerError:
            raise
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise damaged(place, error) from None
        self._resumed = True
        if self._history:
            find_bundle(self.out / "model")

    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        """What is not as it was when a checkpoint was written."""
        before = load_config(self.out / "config.toml")
        other = different_settings(before, self.config, taught=self._taught)
        if state["checksums"] != self._checksums:
            other.append("the corpus")
        elif not other and state["vocabulary"] != self._vocabulary:
            known = "vectors, clusters or word lists"
            if self.config.resources.token_embedders:
                known = "vectors, clusters, word lists or language models"
            other.append(f"the content of files of {known}")
        device = self._trainer.device.type
        if (begun := state.get("device", device)) != device:
            other.append(f"--device {begun!s:.20}")
        theirs, ours = state.get("teaching", {}), self._sources()
        names = dict.fromkeys([*theirs, *ours])
        return other + [name for name in names if theirs.get(name) != ours.get(name)]

    def _sources(self) -> dict[str, str]:
        """What else tells this run from others."""
        return {}

    def events(self) -> Iterator[Event]:
        """Train; yields each step, each epoch, and at last what came of it.

        Everything is on disk before an `Epoch` is yielded. No other process may
        write into the folder meanwhile.
        """
        clear_leftovers(self.out, CONTENTS)
        self._write_metrics()  # first: it marks the folder as one of a run
        write_file(self.out / "config.toml", self.config.to_toml())
        with log_file(self.out / "log.txt"), threads(self.config.train.threads):
            started = time.perf_counter() - self._seconds
            self._prepare()
            if not self._resumed:
                self._checkpoint()
            for event in self._trainer.run():
                self._seconds = time.perf_counter() - started
                if isinstance(event, Epoch):
                    self._keep(event)
                elif time.monotonic() >= self._saved + 60 * self.config.train.checkpoint_minutes:
                    self._checkpoint()
                yield event
            yield self._finish()

    def _prepare(self) -> None:  # noqa: B027 (most have nothing to do)
        """What takes a while, and is to be logged, before the first step."""

    def _keep(self, epoch: Epoch) -> None:
        """Put an epoch on disk: its model if it is the best, its record, a checkpoint."""
        record = epoch.to_dict()
        self._history.append(record)
        if epoch.best:
            self._save({"valid": epoch.valid})
        self._checkpoint()
        self._write_metrics()  # last: an epoch that is listed can be gone on from
        figures = epoch.valid.figures().items()
        valid = ", ".join(f"{name.replace('f1', 'F1')} {100 * x:.2f}" for name, x in figures)
        best = " (best)" if epoch.best else ""
        _log.info("epoch %d: loss %.4f, valid %s%s", epoch.number, epoch.loss, valid, best)

    def _checkpoint(self) -> None:
        """Put on disk what going on from here needs."""
        tensors, plain = self._trainer.state()
        state = {
            "trainer": plain,
            "history": self._history,
            "seconds": self._seconds,
            "checksums": self._checksums,
            "vocabulary": self._vocabulary,
            "teaching": self._sources(),
            "device": self._trainer.device.type,
        }
        write_checkpoint(self.out / "checkpoint", tensors, state)
        self._saved = time.monotonic()

    def _write_metrics(self) -> None:
        write_records(self.out / "metrics.jsonl", self._history)

    def _save(self, scores: Mapping[str, Scores]) -> None:
        about = {
            "corpus": self.corpus.name,
            "notes": [self._without_folders(note) for note in self._notes()],
            "resources": _resource_names(self.config),
            "checksums": self._checksums,
            "scores": {split: report.to_dict() for split, report in scores.items()},
        }
        self._save_model(self.config, about)

    def _notes(self) -> Sequence[str]:
        """Lines for the model's card."""
        return self.corpus.notes

    @abstractmethod
    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        """Write the model as it is now, as the best one."""

    def _without_folders(self, note: str) -> str:
        """A note that names files only: a model is shared, the folders of its maker are not."""
        sentences = [s for split in self.corpus.splits().values() for s in split[:1]]
        folders = {str(Path(sentence.source).parent) + os.sep for sentence in sentences}
        for folder in sorted(folders, key=len, reverse=True):
            note = note.replace(folder, "")
        return note

    def _finish(self) -> Finished:
        """Judge the best model once more, on test too, and close the run."""
        scores = self._judge_best()
        draw_curves(self._history, self.out / "curves.svg")
        best_epoch = max(self._history, key=lambda record: (record["best"], record["epoch"]))
        finished = Finished(
            self.out, len(self._history), best_epoch["epoch"], self._seconds, scores
        )
        write_file(self.out / FINISHED, json.dumps(finished.to_dict(), indent=2) + "\n")
        return finished

    @abstractmethod
    def _judge_best(self) -> Mapping[str, Scores]:
        """The scores of the best model by split; they go into its card."""


class Run(BaseRun):
    """The training of a tagger.

    With a `teaching`, the model learns from that and not from the labels of the
    corpus, which still make its vocabulary and judge it.
    """

    def __init__(
        self,
        corpus: Corpus,
        config: Config,
        out: Path,
        device: torch.device,
        progress: Callable[[int], None] = lambda _: None,
        teaching: DistillationTargets | None = None,
    ) -> None:
        check_corpus(corpus)
        super().__init__(corpus, config, out)
        self._teaching = teaching
        self._taught = teaching is not None
        soft_labels = teaching.examples if teaching else ()
        self._contextual = _embed_once(corpus, soft_labels, self.config)
        start = build_model(corpus.train, self.config, device, progress, self._contextual)
        self._vocabulary = vocabulary_checksum(start.model, start.has_vector)
        self._training_set = start.training_set(corpus.train, self.config, soft_labels)
        self._trainer = Trainer(
            start.model,
            self._training_set,
            corpus.valid,
            self.config.train,
            type_costs(self.config.train.type_weights, start.model.tags),
        )

    def _sources(self) -> dict[str, str]:
        return dict(self._teaching.sources) if self._teaching else {}

    def _prepare(self) -> None:
        if self.config.model.context == "document":
            self._training_set.add_second_pass(self.corpus.train, self._first_pass())

    def _first_pass(self) -> list[FirstPass]:
        """First-pass labels of the training split; found once, and then on disk."""
        place = self.out / FIRST_PASS
        if self._resumed:
            try:
                return load_first_pass(place, self.corpus.train)
            except (OSError, ValueError) as error:
                raise damaged(place, error) from None
        device = self._trainer.judged.device
        labels = jackknife(self.corpus.train, self.config, device, self._contextual)
        write_file(place, json.dumps(labels) + "\n")
        return labels

    def _notes(self) -> Sequence[str]:
        return [*self.corpus.notes, *(self._teaching.notes if self._teaching else ())]

    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        save_bundle(Bundle(self._trainer.judged, config, about, self._seen), self.out / "model")

    def _judge_best(self) -> Mapping[str, Scores]:
        """By seqeval."""
        best = load_bundle(self.out / "model", self._trainer.judged.device)
        # The language models in the bundle say the same, and take a while.
        model = replace(best.model, contextual=self._contextual)
        scores = {
            split: evaluate_spans(gold, predict_sentences(model, gold))
            for split, gold in (("valid", self.corpus.valid), ("test", self.corpus.test))
            if gold
        }
        about = {**best.about, "scores": {k: report.to_dict() for k, report in scores.items()}}
        save_bundle(replace(best, about=about), self.out / "model")
        return scores


def _embed_once(
    corpus: Corpus, soft_labels: Sequence[SoftLabelExample], config: Config
) -> TokenEmbedder | None:
    """The token embedder, if there is one, with all that a run reads again and again at hand."""
    embedder = token_embedders.load_embedder(config)
    if embedder is None:
        return None
    embedder.check_tokens(token for sentence in corpus.train for token in sentence.tokens)
    judged = [sentence.tokens for sentence in (*corpus.valid, *corpus.test)]
    learnt = [piece.tokens for piece in soft_labels or split_long(corpus.train)]
    return cache_embeddings(embedder, [*learnt, *judged])


def resolve(config: Config, corpus: Corpus) -> Config:
    """The configuration with everything filled in that `auto` leaves to the corpus."""
    style = config.data.tokenizer
    if style == "auto":
        style = detect_style(token for sentence in corpus.train for token in sentence.tokens)
    # One character alone says little of what it is part of, and has no characters to look at.
    single = style == "characters"
    epochs = config.train.epochs or _enough_epochs(len(corpus.train), config.train.batch_sentences)
    filled = {
        "data.tokenizer": style,
        "model.chars": "none" if single else "cnn",
        "model.bigrams": "yes" if single else "no",
        "train.adversarial": 0.03 if single else 0.0,
        "train.epochs": epochs,
        "train.patience": math.ceil(0.4 * epochs),
    }
    open_values = {**dict.fromkeys(filled, "auto"), **OPEN}
    return config.replace({k: v for k, v in filled.items() if config[k] == open_values[k]})


def _enough_epochs(sentences: int, batch: int) -> int:
    """How often to read a training split: small ones until enough steps have been taken."""
    steps = max(1, math.ceil(sentences / batch))
    return min(max(EPOCHS, math.ceil(LEAST_STEPS / steps)), MOST_EPOCHS)


def _resource_names(config: Config) -> dict[str, list[str]]:
    """Names of the files that a model has learnt from; where they lie concerns nobody else."""
    resources = config.resources
    return registry.resource_names(resources) | token_embedders.resource_names(resources)


def vocabulary_checksum(model: BaseModel, has_vector: Collection[str]) -> str:
    """A checksum of what is known of words; it tells one vectors file from another."""
    known: list[Any] = [sorted(has_vector), *(part.files() for part in model.indexer.features)]
    if model.contextual is not None:
        known.append(model.contextual.checksum())
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
