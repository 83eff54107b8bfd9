"""Named-entity recognition with BiLSTMs: train, evaluate and tag, fast on an ordinary CPU."""

import importlib
from typing import TYPE_CHECKING, Any

from ner.version import __version__ as __version__

if TYPE_CHECKING:
    from ner.api import evaluate, train
    from ner.config import Config
    from ner.corpus import Corpus, load_corpus, map_labels, merge_corpora
    from ner.errors import NerError
    from ner.render import to_dataframe
    from ner.tagger import Tagger, load
    from ner.text import Document, Entity, Sentence, Span

# Where each public name lives. Loading on first use keeps `import ner` free of torch.
_HOMES = {
    "Config": "ner.config",
    "Corpus": "ner.corpus",
    "Document": "ner.text",
    "Entity": "ner.text",
    "NerError": "ner.errors",
    "Sentence": "ner.text",
    "Span": "ner.text",
    "Tagger": "ner.tagger",
    "evaluate": "ner.api",
    "load": "ner.tagger",
    "load_corpus": "ner.corpus",
    "map_labels": "ner.corpus",
    "merge_corpora": "ner.corpus",
    "to_dataframe": "ner.render",
    "train": "ner.api",
}

__all__ = [
    "Config",
    "Corpus",
    "Document",
    "Entity",
    "NerError",
    "Sentence",
    "Span",
    "Tagger",
    "evaluate",
    "load",
    "load_corpus",
    "map_labels",
    "merge_corpora",
    "to_dataframe",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        return importlib.import_module("ner.plugins").public(name)
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
