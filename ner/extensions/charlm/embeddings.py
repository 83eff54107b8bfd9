"""Contextual string embeddings: states of language models at each token of a sentence.

A forward model has read up to the last character of a token, a backward one from the end of the
sentence down to its first character (Akbik, Blythe and Vollgraf 2018, "Contextual String Embeddings
for Sequence Labeling"). The models are frozen, so embeddings can be cached.
"""

import functools
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ner.errors import TrainingError, UsageError
from ner.extensions.charlm.folder import (
    DIRECTIONS,
    LanguageModel,
    load_model,
    read_described,
    read_weights,
)
from ner.extensions.charlm.text import separator_of
from ner.features import shortened
from ner.runtime import layer_of, run_layers
from ner.stored import StoredFolder, damaged, to_json, to_safetensors

_log = logging.getLogger("ner")

Floats = NDArray[np.float32]
States = NDArray[np.float16]

DESCRIPTION = "charlm.json"
WEIGHTS = "charlm.safetensors"
MOST_MODELS = 8
MOST_RECENT = 1 << 25  # numbers of sentences read lately, of 2 bytes each
MANY_UNKNOWN = 0.01  # share of unknown characters that is logged
SEPARATORS = {"none": "", "space": " "}
BATCH_CHARACTERS = 1 << 14  # read together: bounds the memory


