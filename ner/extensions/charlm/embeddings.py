"""Contextual string embeddings: states of language models at each token of a sentence.

A forward model has read up to the last character of a token, a backward one from the end of the
sentence down to its first character (Akbik, Blythe and Vollgraf 2018, "Contextual String Embeddings
for Sequence Labeling"). The models are frozen, so embeddings can be cached.
"""

import copy
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, chain

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.errors import TrainingError, UsageError
from ner.extensions.charlm.folder import (
    DIRECTIONS,
    LanguageModel,
    load_model,
    read_described,
    read_networks,
)
from ner.extensions.charlm.text import separator_of
from ner.features import shortened
from ner.model import Steps, plan_steps, recurrence_of
from ner.stored import StoredFolder, damaged, to_json

_log = logging.getLogger("ner")

States = NDArray[np.float16]

DESCRIPTION = "charlm.json"
WEIGHTS = "charlm.safetensors"
MOST_MODELS = 8
MOST_RECENT = 1 << 25  # numbers of sentences read lately, of 2 bytes each
MANY_UNKNOWN = 0.01  # share of unknown characters that is logged
SEPARATORS = {"none": "", "space": " "}
BATCH_CHARACTERS = 1 << 14  # read together: bounds the memory


class StateReader:
    """A network prepared for reading many texts on a CPU; it must not change any more.

    The input product of the first layer is computed once for the whole alphabet.
    """

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, direction: str) -> None:
        """Raise `UsageError` for a model without that direction."""
        network = model.network(direction)
        self.hidden = network.out.in_features
        self._alphabet = model.alphabet
        self._backward = direction == "backward"
        self._layers = [recurrence_of(layer) for layer in network.layers]
        self._table = self._layers[0].project(network.embed.weight.detach())  # [V, G · H]

    @torch.inference_mode()
    def read_at(self, texts: Sequence[str], positions: Sequence[Sequence[int]]) -> list[Tensor]:
        """The states of the last layer at some characters of each text, ``[positions, H]``.

        A forward model has read the text from its start to the end of the character there, a
        backward one from its end. Each text is read by itself, as if a line had just ended.
        """
        found = [torch.zeros(len(chosen), self.hidden) for chosen in positions]  # of an empty text
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: -len(texts[i]))
        while order:
            size = max(1, BATCH_CHARACTERS // (len(texts[order[0]]) + 1))
            batch, order = order[:size], order[size:]
            states = self._states_at([texts[i] for i in batch], [positions[i] for i in batch])
            for index, part in zip(batch, states, strict=True):
                found[index] = part
        return found

    def _states_at(
        self, texts: Sequence[str], positions: Sequence[Sequence[int]]
    ) -> Sequence[Tensor]:
        """Texts that are not empty, the longest first."""
        lengths = np.array([len(text) + 1 for text in texts])
        numbers = np.full((len(texts), lengths[0]), self._alphabet.start)  # [B, T]
        for row, text in zip(numbers, texts, strict=True):
            row[1 : len(text) + 1] = self._alphabet.encode(text)[:: -1 if self._backward else 1]
        steps = plan_steps(lengths, directions=1)
        states = self._states(torch.from_numpy(numbers).flatten(), steps)
        step_of = np.empty(numbers.size, dtype=np.int64)
        step_of[steps.positions[0].numpy()] = np.arange(len(states))
        starts = range(1, numbers.size, int(lengths[0]))  # behind the start of each text
        wanted = []
        for start, text, chosen in zip(starts, texts, positions, strict=True):
            places = np.array(chosen, np.int64)
            read_before = len(text) - 1 - places if self._backward else places  # characters
            wanted.append(step_of[start + read_before])
        found = states[torch.from_numpy(np.concatenate(wanted))]
        parts: Sequence[Tensor] = found.split_with_sizes([len(part) for part in wanted])
        return parts

    def _states(self, numbers: Tensor, steps: Steps) -> Tensor:
        """States of the last layer, ``[N, H]``, in the order of the steps."""
        first, *others = self._layers
        states = first.run(self._table, numbers[steps.positions], steps.counts)
        scale = first.scale
        for layer in others:
            outputs = states.new_zeros(len(numbers), self.hidden)
            outputs[steps.positions[0]] = states[0] * scale
            states = layer.run(layer.project(outputs), steps.positions, steps.counts)
            scale = layer.scale
        return states[0] * scale


class StringEmbeddings:
    """Contextual string embeddings by one or several language models; safe for threads.

    Weights and states are in half precision: a bundle gives the same embeddings as the training.
    """

    def __init__(self, models: Sequence[LanguageModel], separator: str) -> None:
        """`separator` stands between the tokens of a sentence: a space, or nothing."""
        self.models = tuple(map(_rounded, models))
        self.separator = separator
        self._readers = [
            (direction, StateReader(model, direction))
            for model in self.models
            for direction in model.networks
        ]
        self.dim = sum(reader.hidden for _, reader in self._readers)
        # Without a lock, which a forked process could find held for ever.
        self._recent: dict[tuple[str, ...], States] = {}

    @classmethod
    def load(cls, folders: Sequence[str], tokenizer: str) -> "StringEmbeddings":
        """Load folders of ``ner charlm train``. Raises `UsageError` or `BundleError`."""
        if len(folders) > MOST_MODELS:
            raise UsageError(f"{len(folders)} language models; name at most {MOST_MODELS}")
        models = [load_model(folder) for folder in folders]
        for missing in {*DIRECTIONS}.difference(*(model.networks for model in models)):
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
        return [torch.cat(states, 1).half().numpy() for states in zip(*parts, strict=True)]

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
            "models": [model.described() for model in self.models],
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
        separator = SEPARATORS.get(str(described.get("separator")))
        entries = described.get("models")
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
            networks = read_networks(stored, plans, torch.float16)
        found = [
            replace(model, networks={d: networks[_prefix(number, d)] for d in directions})
            for number, (model, directions) in enumerate(models)
        ]
        return cls(found, separator)


def _line(tokens: Sequence[str], separator: str) -> tuple[str, dict[str, list[int]]]:
    """A sentence as the models read it, and each token's character that is read last."""
    shown = [shortened(token) for token in tokens]
    starts = list(accumulate((len(word) + len(separator) for word in shown), initial=0))
    last = [start - len(separator) - 1 for start in starts[1:]]
    return separator.join(shown), {"forward": last, "backward": starts[:-1]}


def _rounded(model: LanguageModel) -> LanguageModel:
    """The same model with weights as half precision has them."""
    networks = {
        direction: copy.deepcopy(network).cpu().half().float()
        for direction, network in model.networks.items()
    }
    return replace(model, networks=networks)


def _prefix(number: int, direction: str) -> str:
    return f"{number}.{direction}."
