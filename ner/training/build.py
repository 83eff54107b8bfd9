"""A new, untrained model for a corpus."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ner.bundle import MOST_OUTPUTS
from ner.config import Config
from ner.errors import ConfigError, TrainingError
from ner.features import TrainingData, Vectors, build_indexer, read_vectors
from ner.model import Inputs, Model, Network, TokenEmbedder, load_embedder
from ner.tags import tag_set
from ner.text import Sentence
from ner.training.examples import SoftLabelExample, TrainingSet
from ner.training.preparation import PreparedCorpus
from ner.training.start import StartModel


def open_resources(configs: Iterable[Config], corpus: PreparedCorpus) -> None:
    """Read all files that trainings by resolved configurations need, the same ones once.

    So that none is found missing or damaged after hours. Raises `NerError`.
    """
    for config in {config.resources: config for config in configs}.values():
        open_embedder(config)
        train, labels = corpus.corpus.train, corpus.corpus.labels
        build_indexer(TrainingData(train, labels, config, read_vectors=corpus.read_vectors))


def open_embedder(config: Config, start: StartModel | None = None) -> TokenEmbedder | None:
    """Load the token embedder of a configuration or a start model. Raises `NerError`."""
    if start is not None:
        embedder: TokenEmbedder | None = start.bundle.model.contextual
        return embedder
    return load_embedder(config.resources.token_embedders, config.data.tokenizer)


@dataclass(frozen=True)
class UntrainedModel:
    """A model before its first step, and the words of its first table that have a vector."""

    model: Model[Network]
    has_vector: frozenset[str]
    start: StartModel | None = None

    def training_set(
        self,
        segments: Sequence[Sentence],
        config: Config,
        soft_labels: Sequence[SoftLabelExample] = (),
    ) -> TrainingSet:
        """Segments of its training sentences, or soft-label examples in their place, as ids.

        A start model gives soft labels of types that it keeps.
        """
        model = self.model
        if self.start is not None and not soft_labels:
            soft_labels = self.start.targets(model, segments)
        return TrainingSet(
            segments,
            model.indexer,
            model.outputs,
            config.model.scheme,
            config.train,
            self.has_vector,
            soft_labels,
            model.contextual.embed if model.contextual else None,
            model.layers,
        )


def build_model(
    sentences: Sequence[Sentence],
    config: Config,
    device: torch.device,
    progress: Callable[[int], None] = lambda _: None,
    contextual: TokenEmbedder | None = None,
    read: Callable[..., Vectors] = read_vectors,
    start: StartModel | None = None,
    layers: tuple[str, ...] = (),
) -> UntrainedModel:
    """Build features and network for training sentences.

    `progress` gets the bytes of vectors files read so far; `contextual` is a loaded token embedder,
    and `read` reads vectors. With a `start` model, its features grow and its weights stay. `layers`
    names the tag layers, if there are several: each gets its own types.
    Raises `TrainingError` for more tags than a model can be saved with, and `ConfigError` for
    layers with document context.
    """
    torch.manual_seed(config.train.seed)
    if layers and config.model.context == "document":
        raise ConfigError(
            "setting model.context is 'document', which goes by one tag layer, and the corpus has "
            f"{', '.join(layers)}; leave it out, or choose one column with --tag-column"
        )
    if contextual is None:
        contextual = open_embedder(config, start)
    labels = sorted({label for sentence in sentences for label in sentence.labels})
    known = sorted({*labels, *start.unlabelled(labels)}) if start else labels
    tags = _layered_tags(sentences, layers, config) or tag_set(known, config.model.scheme)
    if len(tags) > MOST_OUTPUTS:
        raise TrainingError(
            f"{len(known):,} types make {len(tags):,} tags of {config.model.scheme}, of which a "
            f"model has at most {MOST_OUTPUTS:,}; merge types, or choose the right --tag-column"
        )
    data = TrainingData(sentences, known, config, progress, read)
    indexer = start.indexer(data) if start else build_indexer(data)
    inputs = Inputs.of(indexer, contextual)
    network = Network(config.model, tags, inputs, layers).to(device)
    model = Model(indexer.without_vectors(), tuple(tags), network, contextual, layers)
    if start is not None:
        start.initialise(model)
    return UntrainedModel(model, indexer.words.has_vector, start)


def _layered_tags(
    sentences: Sequence[Sentence], layers: Sequence[str], config: Config
) -> list[str]:
    """The tags of each layer, one after the other."""
    types: dict[str, set[str]] = {name: set() for name in layers}
    for span in (span for sentence in sentences for span in sentence.spans if layers):
        types[span.layer].add(span.label)
    return [tag for own in types.values() for tag in tag_set(sorted(own), config.model.scheme)]


def vocabulary_checksum(model: Model[Any], has_vector: Collection[str]) -> str:
    """A checksum of vocabulary and words with a vector; vectors files differ by it."""
    known: list[Any] = [sorted(has_vector), *(part.files() for part in model.indexer.features)]
    if model.contextual is not None:
        known.append(model.contextual.checksum())
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