class StateReader:
    """The weights of a network, prepared for reading many texts on a CPU.

    The input product of the first layer is computed once for the whole alphabet.
    """

    def __init__(self, model: LanguageModel, direction: str, *, int8: bool = False) -> None:
        """Raise `UsageError` for a model without that direction."""
        weights, config = model.weights_of(direction), model.config.model
        self.hidden = config.hidden
        self._alphabet = model.alphabet
        self._backward = direction == "backward"
        self._layers = [
            layer_of(weights, f"layers.{i}", config.cell, 1, int8=int8)
            for i in range(config.layers)
        ]
        first, embedded = self._layers[0], np.ascontiguousarray(weights["embed.weight"])
        self._table = np.empty((len(embedded), first.width), first.row_dtype)
        first.project(embedded, self._table)

    def read_at(self, texts: Sequence[str], positions: Sequence[Sequence[int]]) -> list[Floats]:
        """The states of the last layer at some characters of each text, ``[positions, H]``.

        A forward model has read the text from its start to the end of the character there, a
        backward one from its end. Each text is read by itself, as if a line had just ended.
        """
        # Of an empty text.
        found = [np.zeros((len(chosen), self.hidden), np.float32) for chosen in positions]
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: -len(texts[i]))
        while order:
            size = max(1, BATCH_CHARACTERS // (len(texts[order[0]]) + 1))
            batch, order = order[:size], order[size:]
            states = self._states([texts[i] for i in batch])
            for index, row in zip(batch, states, strict=True):
                places = np.array(positions[index], np.int64)
                before = len(texts[index]) - 1 - places if self._backward else places
                found[index] = row[1 + before]  # behind the start of the text
        return found

    def _states(self, texts: Sequence[str]) -> Floats:
        """States of the last layer, ``[B, T, H]``, of texts of which the longest is first."""
        lengths = np.array([len(text) + 1 for text in texts], np.int32)
        numbers = np.full((len(texts), lengths[0]), self._alphabet.start, np.int32)  # [B, T]
        for row, text in zip(numbers, texts, strict=True):
            row[1 : len(text) + 1] = self._alphabet.encode(text)[:: -1 if self._backward else 1]
        return run_layers(self._layers, self._table, numbers, lengths)


class StringEmbeddings:
    """Contextual string embeddings by one or several language models; safe for threads.

    Weights and states are in half precision, and products of 8 bits: a bundle gives the same
    embeddings as the training, on every machine.
    """

    def __init__(
        self, models: Sequence[LanguageModel], separator: str, *, int8: bool = True
    ) -> None:
        """`separator` stands between the tokens of a sentence: a space, or nothing.

        Without `int8` products are in float32, as they were in earlier bundles.
        """
        self._int8 = int8
        self.models = tuple(map(_rounded, models))
        self.separator = separator
        self._readers = [
            (direction, StateReader(model, direction, int8=int8))
            for model in self.models
            for direction in model.weights
        ]
        self.dim = sum(reader.hidden for _, reader in self._readers)
        # Without a lock, which a forked process could find held for ever.
        self._recent: dict[tuple[str, ...], States] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is made anew: kernels cannot be copied."""
        make = functools.partial(type(self), int8=self._int8)
        return make, (self.models, self.separator)

    @classmethod
    def load(cls, folders: Sequence[str], tokenizer: str) -> "StringEmbeddings":
        """Load folders of ``ner charlm train``. Raises `UsageError` or `BundleError`."""
        if len(folders) > MOST_MODELS:
            raise UsageError(f"{len(folders)} language models; name at most {MOST_MODELS}")
        models = [load_model(folder) for folder in folders]
        for missing in {*DIRECTIONS}.difference(*(model.weights for model in models)):
            _log.warning(
                "%s: has no %s model, which would tell of the other side of each token; train one "
                "with ner charlm train --direction both",
                ", ".join(folders), missing,
            )  # fmt: skip
        return cls(models, separator_of(tokenizer))

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        """Embed each token, ``[T, dim]`` for each sentence.

        Of a word longer than 40 characters its first and last 20 are read, as in the rest of the
        tagger. Recent sentences are cached: two passes embed most of them twice.
        """
        texts = [tuple(tokens) for tokens in sentences]
        recent = self._recent  # another thread may replace it; nothing leaves this one
        known = {tokens: recent[tokens] for tokens in texts if tokens in recent}
        new = [tokens for tokens in dict.fromkeys(texts) if tokens not in known]
        read = dict(zip(new, self._embed(new), strict=True))
        if sum(states.size for states in [*recent.values()]) > MOST_RECENT:
            self._recent = recent = {}
        recent.update(read)
        return [known[tokens] if tokens in known else read[tokens] for tokens in texts]

    def _embed(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        lines = [_line(tokens, self.separator) for tokens in sentences]
        texts = [text for text, _ in lines]
        parts = [
            reader.read_at(texts, [ends[direction] for _, ends in lines])
            for direction, reader in self._readers
        ]
        return [
            np.concatenate(states, axis=1).astype(np.float16) for states in zip(*parts, strict=True)
        ]

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files().items()):
            digest.update(name.encode() + hashlib.sha256(content).digest())
        return digest.hexdigest()

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Raise `TrainingError` where a model knows less than half the characters of the tokens."""
        counts = Counter(chain.from_iterable(tokens))
        for model in self.models:
            unknown = model.alphabet.unknown_counts(counts)
            share = sum(unknown.values()) / max(1, counts.total())
            if share > 0.5:
                raise TrainingError(
                    f"a language model does not know {100 * share:.0f} % of the characters of the "
                    "training split, so it is of another alphabet; name another with --charlm"
                )
            if share > MANY_UNKNOWN:
                _log.warning(
                    "a language model does not know %.1f %% of the characters of the training "
                    "split: %s", 100 * share, ", ".join(map(repr, list(unknown)[:10])),
                )  # fmt: skip

    # --- in a bundle ----------------------------------------------------------------------------

    def files(self) -> dict[str, bytes]:
        """The files that a bundle keeps of them, by name; `from_files` reads them back."""
        described = {
            "separator": "space" if self.separator else "none",
            "precision": "int8" if self._int8 else "float32",
            "models": [model.described() for model in self.models],
        }
        weights = {
            f"{_prefix(number, direction)}{name}": tensor.astype(np.float16)
            for number, model in enumerate(self.models)
            for direction, own in model.weights.items()
            for name, tensor in own.items()
        }
        return {DESCRIPTION: to_json(described), WEIGHTS: to_safetensors(weights)}

    @classmethod
    def from_files(cls, files: StoredFolder) -> "StringEmbeddings":
        """Read what `files` gave. Raises `ValidationError` for what is damaged."""
        place = files.path / DESCRIPTION
        described = files.json(DESCRIPTION, dict)
        separator = SEPARATORS.get(str(described.get("separator")))
        entries = described.get("models")
        precision = described.get("precision", "float32")  # that of earlier bundles
        if precision not in ("float32", "int8"):
            raise damaged(place, "products of no precision that there is")
        if separator is None or not isinstance(entries, list):
            raise damaged(place, "no language models")
        if not 0 < len(entries) <= MOST_MODELS:
            raise damaged(place, f"{len(entries)} language models")
        models = [read_described(place, entry) for entry in entries]
        plans = {
            _prefix(number, direction): (len(model.alphabet), model.config.model)
            for number, (model, directions) in enumerate(models)
            for direction in directions
        }
        with files.tensors(WEIGHTS) as stored:
            weights = read_weights(stored, plans, np.float16)
        found = [
            replace(model, weights={d: weights[_prefix(number, d)] for d in directions})
            for number, (model, directions) in enumerate(models)
        ]
        return cls(found, separator, int8=precision == "int8")


def _line(tokens: Sequence[str], separator: str) -> tuple[str, dict[str, list[int]]]:
    """A sentence as the models read it, and each token's character that is read last."""
    shown = [shortened(token) for token in tokens]
    starts = list(accumulate((len(word) + len(separator) for word in shown), initial=0))
    last = [start - len(separator) - 1 for start in starts[1:]]
    return separator.join(shown), {"forward": last, "backward": starts[:-1]}


def _rounded(model: LanguageModel) -> LanguageModel:
    """The same model with weights as half precision has them."""
    weights = {
        direction: {name: w.astype(np.float16).astype(np.float32) for name, w in own.items()}
        for direction, own in model.weights.items()
    }
    return replace(model, weights=weights)


def _prefix(number: int, direction: str) -> str:
    return f"{number}.{direction}."
