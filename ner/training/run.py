"""A run: a model trained into a folder.

::

    config.toml      all settings, as resolved
    metrics.jsonl    one object an epoch
    model/           the bundle of the best epoch so far
    checkpoint/      what ``--resume`` needs
    contexts.json    contexts of the training split (only with document context)
    curves.svg       loss and validation scores
    log.txt          the log
    result.json      the final scores; written last: a run that has it is finished
"""

import json
import logging
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch

from ner.bundle import Bundle, load_bundle, resource_names, save_bundle
from ner.checkpoint import damaged
from ner.config import Config, chosen
from ner.evaluation import (
    Report,
    Scores,
    draw_curves,
    evaluate_spans,
    format_f1,
    format_report,
    score_sentences,
)
from ner.features import Context
from ner.model import TokenEmbedder
from ner.predict import predict, predict_sentences, profile_of, with_spans
from ner.run_folder import DEFAULT_KIND, FINISHED, RunFolder, duration, find_bundle, write_file
from ner.text import Sentence, by_corpus
from ner.training.base import BaseRun
from ner.training.build import build_model, open_embedder, vocabulary_checksum
from ner.training.embedding_cache import cache_embeddings
from ner.training.examples import SoftLabelExample, SoftLabels, type_costs
from ner.training.jackknife import jackknife, load_contexts
from ner.training.loop import BaseTrainer, Epoch, Step, Trainer
from ner.training.precision import measure_precision
from ner.training.preparation import PreparedCorpus, different_settings, rate_note, resolve
from ner.training.start import StartModel

_log = logging.getLogger("ner")

CONTEXTS = "contexts.json"
CONTENTS = (
    "config.toml",
    "metrics.jsonl",
    "model",
    "checkpoint",
    CONTEXTS,
    "curves.svg",
    "log.txt",
    FINISHED,
)


@dataclass(frozen=True)
class Finished:
    """The end of a run."""

    out: Path
    epochs: int
    best_epoch: int
    seconds: float
    scores: Mapping[str, Scores]  # by split: of the best epoch's model

    def to_dict(self) -> dict[str, Any]:
        """Give the content of ``result.json``."""
        return {
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 1),
            "scores": {split: report.to_dict() for split, report in self.scores.items()},
        }

    def lines(self) -> Iterator[str]:
        """Report the scores of a tagger."""
        split = "test" if "test" in self.scores else "valid"
        yield f"{split} scores of the best model (epoch {self.best_epoch}):\n"
        report = self.scores[split]
        assert isinstance(report, Report), "what taggers are evaluated by"
        yield format_report(report)
        for name, scores in self.scores.items():
            yield f"{name} F1 {format_f1(scores)}"


Event = Step | Epoch | Finished


