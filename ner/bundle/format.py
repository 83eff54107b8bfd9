"""A model on disk: a folder with all that inference needs, and nothing that runs.

::

    config.json           format number, settings, facts on the model
    tags.json             the tag set, in the order of the emissions; of several tag layers, by name
    words.json            tables of words: their folding, and the words
    characters.json       characters
    clusters.json         Brown clusters, if they are features: paths, and words with theirs
    gazetteers.json       word lists, if they are features: tokenised entries by label
    pairs.json            token bigrams, if they are features
    charlm.json           a token embedder of the kind charlm, if there is one: its description
    charlm.safetensors    its weights
    hf.json               transformers, if there are any: settings and tokenizers
    hf.safetensors        their weights
    seen.json             hashes of the training sentences
    weights.safetensors   all weights
    checksums.json        SHA-256 of all these, which must stay as they are
    README.md             a card for people: scores, data, settings; may be changed

The folder is written under a temporary name and renamed. It is read without trust: see
`ner.stored`. ``ner export`` puts the same files into one, a zip. Format 4 has older names of
engines; format 3 also of settings, and numbers for ``auto``; format 2 lacks checksums, too.

The number rises where something known gets another name or meaning. It stays where a setting is
added, such as the temperature of a calibrated model: all models name all settings, and a program
that lacks one refuses them by its name.
"""

import platform
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ner import features
from ner.bundle.card import Card, int8_chosen, is_precision
from ner.bundle.outputs import (
    MOST_OUTPUTS,
    all_head_forms,
    labels_of,
    read_tags,
    stored_tags,
    types_of,
)
from ner.config import Config, ModelConfig, PredictConfig, ResourcesConfig
from ner.corpus import TrainingFingerprints
from ner.errors import BundleError, ConfigError, UsageError
from ner.frozen import frozen
from ner.model import TokenEmbedder, bundle_files, check_installed, embedder_name, read_embedder
from ner.run_folder import DEFAULT_KIND, find_bundle, newest_bundle
from ner.runtime import AnyModel, StoredModel, is_compact, network_forms, read_weights
from ner.stored import (
    CHECKSUMS,
    Arrays,
    Form,
    StoredFolder,
    StoredTensors,
    check_format,
    damaged,
    open_model,
    to_json,
    to_safetensors,
    write_stored,
)
from ner.tags import tag_layers
from ner.version import __version__

if TYPE_CHECKING:  # a model that is only used needs no torch
    import torch

    from ner.model import Network

WEIGHTS = "weights.safetensors"
CARD = "README.md"
_KINDS = (DEFAULT_KIND, "sequence classifier", "character language model")
_SCORES = ("precision", "recall", "f1")
_OBJECTS = ("scores", "versions", "checksums", "resources", "precision", "profile")
_ON_CARD = {"corpus": str, "description": list, "notes": list, **dict.fromkeys(_OBJECTS, dict)}


@frozen()
class BaseBundle(ABC):
    """A model, its settings, facts about it (scores, data), fingerprints of its training set."""

    KIND: ClassVar[str]  # its name in config.json, which that of a tagger lacks
    MADE_BY: ClassVar[str]  # a command
    OUTPUTS: ClassVar[str]  # "tags", which stand in tags.json
    FILES: ClassVar[frozenset[str]]
    FORMATS: ClassVar[range]  # that are read; the last is written
    CARD: ClassVar[Card]

    model: AnyModel
    config: Config
    about: Mapping[str, Any]
    seen: TrainingFingerprints = field(default_factory=TrainingFingerprints)

    @property
    @abstractmethod
    def labels(self) -> Sequence[str]:
        """The entity types, or the labels of texts, that the model knows."""

    @property
    def outputs(self) -> Sequence[str]:
        """The tags or labels that the network scores, in order."""
        return self.labels

    def stored_outputs(self) -> Any:
        """The value in the file of the outputs."""
        return list(self.outputs)

    def types(self) -> Sequence[str]:
        """The labels as the card names them."""
        return self.labels

    def card(self) -> str:
        """The model card, in Markdown."""
        settings = {key: self.config[key] for key in self.config.fields()}
        return self.CARD.fill(settings, self.about, self.types())


