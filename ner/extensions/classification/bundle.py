"""A classifier on disk: a folder like that of a tagger (`ner.bundle`), with labels for tags.

::

    config.json      "kind": "sequence classifier", format number, settings, what is known
    labels.json      the labels, in the order of the scores
    words.json, characters.json, …, weights.safetensors, checksums.json, README.md   as in a tagger
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ner.bundle import (
    MOST_OUTPUTS,
    BaseBundle,
    Bundle,
    Card,
    find_model,
    on_device,
    read_head,
    read_parts,
)
from ner.extensions.classification import TRAIN
from ner.runtime import AnyModel, StoredModel
from ner.stored import damaged, open_model

if TYPE_CHECKING:  # a classifier that is only used needs no torch
    import torch

    from ner.extensions.classification.network import SequenceClassifier

LABELS = "labels.json"


class ClassifierBundle(BaseBundle):
    """A classifier on disk."""

    KIND = "sequence classifier"
    MADE_BY = "ner classify train"
    OUTPUTS = "labels"
    FILES = Bundle.FILES - {"tags.json"} | {LABELS}
    FORMATS = range(1, 4)
    CARD = Card(__package__, ("accuracy", "f1"), "texts")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the scores."""
        return self.model.outputs


def load_classifier(path: str | Path, device: "str | torch.device" = "cpu") -> ClassifierBundle:
    """Read a classifier from its folder, or from the run folder around it.

    Raises `UsageError` where there is none, `BundleError` for one that is damaged or newer.
    """
    folder = find_model(path, TRAIN)
    with open_model(folder) as files:
        config, about = read_head(files, ClassifierBundle)
        for split, scores in about.get("scores", {}).items():
            if type(scores.get("accuracy")) is not float:
                raise damaged(folder / "config.json", f"no accuracy for {split[:80]!r}")
        labels = files.strings(LABELS)
        if not 2 <= len(labels) <= MOST_OUTPUTS or not all(map(str.isprintable, labels)):
            raise damaged(folder / LABELS, "no set of labels")
        parts = read_parts(files, config.model, len(labels), ClassifierBundle)
    stored = StoredModel(
        parts.indexer,
        tuple(labels),
        config.model,
        parts.weights,
        classifier_network,
        parts.contextual,
    )
    return ClassifierBundle(on_device(stored, device), config, about, parts.seen)


def classifier_network(model: AnyModel) -> "SequenceClassifier":
    """The network of a classifier, in torch."""
    from ner.extensions.classification.network import SequenceClassifier
    from ner.model import restored

    return restored(
        lambda inputs: SequenceClassifier(model.config, len(model.outputs), inputs),
        model.indexer,
        model.contextual,
        model.weights,
    )