class CorpusRun(BaseRun):
    """A run over a labelled corpus, epoch by epoch: of a tagger or of a classifier."""

    folder = RunFolder(DEFAULT_KIND, CONTENTS, ("metrics.jsonl", FINISHED))
    outcome: ClassVar[type[Finished]] = Finished
    record_keys: ClassVar = ("epoch", "best")
    config: Config
    trainer: BaseTrainer[Any]
    _vocabulary: str  # see `vocabulary_checksum`

    def __init__(self, corpus: PreparedCorpus, config: Config, out: Path) -> None:
        super().__init__(resolve(config, corpus), out)
        self._rate_note = rate_note(config.train, self.config.train)
        self.prepared = corpus
        self.corpus = corpus.corpus

    def _prepare(self) -> None:
        if self._rate_note and self._processes.leads:
            _log.info("%s", self._rate_note)

    def _identity(self) -> dict[str, Any]:
        return {
            "checksums": self.prepared.checksums,
            "vocabulary": self._vocabulary,
            "teaching": self._sources(),
            "device": self.trainer.device.type,
            "precision": self._precision,
        }

    @property
    def _precision(self) -> str:
        """The numbers in the products of LSTMs; which processor there is decides, too."""
        return "bfloat16" if self.trainer.bfloat16 else "float32"

    def _sources(self) -> Mapping[str, str]:
        """Tell this run from others by where its targets come from."""
        return {}

    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        before = Config.load(self.out / "config.toml")
        other = different_settings(before, self.config, soft_labels=bool(self._sources()))
        if state["checksums"] != self.prepared.checksums:
            other.append("the corpus")
        elif not other and state["vocabulary"] != self._vocabulary:
            known = "vectors, clusters or word lists"
            if self.config.resources.token_embedders:
                known = "vectors, clusters, word lists or language models"
            other.append(f"the content of files of {known}")
        device = self.trainer.device.type
        if (begun := state.get("device", device)) != device:
            other.append(f"--device {begun!s:.20}")
        elif not other and state["precision"] != self._precision:
            other.append("products in bfloat16, which only one of the two processors has")
        theirs, ours = state.get("teaching", {}), self._sources()
        names = dict.fromkeys([*theirs, *ours])
        return other + [name for name in names if theirs.get(name) != ours.get(name)]

    def _check_best(self) -> None:
        find_bundle(self.out / "model")

    def _save(self, milestone: Epoch) -> None:
        about = {
            "corpus": self.corpus.name,
            "notes": [self._without_folders(note) for note in self._notes()],
            "resources": resource_names(self.config.resources),
            "checksums": self.prepared.checksums,
            "scores": {"valid": milestone.valid.to_dict()},
        }
        self._save_model(self.config, about)

    def _line(self, milestone: Epoch) -> str:
        figures = milestone.valid.figures().items()
        named = ((name.replace("f1_", "F1 of ").replace("f1", "F1"), x) for name, x in figures)
        valid = ", ".join(f"{name} {100 * x:.2f}" for name, x in named)
        best = " (best)" if milestone.best else ""
        epochs = chosen(self.config.train.epochs)
        return (
            f"epoch {milestone.number}/{epochs}: loss {milestone.loss:.4f}, valid {valid}{best}; "
            f"{duration(milestone.seconds)}, at most {duration(self._left(epochs))} left"
        )

    def _left(self, epochs: int) -> float:
        """The seconds that the other epochs take at the mean pace so far, stopped early or not."""
        seconds = [float(record.get("seconds", 0.0)) for record in self._history]
        return sum(seconds) / len(seconds) * max(0, epochs - len(seconds))

    def _notes(self) -> Sequence[str]:
        """Collect lines for the model's card."""
        return self.corpus.notes

    @abstractmethod
    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        """Write the evaluated model as the best one."""

    def _without_folders(self, note: str) -> str:
        """Leave only names of files in a note: a model is shared, its maker's folders are not."""
        parts = (by_corpus(split).values() for split in self.corpus.splits().values())
        sentences = [part[0] for split in parts for part in split]
        folders = {str(Path(sentence.source).parent) + os.sep for sentence in sentences}
        for folder in sorted(folders, key=len, reverse=True):
            note = note.replace(folder, "")
        return note

    def _finish(self) -> Finished:
        """Evaluate the best model once more, on test too."""
        scores = self._evaluate_best()
        draw_curves(self._history, self.out / "curves.svg")
        best = max(self._history, key=lambda record: (record["best"], record["epoch"]))
        return self.outcome(self.out, len(self._history), best["epoch"], self._seconds, scores)

    @abstractmethod
    def _evaluate_best(self) -> Mapping[str, Scores]:
        """Score the best model by split, and put the scores into its card."""


