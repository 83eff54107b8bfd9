"""The models that a server has by name, exchanged as a whole."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from ner.bundle import Bundle, load_bundle
from ner.config import predict_config
from ner.errors import UsageError
from ner.extensions.server.problems import Problem
from ner.features import WordList, entries_of
from ner.frozen import frozen
from ner.tagger import Tagger

_WARMING = "Angela Merkel visited Paris."


@frozen()
class ServedModel:
    """A model in memory under its name, ready to tag."""

    name: str
    bundle: Bundle
    settings: Mapping[str, Any]
    loaded: float = field(default_factory=time.time)  # seconds since 1970

    @property
    def tokenizer(self) -> str:
        """The name of the tokenizer of its texts."""
        return self.bundle.config.data.tokenizer

    @property
    def whole(self) -> bool:
        """True if a document cannot be tagged in parts: its sentences depend on each other."""
        return bool(self.bundle.model.indexer.context_columns)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of its tag layers, if it has several."""
        return self.bundle.model.layers

    def tagger(self, changes: Mapping[str, Any], force: Mapping[str, Sequence[str]]) -> Tagger:
        """A tagger with settings, and lists of words, of one request.

        Raises `UsageError` for a list in which nothing is an entry, and for one where the model has
        several tag layers.
        """
        if force and self.layers:
            raise UsageError(
                "force: its entities are of no tag layer, and the model has the layers "
                f"{', '.join(self.layers)}; leave it out"
            )
        settings = predict_config({**self.settings, **changes}, self.bundle.config)
        lists = tuple(_word_list(label, lines, self.tokenizer) for label, lines in force.items())
        return Tagger(self.bundle, settings, lists)

    def to_dict(self) -> dict[str, Any]:
        """The facts on it, for those who choose a model."""
        settings = predict_config(self.settings, self.bundle.config)
        return {
            "name": self.name,
            "labels": self.bundle.labels,
            "layers": list(self.layers),
            "corpus": str(self.bundle.about.get("corpus", "")),
            "parameters": sum(array.size for array in self.bundle.model.weights.values()),
            "whole_documents": self.whole,
            "min_score": settings.min_score,
            "o_bias": settings.o_bias,
            "loaded": self.loaded,
        }


class Models:
    """The models by name; the first is the one for requests that name none.

    A request keeps the model that it began with, while those that come after it get the new one.
    """

    def __init__(self, paths: Mapping[str, Path], settings: Mapping[str, Any]) -> None:
        """Load them. Raises `NerError` for one that cannot be loaded."""
        self._paths, self._settings = dict(paths), dict(settings)
        self._lock = threading.Lock()
        self._loaded: Mapping[str, ServedModel] = self._load()

    def _load(self) -> Mapping[str, ServedModel]:
        loaded = {
            name: ServedModel(name, load_bundle(path), self._settings)
            for name, path in self._paths.items()
        }
        for model in loaded.values():
            model.tagger({}, {}).tag(_WARMING)  # what is made at the first text, is made before it
        return loaded

    def reload(self) -> None:
        """Read all models from the disk again, and exchange all or none.

        Raises `NerError` for one that cannot be loaded; those of before stay.
        """
        with self._lock:
            self._loaded = self._load()

    def find(self, name: str | None) -> ServedModel:
        """The model of a name, or the first. Raises `Problem`."""
        loaded = self._loaded
        if name is None:
            return next(iter(loaded.values()))
        if name not in loaded:
            raise Problem(404, f"no model is called {name[:80]!r}; there are {', '.join(loaded)}")
        return loaded[name]

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._loaded.values())


def _word_list(label: str, lines: Sequence[str], tokenizer: str) -> WordList:
    entries = entries_of(lines, tokenizer)
    if not label or any(char.isspace() for char in label):
        raise UsageError(f"force: {label[:80]!r} is no type; name one without blanks")
    if not entries:
        raise UsageError(f"force: the list of {label[:80]!r} has no entry with a letter or digit")
    return WordList.build(label, entries)