class Bundle(BaseBundle):
    """A tagger on disk."""

    KIND = DEFAULT_KIND
    MADE_BY = "ner train"
    OUTPUTS = "tags"
    FILES = frozenset(
        {"config.json", "tags.json", "seen.json", WEIGHTS} | features.FILES | bundle_files()
    )
    FORMATS = range(2, 6)
    CARD = Card(__package__, _SCORES, "a corpus")

    @property
    def labels(self) -> list[str]:
        """The entity types that the model knows."""
        return labels_of(self.model.outputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The tags."""
        return self.model.outputs

    def stored_outputs(self) -> Any:
        """The tags, or those of each tag layer by name."""
        return stored_tags(tag_layers(self.outputs, self.model.layers))

    def types(self) -> Sequence[str]:
        """The entity types, each behind its tag layer if there are several."""
        return types_of(tag_layers(self.outputs, self.model.layers))


def save_bundle(bundle: BaseBundle, folder: str | Path) -> None:
    """Write a bundle; one that stood in the folder before is replaced as a whole.

    Raises `UsageError` for a folder that holds something else.
    """
    folder = Path(folder)
    if len(bundle.outputs) > MOST_OUTPUTS:
        wanted = f"{MOST_OUTPUTS} {bundle.OUTPUTS}, not {len(bundle.outputs)}"
        raise UsageError(f"a model has at most {wanted}")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "config.json").exists():
        raise UsageError(f"{folder}: holds something that is no model; name another folder")
    bundle = replace(bundle, about={"versions": versions(), **bundle.about})
    write_stored(folder, stored_files(bundle, bundle.model.weights), {CARD: stored_card(bundle)})


def stored_files(bundle: BaseBundle, weights: Arrays) -> dict[str, bytes]:
    """The files of a bundle with these weights, by name: all but its card and the checksums."""
    model, config = bundle.model, bundle.config.to_dict()
    del config["resources"]
    described = {
        **({} if bundle.KIND == DEFAULT_KIND else {"kind": bundle.KIND}),
        "format": bundle.FORMATS[-1],
        "version": __version__,
        "config": config,
        "about": dict(bundle.about),
    }
    parts = [part.files() for part in model.indexer.features]
    return {
        "config.json": to_json(described, indent=2),
        f"{bundle.OUTPUTS}.json": to_json(bundle.stored_outputs()),
        **{name: to_json(value) for part in parts for name, value in part.items()},
        **(model.contextual.files() if model.contextual else {}),
        "seen.json": to_json({"differences": bundle.seen.to_text()}),
        WEIGHTS: to_safetensors(weights),
    }


def stored_card(bundle: BaseBundle) -> bytes:
    """The card of a bundle; a file name outside UTF-8 must not lose the model."""
    return bundle.card().encode("utf-8", "backslashreplace")


def versions() -> dict[str, str]:
    """The programs whose arithmetic a model made now depends on, with their versions."""
    import importlib.metadata  # takes a while, and reading a model needs none

    return {
        "ner": __version__,
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "numpy": np.__version__,
    }


def resource_names(resources: ResourcesConfig) -> dict[str, list[str]]:
    """Names, without folders, of the files that a model was trained with."""
    embedders = [embedder_name(spec) for spec in resources.token_embedders]
    others = features.resource_names(vars(resources))
    return others | ({"token_embedders": embedders} if embedders else {})


def load_bundle(path: str | Path | None = None, device: "str | torch.device" = "cpu") -> Bundle:
    """Read a bundle from its folder, the run folder around it, or a file of ``ner export``.

    None takes the newest finished run under ``runs/``. On a CPU, which ``auto`` takes, the model
    comes without a network and needs no torch. Raises `UsageError` where there is no model, and
    `BundleError` for one that is incomplete, damaged or written by a newer version.
    """
    folder = newest_bundle() if path is None else find_bundle(path)
    with open_model(folder) as files:
        config, about = read_head(files, Bundle)
        layers = read_tags(files, config.model.scheme)
        tags = [tag for layer in layers for tag in layer.tags]
        heads = all_head_forms(config.model, layers)
        labels = sorted(labels_of(tags))
        parts = read_parts(files, config.model, len(tags), Bundle, labels, heads)
    stored = StoredModel(
        parts.indexer,
        tuple(tags),
        config.model,
        parts.weights,
        tagger_network,
        parts.contextual,
        tuple(layer.name for layer in layers if layer.name),
        int8=int8_chosen(about),
    )
    return Bundle(on_device(stored, device), config, about, parts.seen)


def has_rounded_weights(path: Path) -> bool:
    """Tell if a bundle, as `find_bundle` finds it, is a packed file with layers in 8 bits."""
    with open_model(path) as files, files.tensors(WEIGHTS) as stored:
        return is_compact(stored)


def tagger_network(model: AnyModel) -> "Network":
    """The network of a tagger, in torch."""
    from ner.model import Network, restored

    return restored(
        lambda inputs: Network(model.config, model.outputs, inputs, model.layers),
        model.indexer,
        model.contextual,
        model.weights,
    )


def on_device(model: StoredModel, device: "str | torch.device") -> AnyModel:
    """The model itself on a CPU, which ``auto`` takes; with its network on any other device.

    Raises `UsageError` for a device that this machine does not have.
    """
    if str(device) in ("auto", "cpu"):
        return model
    from ner.model import Model, choose_device

    chosen = choose_device(device) if isinstance(device, str) else device
    network = model.build(model).to(chosen)
    return Model(model.indexer, model.outputs, network, model.contextual, model.layers)


def read_head(files: StoredFolder, kind: type[BaseBundle]) -> tuple[Config, dict[str, Any]]:
    """Read the settings of a model and the facts on it; from then on checksums are compared.

    Raises `ValidationError`, `BundleError` or, for a model of another kind, `UsageError`.
    """
    path = files.path / "config.json"
    config = files.json("config.json", dict)
    _check_format(path, config, kind)
    # The format has a checksum, too: a 3 that became a 2 is refused.
    if kind is not Bundle or config["format"] > 2 or files.has(CHECKSUMS):
        check_installed(files, WEIGHTS)
        files.check(kind.FILES)
    about = _read_about(files, config)
    stored = files.member("config.json", config, "config", dict)
    older = config["format"] < kind.FORMATS[-1]  # which alone has the settings of today
    try:
        settings = Config.from_dict(stored, str(path), earlier=older)
    except ConfigError as error:
        reason = str(error)[:1000]
        raise BundleError(
            f"{reason}; the model was written by another version: upgrade with "
            "pip install --upgrade bilstm-ner, or train it again"
        ) from None
    if older:  # among their settings
        about.setdefault("resources", resource_names(settings.resources))
    return replace(settings, resources=ResourcesConfig(), predict=_modest(settings.predict)), about


def _modest(predict: PredictConfig) -> PredictConfig:
    """The settings with no more memory than the default: for more, a user asks, and no bundle."""
    return replace(predict, cache_mb=min(predict.cache_mb, PredictConfig.cache_mb))


def _check_format(path: Path, config: Mapping[str, Any], kind: type[BaseBundle]) -> None:
    found = config.get("kind", DEFAULT_KIND)
    if found not in _KINDS:
        raise damaged(path, "of a kind of model that there is not")
    if found != kind.KIND:
        raise UsageError(
            f"{path}: is of a {found}, and this takes a {kind.KIND}; "
            f"name a folder of {kind.MADE_BY}"
        )
    written = config.get("format")
    if type(written) is not int or written < 1:
        raise BundleError(f"{path}: has no format number, so this is no ner model; name another")
    check_format(path, config, kind.FORMATS)


def _read_about(files: StoredFolder, config: Mapping[str, Any]) -> dict[str, Any]:
    """The facts on a model that its card needs. Raises `ValidationError`."""
    about: dict[str, Any] = files.member("config.json", config, "about", dict)
    for name, type_ in _ON_CARD.items():
        if name in about:
            files.member("config.json", about, name, type_)
    for kind, names in about.get("resources", {}).items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise files.damaged("config.json", f"no names of files for {kind[:80]!r}")
    if not is_precision(about.get("precision")):
        raise files.damaged("config.json", "no measurement of precision")
    if "profile" in about and not features.TextProfile.fits(about["profile"]):
        raise files.damaged("config.json", "no profile of a text")
    for split, scores in about.get("scores", {}).items():
        if not isinstance(scores, dict) or any(type(scores.get(s)) is not float for s in _SCORES):
            raise files.damaged("config.json", f"no scores for {split[:80]!r}")
    return about


def _read_seen(files: StoredFolder) -> TrainingFingerprints:
    value = files.json("seen.json", dict)
    earlier = "sentences" in value
    read = TrainingFingerprints.from_earlier if earlier else TrainingFingerprints.from_text
    name = "sentences" if earlier else "differences"
    try:
        return read(files.member("seen.json", value, name, str))
    except ValueError as error:
        raise files.damaged("seen.json", str(error)) from None


class Parts(NamedTuple):
    """The parts that models of all kinds have in their folders."""

    indexer: features.Indexer
    weights: Arrays
    contextual: TokenEmbedder | None
    seen: TrainingFingerprints


def read_parts(
    files: StoredFolder,
    config: ModelConfig,
    outputs: int,
    kind: type[BaseBundle],
    labels: Sequence[str] = (),
    head: Mapping[str, Form] = {},
) -> Parts:
    """Read what models of all kinds have; `labels` are the entity types of a tagger, in order.

    There are so many `outputs`, and beside the network's weights those of a `head`. Raises
    `ValidationError`.
    """
    indexer = features.read_indexer(features.StoredData(files, config, labels))
    contextual = read_embedder(files)
    seen = _read_seen(files) if files.has("seen.json") else TrainingFingerprints()
    with files.tensors(WEIGHTS) as stored:
        _check_sizes(stored, config, indexer, outputs, kind.OUTPUTS)
        size = contextual.dim if contextual else 0
        forms = network_forms(config, indexer, size, outputs) | dict(head)
        return Parts(indexer, read_weights(stored, forms), contextual, seen)


def _check_sizes(
    stored: StoredTensors, config: ModelConfig, indexer: features.Indexer, outputs: int, what: str
) -> None:
    """Refuse, before building, a network of more parts than tensors, or of other outputs."""
    parts = 4 * config.layers + len(indexer.words.tables) + indexer.columns  # a layer has four
    if parts > len(stored.entries):
        raise damaged(stored.path, "does not fit the other files: too few tensors")
    scores = stored.entries.get("projection.bias")
    if scores is None or scores.form.shape != (outputs,):
        raise damaged(stored.path, f"does not fit the other files: not for {outputs} {what}")