class Run(CorpusRun):
    """The training of a tagger.

    With `soft_labels`, the model learns from these instead of the labels of the corpus, which still
    make its vocabulary and evaluate it.
    """

    def __init__(
        self,
        corpus: PreparedCorpus,
        config: Config,
        out: Path,
        device: torch.device,
        progress: Callable[[int], None] = lambda _: None,
        soft_labels: SoftLabels | None = None,
        start: StartModel | None = None,
    ) -> None:
        super().__init__(corpus, start.settings(config) if start else config, out)
        self._soft_labels = soft_labels or SoftLabels()
        self._start = start
        self._contextual = self._processes.in_turn(
            lambda: _embed_once(
                corpus, self._soft_labels.examples, open_embedder(self.config, start)
            )
        )
        untrained = build_model(
            self.corpus.train,
            self.config,
            device,
            progress,
            self._contextual,
            corpus.read_vectors,
            start,
            self.corpus.layers,
        )
        self._vocabulary = vocabulary_checksum(untrained.model, untrained.has_vector)
        self._indexer = untrained.model.indexer
        self._training_set = untrained.training_set(
            corpus.segments, self.config, self._soft_labels.examples
        )
        self.trainer = Trainer(
            untrained.model,
            self._training_set,
            self.corpus.valid,
            self.config.train,
            type_costs(self.config.train.type_weights, untrained.model.outputs),
        )

    def _sources(self) -> Mapping[str, str]:
        return {**self._soft_labels.sources, **(self._start.sources() if self._start else {})}

    def _prepare(self) -> None:
        super()._prepare()
        if self._start is not None and self._processes.leads and not self._resumed:
            self._start.report(self.corpus.labels)
            found = predict_sentences(self.trainer.evaluated_model, self.corpus.valid)
            before = format_f1(score_sentences(self.corpus.valid, found))
            _log.info("before the first step: valid F1 %s", before)
        if self._indexer.context_columns:
            contexts = self._processes.first(self._contexts)
            self._training_set.add_contexts(self.prepared.segments, contexts)

    def _contexts(self) -> list[Context]:
        """Contexts of the training split by jackknifing; found once, and then on disk."""
        path, segments, indexer = self.out / CONTEXTS, self.prepared.segments, self._indexer
        if self._resumed:
            try:
                return load_contexts(path, segments, indexer.context_columns)
            except (OSError, ValueError) as error:
                raise damaged(path, error) from None
        label = partial(
            predict_held_out,
            config=fold_config(self.config),
            device=self.trainer.device,
            contextual=self._contextual,
            start=self._start,
        )
        found = jackknife(segments, indexer, label)
        write_file(path, json.dumps(found) + "\n")
        return found

    def _notes(self) -> Sequence[str]:
        start = [self._start.note(self.corpus.labels)] if self._start else []
        return [*self.corpus.notes, *self._soft_labels.notes, *start]

    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        model, seen = self.trainer.evaluated_model, self.prepared.fingerprints
        if self._start is not None:
            about = {**about, "resources": self._start.resources(about["resources"])}
            seen = seen.joined(self._start.bundle.seen)
        save_bundle(Bundle(model, config, about, seen), self.out / "model")

    def _evaluate_best(self) -> Mapping[str, Scores]:
        """Choose the precision on valid, and score as those will who use the model."""
        best = load_bundle(self.out / "model")
        # The language models in the bundle give the same, and take a while.
        model = replace(best.model, contextual=self._contextual)
        measured, found = measure_precision(model, self.corpus.valid)
        scores = {"valid": evaluate_spans(self.corpus.valid, found)}
        model = replace(model, int8=measured["chosen"] == "int8")
        if test := self.corpus.test:
            scores["test"] = evaluate_spans(test, predict_sentences(model, test))
        about = {
            **best.about,
            "scores": {split: report.to_dict() for split, report in scores.items()},
            "precision": measured,
        }
        if profile := profile_of(model, self.corpus.valid, best.config.predict):
            about["profile"] = asdict(profile)
        save_bundle(replace(best, about=about), self.out / "model")
        return scores


def fold_config(config: Config) -> Config:
    """The settings of models of folds: whole corpora, single sentences, fewer epochs, all read."""
    epochs = max(1, chosen(config.train.epochs) // 3)
    return config.replace(
        {
            "model.context": "sentence",
            "train.epochs": epochs,
            "train.patience": epochs,
            "train.shares": "",
        }
    )


def predict_held_out(
    train: Sequence[Sentence],
    held_out: Sequence[Sentence],
    config: Config,
    device: torch.device,
    contextual: TokenEmbedder | None,
    start: StartModel | None = None,
) -> list[Sentence]:
    """The held-out sentences with the spans that a model of the others finds in them at once."""
    untrained = build_model(train, config, device, contextual=contextual, start=start)
    training_set = untrained.training_set(train, config)
    trainer = Trainer(untrained.model, training_set, (), config.train)
    for _ in trainer.run():
        pass
    tokens = [sentence.tokens for sentence in held_out]
    return with_spans(held_out, predict(trainer.evaluated_model, tokens, with_scores=False))


def _embed_once(
    corpus: PreparedCorpus,
    soft_labels: Sequence[SoftLabelExample],
    embedder: TokenEmbedder | None,
) -> TokenEmbedder | None:
    """Cache all that a run reads repeatedly of its token embedder, if there is one."""
    if embedder is None:
        return None
    splits = corpus.corpus
    embedder.check_tokens(token for sentence in splits.train for token in sentence.tokens)
    evaluated = [sentence.tokens for sentence in (*splits.valid, *splits.test)]
    learnt = [example.tokens for example in soft_labels or corpus.segments]
    return cache_embeddings(embedder, [*learnt, *evaluated])
