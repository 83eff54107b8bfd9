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

from ner.bundle.card import compose_card
from ner.bundle.discovery import find_bundle
from ner.bundle.format import FILES, Kind, read_head, read_network, versions, write_bundle
from ner.bundle.parts import read_parts
from ner.config import Config
from ner.corpus import TrainingFingerprints
from ner.extensions.classification.network import ClassifierModel, SequenceClassifier
from ner.stored import StoredFolder, damaged, read_model, to_json

FORMAT = 2
LABELS = "labels.json"
CLASSIFIER = Kind(
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
    readme = _card(bundle)
    write_bundle(folder, head, bundle.config, bundle.about, bundle.model, bundle.seen, own, readme)


def load_classifier(path: str | Path, device: str | torch.device = "cpu") -> ClassifierBundle:
    """Read a classifier from its folder, or from the run folder around it.

    Raises `UsageError` where there is none, and `BundleError` for one that is
    incomplete, damaged or written by a newer version.
    """
    folder = find_bundle(path, "ner classify train --train FILE --out DIR")
    return read_model(folder, lambda files: _load(files, torch.device(device)))


def _load(files: StoredFolder, device: torch.device) -> ClassifierBundle:
    settings, about = read_head(files, CLASSIFIER)
    for split, scores in about.get("scores", {}).items():
        if type(scores.get("accuracy")) is not float:
            raise damaged(files.path / "config.json", f"no accuracy for {split[:80]!r}")
    labels = files.strings(LABELS)
    if not 2 <= len(labels) <= MOST_LABELS or not all(label.isprintable() for label in labels):
        raise damaged(files.path / LABELS, "no set of labels")
    parts = read_parts(files, settings.model)
    network = read_network(
        files,
        settings.model,
        parts.inputs,
        (len(labels), "labels"),
        lambda: SequenceClassifier(settings.model, len(labels), parts.inputs),
    )
    model = ClassifierModel(
        parts.indexer, tuple(labels), network.to(device).eval(), parts.contextual
    )
    return ClassifierBundle(model, settings, about, parts.seen)


def _card(bundle: ClassifierBundle) -> str:
    """The model card, in Markdown."""
    scores = [
        f"| {split} | {100 * found['accuracy']:.2f} | {100 * found['f1']:.2f} |"
        for split, found in bundle.about.get("scores", {}).items()
    ]
    return compose_card(
        f"A classifier of texts trained on {bundle.about.get('corpus', 'texts')}",
        f"Labels: {', '.join(bundle.model.labels)}.",
        bundle.config,
        bundle.about,
        [
            "Accuracy and macro F1 (the mean over labels) in percent.",
            "The model was chosen on valid; test was looked at once, after that.",
            "",
            "| split | accuracy | macro F1 |",
            "|---|---|---|",
            *scores,
        ],
        ["```", "ner classify predict --model path/to/this/folder texts.txt", "```"],
    )
