"""Going on from a trained model: its features grow, and all that it knows keeps its weights.

Rows of tables go by word, character or bigram, those of the output layer and the transitions of the
CRF by tag. New words and the like begin as the unknown one does, so that a model with the same
types tags as before until its first step; new tags begin with the weights that any new model draws.

Types that the corpus does not label may be kept: its sentences say nothing of them, and the start
model's expected counts take the place of labels there (learning without forgetting, Li and Hoiem
2016).
"""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.bundle import Bundle, find_bundle, has_rounded_weights, load_bundle
from ner.config import Config, DataConfig, ModelConfig
from ner.corpus import Corpus
from ner.errors import ConfigError, TrainingError, UsageError
from ner.features import UNKNOWN, Indexer, TrainingData, grown_indexer
from ner.model import Model, Network
from ner.predict import predict_expected
from ner.stored import Arrays
from ner.tensors import to_tensors
from ner.text import Sentence
from ner.training.examples import SoftLabelExample, tag_choices
from ner.training.preparation import PreparedCorpus, prepare

_log = logging.getLogger("ner")

ENOUGH_KNOWN = 0.5  # of the characters, without which a model is of another script; of the tokens


@dataclass(frozen=True)
class StartModel:
    """A trained model that another one begins as, by the name of its folder or file."""

    name: str
    bundle: Bundle
    checksum: str
    rounded: bool = False  # its weights come from a packed file of 8 bits
    keeps_types: bool = False  # also those that the corpus does not label

    @classmethod
    def load(cls, path: str | Path, *, keep_types: bool = False) -> "StartModel":
        """Read a run folder, a bundle or a packed file.

        Raises what `load_bundle` raises, and `UsageError` for a model with several tag layers.
        """
        place = find_bundle(path).resolve()
        bundle = load_bundle(place)
        if layers := bundle.model.layers:
            raise UsageError(
                f"{path}: has the tag layers {', '.join(layers)}, and training goes on from models "
                "of one; train a new model"
            )
        name = place.parent.name if place.name == "model" else place.name
        return cls(name, bundle, _checksum(bundle), has_rounded_weights(place), keep_types)

    def settings(self, config: Config) -> Config:
        """The settings of a training with the network of this model.

        Raises `ConfigError` for others of its network, and `UsageError` for language models.
        """
        own = self.bundle.config
        for key, item in Config.fields().items():
            if key.startswith("model.") and config[key] not in (own[key], item.default):
                raise ConfigError(
                    f"setting {key} is {config[key]!r}, and {own[key]!r} in the start model "
                    f"{self.name}, whose network stays; leave it out, or train a new model"
                )
        if self.keeps_types and config.train.type_weights:
            raise ConfigError(
                "setting train.type_weights is for labels, and with --keep-types the start model "
                "completes them; leave one of the two out"
            )
        if config.resources.token_embedders:
            raise UsageError(
                "resources.token_embedders: a start model brings its own or has none; leave these "
                "out, or train a new model with them"
            )
        return replace(config, model=own.model)

    def prepare(self, corpus: Corpus, data: DataConfig) -> PreparedCorpus:
        """Prepare a corpus to go on with; of types to keep, its sentences say nothing.

        Raises `TrainingError` for one of another script, or that cannot be completed.
        """
        if self.keeps_types:
            self._check_complete(corpus)
            missing = frozenset(self.unlabelled(corpus.labels))
            corpus = corpus.map(lambda s: replace(s, unannotated=s.unannotated | missing))
        prepared = prepare(corpus, data)
        self._check(prepared)
        return prepared

    def _check_complete(self, corpus: Corpus) -> None:
        """Refuse labels with gaps that the model cannot fill. Raises `TrainingError`."""
        known = {*self.bundle.labels}
        if any(s.partial or s.unannotated - known for s in corpus.train):
            raise TrainingError(
                f"{corpus.name}: not all of its types are labelled everywhere, and the start model "
                f"{self.name} does not know them; leave --keep-types out, or label them"
            )

    def _check(self, corpus: PreparedCorpus) -> None:
        """Compare a corpus with what the model has learnt from; oddities are logged."""
        name = corpus.corpus.name
        self._check_tokenizer(name, corpus.data.tokenizer)
        words, characters = _known_shares(
            self.bundle.model.indexer, (t for s in corpus.segments for t in s.tokens)
        )
        known = f"{100 * words:.1f} % of the tokens and {100 * characters:.1f} % of the characters"
        if characters < ENOUGH_KNOWN:
            raise TrainingError(
                f"{name}: the start model {self.name} knows {known} of the training split, so it "
                "is of another script; name another one, or train a new model"
            )
        level = logging.WARNING if words < ENOUGH_KNOWN else logging.INFO
        _log.log(level, "%s: the start model %s knows %s", name, self.name, known)
        for split in ("valid", "test"):
            if seen := self.bundle.seen.count(getattr(corpus.corpus, split)):
                _log.warning(
                    "%s: %d sentences of %s are among those that the start model has learnt from; "
                    "scores on them say little of new text", name, seen, split,
                )  # fmt: skip

    def _check_tokenizer(self, name: str, style: str) -> None:
        own = self.bundle.config.data.tokenizer
        if style == own:
            return
        if "characters" in (style, own):
            raise TrainingError(
                f"{name}: its tokenizer is `{style}`, and that of the start model {self.name} "
                f"`{own}`, so they share no tokens; name another start model, or train a new one"
            )
        _log.warning(
            "%s: its tokenizer is `%s`, and that of the start model %s `%s`; the new model cuts "
            "text as the corpus is cut, and --tokenizer %s as the start model does",
            name, style, self.name, own, own,
        )  # fmt: skip

    def unlabelled(self, labels: Iterable[str]) -> list[str]:
        """The types to keep beside those of the corpus."""
        return sorted({*self.bundle.labels} - {*labels}) if self.keeps_types else []

    def note(self, labels: Iterable[str]) -> str:
        """The line for log and card that says which types are kept, new and dropped."""
        old, new = {*self.bundle.labels}, {*labels}
        kept = sorted(old & new | {*self.unlabelled(new)})
        parts = {"kept": kept, "new": sorted(new - old), "dropped": sorted(old - {*kept})}
        types = "; ".join(f"{part}: {', '.join(names) or 'none'}" for part, names in parts.items())
        rounded = ", with weights rounded to 8 bits as its file has them" if self.rounded else ""
        return f"goes on from {self.name} (SHA-256 {self.checksum}){rounded}; types {types}"

    def report(self, labels: Sequence[str]) -> None:
        """Log where a training goes on from."""
        _log.info("%s", self.note(labels))
        if {*self.bundle.labels}.isdisjoint(labels):
            _log.warning(
                "the start model %s has no type of the corpus; of types that are the same but "
                "for the name it keeps more if the corpus names them alike", self.name,
            )  # fmt: skip

    def sources(self) -> dict[str, str]:
        """Tell a run that goes on from this model from others."""
        kept = {"--keep-types": "yes"} if self.keeps_types else {}
        return {"--start-from": self.checksum, **kept}

    def resources(self, names: dict[str, list[str]]) -> dict[str, list[str]]:
        """The names of the files that the new model was trained with, by setting, for its card."""
        own = dict(self.bundle.about.get("resources", {}))
        return own | {kind: [*own.get(kind, ()), *more] for kind, more in names.items()}

    def indexer(self, data: TrainingData) -> Indexer:
        """The features, with what training sentences add. Raises `NerError`."""
        return grown_indexer(self.bundle.model.indexer, data)

    def initialise(self, model: Model[Network]) -> None:
        """Put the weights of this model into one of grown features, where they belong."""
        old = self.bundle.model
        weights = dict(old.weights)
        weights |= _of_features(weights, model.indexer, old.indexer, model.config)
        weights |= _of_tags(weights, model, old.outputs)
        model.network.load_state_dict(to_tensors(weights))

    def targets(
        self, model: Model[Network], segments: Sequence[Sentence]
    ) -> list[SoftLabelExample]:
        """Soft labels of segments: the model's expectations, given what their labels say.

        There are none unless types are kept. The model has not learnt yet, so that of these types
        the expectations are those of the start model.
        """
        if not self.keeps_types or not any(segment.unannotated for segment in segments):
            return []
        tokens = [segment.tokens for segment in segments]
        choices = [tag_choices(s, model.outputs, model.config.scheme) for s in segments]
        found = predict_expected(model, tokens, choices)
        return [SoftLabelExample(*pair) for pair in zip(tokens, found, strict=True)]


