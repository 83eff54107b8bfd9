"""Transformer features: states of one or several frozen encoders at each token of a sentence.

An encoder is named as ``hf=FOLDER``, with the files ``config.json``, ``tokenizer.json`` and
``model.safetensors`` in it. ``hf=FOLDER,layers=4+6,pooling=first`` chooses layers, counted from 1,
in place of the last four (of an encoder of sentences: four from the middle on), and the first piece
of each token in place of the mean of its pieces.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ner.errors import ConfigError, TrainingError, UsageError, shorten
from ner.extensions.transformers.transformer import (
    POOLINGS,
    NoSuchLayer,
    Transformer,
    describe,
    read_description,
)
from ner.files import checked_path
from ner.stored import (
    Arrays,
    Form,
    StoredFolder,
    ValidationError,
    damaged,
    to_json,
    to_safetensors,
)

_log = logging.getLogger("ner")

DESCRIPTION = "hf.json"
WEIGHTS = "hf.safetensors"
MOST_MODELS = 8
_SENTENCE_ENCODER = "modules.json"  # which sentence-transformers writes
MANY_UNKNOWN = 0.01  # share of unknown tokens that is logged
_HALF = np.dtype(np.float16)


class TransformerEmbeddings:
    """States of transformer encoders, side by side; safe for threads.

    Weights and states are in half precision: a bundle gives the same embeddings as the training.
    """

    def __init__(self, transformers: Sequence[Transformer]) -> None:
        self.transformers = tuple(transformers)
        self.dim = sum(transformer.dim for transformer in transformers)

    @classmethod
    def load(cls, paths: Sequence[str], tokenizer: str) -> Self:
        """Load folders of transformers, each with its options.

        Raises `MissingExtra`, `ConfigError` for options and `UsageError` for folders that will not
        do.
        """
        if len(paths) > MOST_MODELS:
            raise UsageError(f"{len(paths)} transformers; name at most {MOST_MODELS}")
        return cls([_load(path) for path in paths])

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float16]]:
        """Embed each token, ``[T, dim]`` for each sentence."""
        read = [transformer.embed(sentences) for transformer in self.transformers]
        return [np.concatenate(parts, axis=1) for parts in zip(*read, strict=True)]

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""
        digest = hashlib.sha256()
        for content in self.files().values():
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Raise `TrainingError` where an encoder knows less than half of the tokens."""
        counts = Counter(tokens)
        for transformer in self.transformers:
            _check_known(transformer, counts)

    # --- in a bundle ----------------------------------------------------------------------------

    def files(self) -> dict[str, bytes]:
        """The files that a bundle keeps of them, by name; `from_files` reads them back."""
        described = [transformer.description.to_dict() for transformer in self.transformers]
        weights = {
            f"{number}.{name}": weight
            for number, transformer in enumerate(self.transformers)
            for name, weight in transformer.weights.items()
        }
        return {DESCRIPTION: to_json({"models": described}), WEIGHTS: to_safetensors(weights)}

    @classmethod
    def from_files(cls, files: StoredFolder) -> Self:
        """Read what `files` gave.

        Raises `ValidationError` for what is damaged, and `MissingExtra`.
        """
        place = files.path / DESCRIPTION
        entries = files.member(DESCRIPTION, files.json(DESCRIPTION, dict), "models", list)
        if not 0 < len(entries) <= MOST_MODELS:
            raise damaged(place, f"{len(entries)} transformers")
        descriptions = [read_description(entry, place) for entry in entries]
        with files.tensors(WEIGHTS) as stored:
            # No file can ask for more layers than it has tensors for.
            if sum(max(described.layers) for described in descriptions) > len(stored.entries):
                raise damaged(stored.path, "does not fit the other files: too few tensors")
            user = f"{place}: a transformer in a model"
            found = [Transformer(described, place, user) for described in descriptions]
            stored.expect(
                {
                    f"{number}.{name}": Form(_HALF, form.shape)
                    for number, transformer in enumerate(found)
                    for name, form in transformer.forms.items()
                }
            )
            weights = stored.read()
        for number, transformer in enumerate(found):
            transformer.fill({name: weights[f"{number}.{name}"] for name in transformer.forms})
        return cls(found)


