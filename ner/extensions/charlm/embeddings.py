"""Contextual string embeddings: states of language models at each token of a sentence.

A forward model has read up to the last character of a token, a backward one from the end of the
sentence down to its first character; their states there embed the token in its context (Akbik,
Blythe and Vollgraf 2018, "Contextual String Embeddings for Sequence Labeling"). The models are
frozen, so embeddings can be cached.
"""

import copy
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ner.errors import ConfigError, TrainingError, UsageError
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import (
    DIRECTIONS,
    LanguageModel,
    load_model,
    read_alphabet,
    read_networks,
)
from ner.extensions.charlm.states import StateReader
from ner.extensions.charlm.text import separator_of
from ner.features import shortened
from ner.stored import StoredFolder, damaged, to_json

_log = logging.getLogger("ner")

States = NDArray[np.float16]

DESCRIPTION = "charlm.json"
WEIGHTS = "charlm.safetensors"
MOST_MODELS = 8
MOST_RECENT = 1 << 25  # numbers of sentences read lately, of 2 bytes each
MANY_UNKNOWN = 0.01  # share of unknown characters that is logged
SEPARATORS = {"": "none", " ": "space"}


class _Reader(NamedTuple):
    direction: str
    states: StateReader


class _Recent:
    """Embeddings of recent sentences.

    Without a lock, which a forked process could find held for ever; `size` may be a little off.
    """

    def __init__(self) -> None:
        self.states: dict[tuple[str, ...], States] = {}
        self.size = 0  # numbers

    def add(self, read: Mapping[tuple[str, ...], States]) -> None:
        self.states.update(read)
        self.size += sum(states.size for states in read.values())


class StringEmbeddings:
    """Contextual string embeddings by one or several language models; safe for threads.

    Weights and states (between -1 and 1) are in half precision, so that a bundle gives the same
    embeddings as the training.
    """

    def __init__(self, models: Sequence[LanguageModel], separator: str) -> None:
        """`separator` stands between the tokens of a sentence: a space, or nothing."""
        self.models = tuple(map(_rounded, models))
        self.separator = separator
        self._readers = [
            _Reader(direction, model.reader(direction))
            for model in self.models
            for direction in model.networks
        ]
        self.dim = sum(reader.states.hidden for reader in self._readers)
        self._recent = _Recent()

    @classmethod
    def load(cls, folders: Sequence[str], tokenizer: str) -> "StringEmbeddings":
        """Load folders of ``ner charlm train``. Raises `UsageError` or `BundleError`."""
        if len(folders) > MOST_MODELS:
            raise UsageError(f"{len(folders)} language models; name at most {MOST_MODELS}")
        models = [load_model(folder) for folder in folders]
        directions = {direction for model in models for direction in model.networks}
        for missing in (direction for direction in DIRECTIONS if direction not in directions):
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
        known = {tokens: recent.states[tokens] for tokens in texts if tokens in recent.states}
        new = [tokens for tokens in dict.fromkeys(texts) if tokens not in known]
        read = dict(zip(new, self._embed(new), strict=True))
        if recent.size > MOST_RECENT:
            self._recent = recent = _Recent()
        recent.add(read)
        return [known[tokens] if tokens in known else read[tokens] for tokens in texts]

    def _embed(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        lines = [_Line.of(tokens, self.separator) for tokens in sentences]
        texts = [line.text for line in lines]
        parts = []
        for direction, reader in self._readers:
            places = [line.first if direction == "backward" else line.last for line in lines]
            parts.append(reader.read_at(texts, places))
        return [torch.cat(states, 1).half().numpy() for states in zip(*parts, strict=True)]

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files().items()):
            digest.update(name.encode() + hashlib.sha256(content).digest())
        return digest.hexdigest()

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Compare the characters of a training split with the alphabets of the models.

        Raises `TrainingError` where one knows less than half of them.
        """
        counts: Counter[str] = Counter()
        for token in tokens:
            counts.update(token)
        total = sum(counts.values())
        for model in self.models:
            unknown = model.alphabet.unknown_counts(counts)
            share = sum(unknown.values()) / max(1, total)
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
            "separator": SEPARATORS[self.separator],
            "models": [
                {
                    "config": model.config.to_dict(),
                    "alphabet": list(model.alphabet.characters),
                    "directions": list(model.networks),
                }
                for model in self.models
            ],
        }
        weights = {
            f"{_prefix(number, direction)}{name}": tensor.half().contiguous()
            for number, model in enumerate(self.models)
            for direction, network in model.networks.items()
            for name, tensor in network.state_dict().items()
        }
        return {DESCRIPTION: to_json(described), WEIGHTS: safetensors.torch.save(weights)}

    @classmethod
    def from_files(cls, files: StoredFolder) -> "StringEmbeddings":
        """Read what `files` gave. Raises `ValidationError` for what is damaged."""
        place = files.path / DESCRIPTION
        described = files.json(DESCRIPTION, dict)
        separator = {name: text for text, name in SEPARATORS.items()}.get(
            str(described.get("separator"))
        )
        entries = described.get("models")
        if separator is None or not isinstance(entries, list):
            raise damaged(place, "no language models")
        if not 0 < len(entries) <= MOST_MODELS:
            raise damaged(place, f"{len(entries)} language models")
        models = [_described(place, entry) for entry in entries]
        plans = {
            _prefix(number, direction): (len(model.alphabet), model.config.model)
            for number, (model, directions) in enumerate(models)
            for direction in directions
        }
        with files.tensors(WEIGHTS) as stored:
            networks = read_networks(stored, plans, torch.float16)
        found = [
            replace(model, networks={d: networks[_prefix(number, d)] for d in directions})
            for number, (model, directions) in enumerate(models)
        ]
        return cls(found, separator)


class _Line(NamedTuple):
    """A sentence as the models read it, and where each token has its first and last character."""

    text: str
    first: list[int]
    last: list[int]

    @classmethod
    def of(cls, tokens: Sequence[str], separator: str) -> "_Line":
        shown = [shortened(token) for token in tokens]
        ends = list(accumulate((len(word) + len(separator) for word in shown), initial=0))
        last = [end - len(separator) - 1 for end in ends[1:]]
        return cls(separator.join(shown), ends[:-1], last)


def _rounded(model: LanguageModel) -> LanguageModel:
    """The same model with weights as half precision has them."""
    networks = {
        direction: copy.deepcopy(network).cpu().half().float()
        for direction, network in model.networks.items()
    }
    return replace(model, networks=networks)


def _prefix(number: int, direction: str) -> str:
    return f"{number}.{direction}."


def _described(place: Path, entry: Any) -> tuple[LanguageModel, Sequence[str]]:
    """A model as it is described, without its networks, and the directions that it has."""
    match entry:
        case {"config": dict(settings), "alphabet": list(characters), "directions": [*directions]}:
            pass
        case _:
            raise damaged(place, "no language model")
    if not directions or directions != [d for d in DIRECTIONS if d in directions]:
        raise damaged(place, "a language model of no direction")
    try:
        config = CharLMConfig.from_dict(settings, "settings", earlier=True)
    except ConfigError as error:
        raise damaged(place, str(error)[:200]) from None
    return LanguageModel(read_alphabet(place, characters), {}, config, {}), directions
