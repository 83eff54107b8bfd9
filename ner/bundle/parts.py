"""The parts of a bundle that models of all kinds have beside their network."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from ner.config import ModelConfig, ResourcesConfig
from ner.corpus import TrainingFingerprints
from ner.features import Indexer, StoredData, read_indexer, registry
from ner.model import Inputs, TokenEmbedder, token_embedders
from ner.model.token_embedders import read_embedder
from ner.stored import StoredFolder, damaged, member


class Parts(NamedTuple):
    """The parts of models of all kinds, beside their network."""

    indexer: Indexer
    contextual: TokenEmbedder | None
    seen: TrainingFingerprints

    @property
    def inputs(self) -> Inputs:
        """All that the shapes of the network's input depend on."""
        return Inputs(self.indexer, self.contextual.dim if self.contextual else 0)


def read_parts(files: StoredFolder, config: ModelConfig, labels: Sequence[str] = ()) -> Parts:
    """Read what `write_bundle` wrote for models of all kinds. Raises `ValidationError`.

    `labels` are the entity types of a tagger, in order.
    """
    indexer = read_indexer(StoredData(files, config, labels))
    contextual = read_embedder(files)
    seen = _read_seen(files) if files.has("seen.json") else TrainingFingerprints()
    return Parts(indexer, contextual, seen)


def describe(indexer: Indexer) -> dict[str, Any]:
    """The JSON values that the features of a model add to its bundle, by name."""
    return {name: value for part in indexer.features for name, value in part.files().items()}


def resource_names(resources: ResourcesConfig) -> dict[str, list[str]]:
    """Names, without folders, of the files that a model was trained with."""
    return registry.resource_names(resources) | token_embedders.resource_names(resources)


def _read_seen(files: StoredFolder) -> TrainingFingerprints:
    value = files.json("seen.json", dict)
    place = files.path / "seen.json"
    try:
        return TrainingFingerprints.from_text(member(place, value, "sentences", str))
    except ValueError as error:
        raise damaged(place, str(error)) from None