def _checksum(bundle: Bundle) -> str:
    """SHA-256 of all that the predictions of a model depend on."""
    model = bundle.model
    known: list[Any] = [model.outputs, *(part.files() for part in model.indexer.features)]
    if model.contextual is not None:
        known.append(model.contextual.checksum())
    digest = hashlib.sha256(json.dumps(known).encode())
    for _, values in sorted(model.weights.items()):
        digest.update(values.tobytes())
    return digest.hexdigest()


def _known_shares(indexer: Indexer, tokens: Iterable[str]) -> tuple[float, float]:
    """The shares of tokens in any table of words, and of known characters."""
    sums = np.zeros(4)
    for token, times in Counter(tokens).items():
        ids = indexer.ids(token)
        known = {*ids.words} != {UNKNOWN}
        letters = len(ids.characters) - ids.characters.count(UNKNOWN)
        sums += np.array([known, 1, letters, len(ids.characters)]) * times
    return sums[0] / sums[1], sums[2] / sums[3]


def _of_features(weights: Arrays, new: Indexer, old: Indexer, config: ModelConfig) -> Arrays:
    """The tables of grown features, row by row out of those of the old ones."""
    origins = new.origins(old, config)
    found: dict[str, NDArray[Any]] = {}
    for i, (rows, table) in enumerate(zip(origins.words, new.words.tables, strict=True)):
        learnt, frozen = (f"embedder.words.{i}.{name}" for name in ("trained.weight", "spare"))
        both = np.concatenate([weights[learnt], weights[frozen].astype(np.float32)])[[*rows]]
        found[learnt], rest = np.split(both, [table.size.trained])
        found[frozen] = rest.astype(np.float16)
    names = [f"embedder.kinds.{i}.weight" for i in range(len(origins.categorical))]
    names.append("embedder.characters.embed.weight")
    for name, rows in zip(names, [*origins.categorical, *origins.characters], strict=True):
        if name in weights:  # not every model reads characters
            found[name] = weights[name][[*rows]]
    return found


def _of_tags(weights: Arrays, model: Model[Network], old: Sequence[str]) -> Arrays:
    """The output layer and the transitions, by tag; those of new tags stay as they were drawn."""
    known = [tag for tag in model.outputs if tag in old]
    new, before = ([tags.index(tag) for tag in known] for tags in (model.outputs, old))
    found = {}
    for name, drawn in model.weights.items():
        if name.startswith(("projection.", "head.")):
            square = name == "head.transitions"
            found[name] = drawn.copy()
            found[name][np.ix_(new, new) if square else new] = weights[name][
                np.ix_(before, before) if square else before
            ]
    return found
