"""Models as they come out of a bundle: features, outputs and weights, and no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar, Protocol

from ner.config import ModelConfig
from ner.features import Indexer
from ner.frozen import frozen
from ner.stored import Arrays


class AnyModel(Protocol):
    """A tagger or classifier, with a network or without one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def indexer(self) -> Indexer:
        """The features of its input."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The tags, or the labels of whole texts, in order."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of its tag layers, if it has several: `outputs` has the tags of each."""

    @property
    def config(self) -> ModelConfig:
        """The settings of its network."""

    @property
    def weights(self) -> Arrays:
        """The weights of its network, by name."""

    @property
    def contextual(self) -> Any:
        """Its token embedder, if it has one."""


@frozen()
class StoredModel:
    """Weights that do not change any more, and what gives them a meaning."""

    indexer: Indexer
    outputs: tuple[str, ...]
    config: ModelConfig
    weights: Arrays
    build: Callable[[AnyModel], Any]  # its network in torch, where one is asked for
    contextual: Any = None
    layers: tuple[str, ...] = ()
    int8: bool = False  # whether products are of 8 bits where nothing else is asked for
    _made: dict[tuple[object, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """All but what was made of it: an engine's lock cannot be copied."""
        return {**self.__dict__, "_made": {}}

    def made(self, key: tuple[object, ...], make: Callable[[], Any]) -> Any:
        """Return what was made of it under a key, or make it: threads share it."""
        if key not in self._made:
            self._made.setdefault(key, make())  # another thread may have been faster
        return self._made[key]