def _load(spec: str) -> Transformer:
    path, layers, pooling = _parse(spec)
    folder = StoredFolder(checked_path(path))
    place = folder.path / "config.json"
    try:
        config, tokenizer = folder.json("config.json", dict), folder.json("tokenizer.json", dict)
        of_sentences = folder.has(_SENTENCE_ENCODER)
        description = describe(config, tokenizer, place, layers, pooling, of_sentences=of_sentences)
        found = Transformer(description, place, f"token embedder hf={path}")
        with folder.tensors("model.safetensors") as stored:
            weights = _renamed(stored.read())
        found.fill(_chosen(weights, found, stored.path))
    except NoSuchLayer as error:
        raise UsageError(f"{error}; name others, as layers=1") from None
    except ValidationError as error:
        raise UsageError(
            f"{error}; name a folder with config.json, tokenizer.json and model.safetensors, as "
            "made by: hf download NAME --local-dir FOLDER"
        ) from None
    return found


def _parse(spec: str) -> tuple[str, list[int], str]:
    """The folder, the layers and the pooling of a token embedder. Raises `ConfigError`."""
    path, *options = re.split(",(?=(?:layers|pooling)=)", spec)
    given = dict(option.split("=", 1) for option in options)
    layers, pooling = given.get("layers"), given.get("pooling", POOLINGS[0])
    if layers is not None and not re.fullmatch(r"[0-9]{1,4}(\+[0-9]{1,4})*", layers):
        raise ConfigError(f"layers={shorten(layers)} of {path}: write numbers as layers=4+6")
    if pooling not in POOLINGS:
        raise ConfigError(
            f"pooling={shorten(pooling)} of {path}: write pooling={' or pooling='.join(POOLINGS)}"
        )
    return path, [int(number) for number in layers.split("+")] if layers else [], pooling


def _renamed(weights: Arrays) -> dict[str, NDArray[np.generic]]:
    """Weights as an encoder by itself has them: without the names of a whole model and of old."""
    return {
        re.sub(r"^(bert|distilbert|electra|mpnet|roberta)\.", "", name)
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias"): weight
        for name, weight in weights.items()
    }


def _chosen(weights: Arrays, transformer: Transformer, place: Path) -> Arrays:
    """The weights of an encoder, as half precision has them. Raises `ValidationError`."""
    found = {}
    for name, form in transformer.forms.items():
        if name not in weights or weights[name].shape != form.shape:
            raise damaged(place, f"does not fit config.json: no {name} of shape {[*form.shape]}")
        with np.errstate(over="ignore"):
            found[name] = weights[name].astype(_HALF)
        if not np.isfinite(found[name]).all():
            raise ValidationError(place, f"has numbers beyond half precision in {name}")
    return found


def _check_known(transformer: Transformer, counts: Counter[str]) -> None:
    unknown = [token for token in counts if not transformer.knows(token)]
    dropped = sum(counts[token] for token in unknown if transformer.drops(token))
    share = sum(counts[token] for token in unknown) / max(1, counts.total())
    if share > 0.5:
        raise TrainingError(
            f"a transformer does not know {100 * share:.0f} % of the tokens of the training split, "
            "so it is of another language or script; name another with --embeddings"
        )
    if dropped or share > MANY_UNKNOWN:
        _log.warning(
            "a transformer does not know %.1f %% of the tokens of the training split, and gives "
            "zeros for %s of them: %s",
            100 * share, f"{dropped:,}", ", ".join(shorten(t, 20) for t in islice(unknown, 10)),
        )  # fmt: skip
