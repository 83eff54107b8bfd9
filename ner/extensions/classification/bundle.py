"""A classifier on disk: a folder like that of a tagger (`ner.bundle`), with labels for tags.

::

    config.json      "kind": "sequence classifier", format number, settings, what is known
    labels.json      the labels, in the order of the scores
    words.json, characters.json, …, weights.safetensors, checksums.json, README.md   as in a tagger
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ner.bundle import (
    FILES,
    WEIGHTS,
    ModelKind,
    building,
    fill_card,
    find_bundle,
    read_head,
    read_parts,
    read_weights,
    versions,
    write_bundle,
)
from ner.config import Config
from ner.corpus import TrainingFingerprints
from ner.extensions.classification.network import ClassifierModel, SequenceClassifier
from ner.stored import StoredFolder, damaged, open_model, to_json

FORMAT = 2
LABELS = "labels.json"
CLASSIFIER = ModelKind(
    "sequence classifier",
    "ner classify train",
    FILES - {"tags.json"} | {LABELS},
    oldest=1,
    newest=FORMAT,
    renamed=2,
)
MOST_LABELS = 4096


@dataclass(frozen=True)
class ClassifierBundle:
    """A classifier, its settings, what is known about it, and what it has learnt from."""

    model: ClassifierModel
    config: Config
    about: Mapping[str, Any]
    seen: TrainingFingerprints = field(default_factory=TrainingFingerprints)


def save_classifier(bundle: ClassifierBundle, folder: str | Path) -> None:
    """Write a classifier; one that stood in the folder before is replaced as a whole.

    Raises `UsageError` for a folder that holds something else.
    """
    bundle = replace(bundle, about={"versions": versions(), **bundle.about})
    head = {"kind": CLASSIFIER.name, "format": FORMAT}
    own = {LABELS: to_json(list(bundle.model.labels))}
    readme = fill_card(
        __package__,
        bundle.config,
        bundle.about,
        labels=bundle.model.labels,
        figures=("accuracy", "f1"),
        corpus="texts",
    )
    write_bundle(folder, head, bundle.config, bundle.about, bundle.model, bundle.seen, own, readme)


def load_classifier(path: str | Path, device: str | torch.device = "cpu") -> ClassifierBundle:
    """Read a classifier from its folder, or from the run folder around it.

    Raises `UsageError` where there is none, and `BundleError` for one that is
    incomplete, damaged or written by a newer version.
    """
    folder = find_bundle(path, "ner classify train --train FILE --out DIR")
    with open_model(folder) as files:
        return _load(files, torch.device(device))


def _load(files: StoredFolder, device: torch.device) -> ClassifierBundle:
    settings, about = read_head(files, CLASSIFIER)
    for split, scores in about.get("scores", {}).items():
        if type(scores.get("accuracy")) is not float:
            raise damaged(files.path / "config.json", f"no accuracy for {split[:80]!r}")
    labels = files.strings(LABELS)
    if not 2 <= len(labels) <= MOST_LABELS or not all(label.isprintable() for label in labels):
        raise damaged(files.path / LABELS, "no set of labels")
    parts = read_parts(files, settings.model)
    with files.tensors(WEIGHTS) as stored:
        with building(stored, settings.model, parts.inputs, len(labels), "labels"):
            network = SequenceClassifier(settings.model, len(labels), parts.inputs)
        read_weights(network, stored)
    model = ClassifierModel(
        parts.indexer, tuple(labels), network.to(device).eval(), parts.contextual
    )
    return ClassifierBundle(model, settings, about, parts.seen)
