"""A run: a classifier trained into a folder with the files of a tagger's run (`ner.training.run`).

The best epoch is that with the highest macro F1 on valid.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ner.bundle import MOST_OUTPUTS, save_bundle
from ner.config import SOFT_LABEL_SETTINGS, Config, DataConfig
from ner.corpus import Corpus
from ner.errors import ConfigError, TrainingError, shorten
from ner.evaluation import Scores, unknown_labels
from ner.extensions.classification.bundle import ClassifierBundle, load_classifier
from ner.extensions.classification.network import SequenceClassifier
from ner.extensions.classification.predict import LabelScores, evaluate_model, segments
from ner.extensions.classification.reading import label_of, labelled
from ner.features import (
    Example,
    FeatureTable,
    Indexer,
    Label,
    TrainingData,
    build_indexer,
    document_settings,
    unk_rates,
)
from ner.model import Inputs, Model, choose_device
from ner.run_folder import run_path
from ner.text import Sentence
from ner.training import (
    BaseTrainer,
    CorpusRun,
    Event,
    ExampleSet,
    Finished,
    IndexedSentence,
    PreparedCorpus,
    run_events,
    type_costs,
    vocabulary_checksum,
)

_log = logging.getLogger("ner")

# Settings that only concern tags of single tokens, or the text around them.
_OF_TAGGERS = (
    "model.scheme",
    "model.head",
    "model.context",
    *document_settings(),
    "resources.token_embedders",
    *SOFT_LABEL_SETTINGS,
    "predict.min_score",
    "predict.o_bias",
)


def check_settings(config: Config, given: Collection[str] = ()) -> None:
    """Refuse settings that a classifier would not heed. Raises `ConfigError`.

    Those in `given`, which somebody asked for, are refused even with their default.
    """
    default = Config()
    for key in _OF_TAGGERS:
        if key in given or config[key] != default[key]:
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
    if len(labels) > MOST_OUTPUTS:
        raise TrainingError(
            f"{corpus.name}: {len(labels):,} labels, of which there can be {MOST_OUTPUTS:,}; "
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


def prepare_texts(corpus: Corpus, data: DataConfig) -> PreparedCorpus:
    """Check texts with labels, and split those that are longer than what is read at once.

    Each segment has the label of its text. Raises `TrainingError` like `check_texts`.
    """
    check_texts(corpus)
    split = (
        labelled(replace(text, tokens=tuple(segment)), label_of(text))
        for text in corpus.train
        for segment in segments(text.tokens)
    )
    prepared = PreparedCorpus.of(corpus, split, data)
    if more := len(prepared.segments) - len(corpus.train):
        _log.warning("%s: long texts are learnt in pieces: %d more", corpus.train[0].source, more)
    return prepared


class ClassifierTrainer(BaseTrainer[SequenceClassifier]):
    """The trainer of a classifier, evaluated by macro F1 on valid."""

    def _evaluate(self) -> Scores:
        return evaluate_model(self.evaluated_model, self._valid)


def training_set(
    texts: Sequence[Sentence], indexer: Indexer, labels: Sequence[str], config: Config
) -> ExampleSet:
    """Index texts, or segments of them, and their labels."""
    table = FeatureTable(indexer)
    number = {label: i for i, label in enumerate(labels)}
    sentences = [
        IndexedSentence(
            text.tokens, Example(table.rows(text.tokens), Label(number[label_of(text)]))
        )
        for text in texts
    ]
    words, tokens = indexer.words, (token for text in texts for token in text.tokens)
    rates = unk_rates(words, tokens, config.train, words.has_vector)
    return ExampleSet(table, sentences, indexer, rates, config.train)


class ClassifierFinished(Finished):
    """The end of the training of a classifier."""

    def lines(self) -> Iterator[str]:
        """Report the scores on each split."""
        for split, scores in self.scores.items():
            assert isinstance(scores, LabelScores), "what classifiers are evaluated by"
            yield f"{split} scores of the best model (epoch {self.best_epoch}):\n"
            yield f"{scores.table()}\n"


class ClassifierRun(CorpusRun):
    """The training of a classifier."""

    folder = replace(CorpusRun.folder, kind=ClassifierBundle.KIND)
    trainer: ClassifierTrainer
    outcome = ClassifierFinished

    def __init__(
        self,
        corpus: PreparedCorpus,
        config: Config,
        out: Path,
        device: torch.device,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`progress` is called with the number of bytes of vectors files that have been read."""
        check_settings(config)
        if config.train.case_augmentation == "auto":  # measured for taggers only
            config = config.replace({"train.case_augmentation": 0.0})
        super().__init__(corpus, config, out)
        labels = self.corpus.labels
        torch.manual_seed(self.config.train.seed)
        indexer = build_indexer(TrainingData(self.corpus.train, (), self.config, progress))
        network = SequenceClassifier(self.config.model, len(labels), Inputs(indexer))
        model = Model(indexer.without_vectors(), labels, network.to(device))
        self._vocabulary = vocabulary_checksum(model, indexer.words.has_vector)
        examples = training_set(corpus.segments, indexer, labels, self.config)
        train = self.config.train
        costs = type_costs(train.type_weights, [f"I-{label}" for label in labels])
        self.trainer = ClassifierTrainer(model, examples, self.corpus.valid, train, costs)

    def _save_model(self, config: Config, about: Mapping[str, Any]) -> None:
        model, seen = self.trainer.evaluated_model, self.prepared.fingerprints
        save_bundle(ClassifierBundle(model, config, about, seen), self.out / "model")

    def _evaluate_best(self) -> Mapping[str, Scores]:
        best = load_classifier(self.out / "model", self.trainer.device)
        splits = (("valid", self.corpus.valid), ("test", self.corpus.test))
        scores = {split: evaluate_model(best.model, gold) for split, gold in splits if gold}
        about = {**best.about, "scores": {k: found.to_dict() for k, found in scores.items()}}
        save_bundle(replace(best, about=about), self.out / "model")
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
    out, settings, chosen = run_path(out), config or Config(), choose_device(device)

    def start() -> ClassifierRun:
        return ClassifierRun(prepare_texts(corpus, settings.data), settings, out, chosen, progress)

    yield from run_events(out, ClassifierRun, start, resume=resume, overwrite=overwrite)
