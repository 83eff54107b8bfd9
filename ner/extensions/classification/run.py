"""A run: a classifier trained into a folder with the files of a tagger's run (`ner.training.run`).

The best epoch is that with the highest macro F1 on valid.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ner.config import Config
from ner.corpus import Corpus
from ner.corpus.diagnostics import shorten
from ner.errors import ConfigError, TrainingError, UsageError
from ner.evaluation import Scores, unknown_labels
from ner.extensions.classification.bundle import (
    MOST_LABELS,
    ClassifierBundle,
    load_classifier,
    save_classifier,
)
from ner.extensions.classification.network import ClassifierModel, SequenceClassifier
from ner.extensions.classification.predict import judge, pieces
from ner.extensions.classification.reading import label_of
from ner.features import Example, FeatureTable, Indexer, Label, TrainingData, build_indexer
from ner.features.words import unk_rates
from ner.files import exclusive_lock
from ner.model import Inputs
from ner.model.device import choose_device
from ner.text import Sentence
from ner.training.examples import ExampleSet, type_costs
from ner.training.loop import BaseTrainer
from ner.training.run import BaseRun, Event, check_folder, clear_folder, vocabulary_checksum

_log = logging.getLogger("ner")

# Settings that only concern what is told of single tokens, or of text around them.
_OF_TAGGERS = (
    "model.scheme",
    "model.head",
    "model.context",
    "model.first_pass_dim",
    "resources.token_embedders",
    "train.distill_weight",
    "train.unlabelled_sentences",
    "train.unlabelled_confidence",
    "predict.min_score",
    "predict.o_bias",
)


def check_settings(config: Config) -> None:
    """Refuse settings that a classifier would not heed. Raises `ConfigError`."""
    default = Config()
    for key in _OF_TAGGERS:
        if config[key] != default[key]:
            raise ConfigError(f"setting {key} is for taggers; leave it out for a classifier")


def check_texts(corpus: Corpus) -> None:
    """Refuse texts that nothing can be learnt from. Raises `TrainingError`."""
    labels = corpus.labels
    if not corpus.train:
        raise TrainingError(f"{corpus.name}: has no training split; add a file train.txt")
    if not corpus.valid:
        raise TrainingError(
            f"{corpus.name}: {len(corpus.train)} text(s) are too few to set some apart as valid; "
            "add texts, or name a file with --valid"
        )
    if len(labels) < 2:
        raise TrainingError(
            f"{corpus.name}: all {len(corpus.train)} texts to learn from have the label "
            f"{shorten(labels[0])}; a classifier needs two labels or more"
        )
    if len(labels) > MOST_LABELS:
        raise TrainingError(
            f"{corpus.name}: {len(labels):,} labels, of which there can be {MOST_LABELS:,}; "
            "a line is a text, a tab and its label, in this order"
        )
    for split in ("valid", "test"):
        gold = [sentence.spans for sentence in corpus.splits()[split]]
        if unseen := unknown_labels(gold, labels):
            shown = ", ".join(unseen[:20])
            _log.warning(
                "%s: labels that are not in train count as missed in %s: %s",
                corpus.name, split, shown,
            )  # fmt: skip


class ClassifierTrainer(BaseTrainer[ClassifierModel]):
    """Trains a classifier, and judges it by macro F1 on valid."""

    def __init__(
        self,
        model: ClassifierModel,
        training_set: ExampleSet,
        valid: Sequence[Sentence],
        config: Config,
    ) -> None:
        tags = [f"I-{label}" for label in model.labels]
        costs = type_costs(config.train.type_weights, tags)
        super().__init__(model, training_set, config.train, costs)
        self._valid = valid

    def _judge(self) -> Scores:
        return judge(self.judged, self._valid)


def training_set(
    sentences: Sequence[Sentence], indexer: Indexer, labels: Sequence[str], config: Config
) -> ExampleSet:
    """Texts as numbers; of a text longer than what is read at once, each piece has its label."""
    table = FeatureTable(indexer)
    number = {label: i for i, label in enumerate(labels)}
    examples = [
        Example(table.rows(piece), Label(number[label_of(sentence)]))
        for sentence in sentences
        for piece in pieces(sentence.tokens)
    ]
    if cut := len(examples) - len(sentences):
        _log.warning("%s: long texts are learnt in pieces: %d more", sentences[0].source, cut)
    words, tokens = indexer.words, (token for sentence in sentences for token in sentence.tokens)
    rates = unk_rates(words, tokens, config.train, words.has_vector)
    return ExampleSet(table, examples, indexer, rates, config.train)


class ClassifierRun(BaseRun):
    """The training of a classifier."""

    _trainer: ClassifierTrainer

    def __init__(
        self,
        corpus: Corpus,
        config: Config,
        out: Path,
        device: torch.device,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`progress` hears how many bytes of the vectors files have been read."""
        check_settings(config)
        check_texts(corpus)
        super().__init__(corpus, config, out)
        torch.manual_seed(self.config.train.seed)
        indexer = build_indexer(TrainingData(corpus.train, (), self.config, progress))
        network = SequenceClassifier(self.config.model, len(corpus.labels), Inputs(indexer))
        model = ClassifierModel(indexer.without_vectors(), corpus.labels, network.to(device))
        self._vocabulary = vocabulary_checksum(model, indexer.words.has_vector)
        examples = training_set(corpus.train, indexer, corpus.labels, self.config)
        self._trainer = ClassifierTrainer(model, examples, corpus.valid, self.config)

    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        bundle = ClassifierBundle(self._trainer.judged, config, about, self._seen)
        save_classifier(bundle, self.out / "model")

    def _judge_best(self) -> Mapping[str, Scores]:
        best = load_classifier(self.out / "model", self._trainer.judged.device)
        splits = (("valid", self.corpus.valid), ("test", self.corpus.test))
        scores = {split: judge(best.model, gold) for split, gold in splits if gold}
        about = {**best.about, "scores": {k: found.to_dict() for k, found in scores.items()}}
        save_classifier(replace(best, about=about), self.out / "model")
        return scores


def train_events(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Event]:
    """Train a classifier into a run folder; to be run to its end.

    Sentences of the corpus have one span each, which covers them and bears
    their label. Raises `NerError` for a corpus, setting or folder that will not do.
    """
    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite replaces it; choose one")
    out = Path(out)
    with exclusive_lock(out):
        if not resume:
            check_folder(out, overwrite=overwrite)
        run = ClassifierRun(corpus, config or Config(), out, choose_device(device), progress)
        if resume:
            run.resume()
        else:
            clear_folder(out)  # only now: whatever is wrong with the new run has been said
        yield from run.events()
