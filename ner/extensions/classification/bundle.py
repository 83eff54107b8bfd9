"""A classifier on disk: a folder like that of a tagger (`ner.bundle`), with labels for tags.

::

    config.json      "kind": "sequence classifier", format number, settings, what is known
    labels.json      the labels, in the order of the scores
    words.json, characters.json, …, weights.safetensors, checksums.json, README.md   as in a tagger
"""

import functools
from pathlib import Path

import torch

from ner.bundle import (
    FILES,
    MOST_OUTPUTS,
    BaseBundle,
    ModelKind,
    find_bundle,
    read_head,
    read_network,
    read_parts,
)
from ner.extensions.classification.network import ClassifierModel, SequenceClassifier
from ner.stored import damaged, open_model

FORMAT = 2
LABELS = "labels.json"
CLASSIFIER = ModelKind(
    "sequence classifier",
    "ner classify train",
    "labels",
    FILES - {"tags.json"} | {LABELS},
    oldest=1,
    newest=FORMAT,
    renamed=2,
    package=__package__,
    figures=("accuracy", "f1"),
    corpus="texts",
)


class ClassifierBundle(BaseBundle[ClassifierModel]):
    """A classifier on disk."""

    KIND = CLASSIFIER

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the scores."""
        return self.model.labels


def load_classifier(path: str | Path, device: str | torch.device = "cpu") -> ClassifierBundle:
    """Read a classifier from its folder, or from the run folder around it.

    Raises `UsageError` where there is none, and `BundleError` for one that is
    incomplete, damaged or written by a newer version.
    """
    folder = find_bundle(path, "ner classify train --train FILE --out DIR")
    with open_model(folder) as files:
        config, about = read_head(files, CLASSIFIER)
        for split, scores in about.get("scores", {}).items():
            if type(scores.get("accuracy")) is not float:
                raise damaged(folder / "config.json", f"no accuracy for {split[:80]!r}")
        labels = files.strings(LABELS)
        if not 2 <= len(labels) <= MOST_OUTPUTS or not all(map(str.isprintable, labels)):
            raise damaged(folder / LABELS, "no set of labels")
        parts = read_parts(files, config.model)
        build = functools.partial(SequenceClassifier, config.model, len(labels), parts.inputs)
        network = read_network(files, build, config.model, parts.indexer, len(labels), "labels")
    model = ClassifierModel(parts.indexer, tuple(labels), network.to(device), parts.contextual)
    return ClassifierBundle(model, config, about, parts.seen)
