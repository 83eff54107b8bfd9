"""A language model on disk: a folder of JSON and safetensors, written as a whole.

::

    config.json            format number, settings, what is known of the model
    alphabet.json          the characters that it knows, the most frequent first
    forward.safetensors    weights of the forward model, if there is one
    backward.safetensors   weights of the backward model, if there is one
    checksums.json         SHA-256 of all of these
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ner.errors import BundleError, ConfigError, UsageError
from ner.extensions.charlm.config import TRAIN, CharLMConfig, ModelConfig
from ner.extensions.charlm.text import Alphabet
from ner.run_folder import find_model
from ner.runtime import layer_forms
from ner.stored import (
    Arrays,
    Form,
    StoredFolder,
    StoredTensors,
    check_format,
    damaged,
    open_model,
    to_json,
    to_safetensors,
    write_stored,
)
from ner.version import __version__

if TYPE_CHECKING:  # states are read without torch
    from ner.extensions.charlm.network import CharacterNetwork

FORMAT = 1
KIND = "character language model"
DIRECTIONS = ("forward", "backward")
_WEIGHTS = {direction: f"{direction}.safetensors" for direction in DIRECTIONS}
_FILES = {"config.json", "alphabet.json", *_WEIGHTS.values()}


@dataclass(frozen=True)
class LanguageModel:
    """Weights by direction, over one alphabet."""

    alphabet: Alphabet
    weights: Mapping[str, Arrays]
    config: CharLMConfig
    about: Mapping[str, Any]

    def weights_of(self, direction: str) -> Arrays:
        """The weights of a direction. Raises `UsageError` if there are none."""
        if direction not in self.weights:
            has = " and ".join(self.weights)
            raise UsageError(
                f"this language model is {has} only, and this needs a {direction} one; train it "
                f"with --direction {direction} or both"
            )
        return self.weights[direction]

    def network(self, direction: str, device: str = "cpu") -> "CharacterNetwork":
        """The network of a direction, in torch, on a device as of `choose_device`.

        Raises `UsageError` if there is none, or no such device.
        """
        from ner.extensions.charlm.network import CharacterNetwork
        from ner.model import choose_device, without_weights
        from ner.tensors import to_tensors

        weights = to_tensors(self.weights_of(direction))
        with without_weights():
            network = CharacterNetwork(len(self.alphabet), self.config.model)
        network.load_state_dict(weights, assign=True)
        return network.to(choose_device(device)).eval()

    def described(self) -> dict[str, Any]:
        """Its settings, alphabet and directions as plain values; `read_described` reads them."""
        return {
            "config": self.config.to_dict(),
            "alphabet": list(self.alphabet.characters),
            "directions": list(self.weights),
        }


def save_model(model: LanguageModel, folder: Path) -> None:
    """Write a language model; one that stood there before is replaced as a whole."""
    config = {
        "kind": KIND,
        "format": FORMAT,
        "version": __version__,
        "config": model.config.to_dict(),
        "about": dict(model.about),
    }
    files = {
        "config.json": to_json(config, indent=2),
        "alphabet.json": to_json(list(model.alphabet.characters)),
    }
    for direction, weights in model.weights.items():
        files[_WEIGHTS[direction]] = to_safetensors(weights)
    write_stored(folder, files)


def load_model(path: str | Path) -> LanguageModel:
    """Read a language model from its folder, or from the run folder around it.

    Raises `UsageError` where there is no model, and `BundleError` for one that is damaged or
    written by a newer version.
    """
    with open_model(find_model(path, TRAIN)) as files:
        return _load(files)


def _load(files: StoredFolder) -> LanguageModel:
    place = files.path / "config.json"
    head = files.json("config.json", dict)
    if head.get("kind") != KIND:
        raise UsageError(f"{place}: is not of a language model; name a folder of ner charlm train")
    if type(head.get("format")) is not int or head["format"] < 1:
        raise damaged(place, "no format number")
    check_format(place, head, range(1, FORMAT + 1))
    files.check(_FILES)
    settings, about = head.get("config"), head.get("about")
    if not isinstance(settings, dict) or not isinstance(about, dict):
        raise damaged(place, "no settings")
    try:
        config = CharLMConfig.from_dict(settings, str(place), earlier=True)
    except ConfigError as error:
        message = str(error)[:1000]
        raise BundleError(f"{message}; the model was written by another version") from None
    alphabet = _read_alphabet(files.path / "alphabet.json", files.json("alphabet.json", list))
    found = {}
    for direction in DIRECTIONS:
        if files.has(_WEIGHTS[direction]):
            with files.tensors(_WEIGHTS[direction]) as stored:
                read = read_weights(stored, {"": (len(alphabet), config.model)})
            found[direction] = read[""]
    if not found:
        raise damaged(place, "neither a forward nor a backward model")
    return LanguageModel(alphabet, found, config, about)


def read_described(place: Path, entry: Any) -> tuple[LanguageModel, Sequence[str]]:
    """A model without weights, and its directions, from `described`. Raises `ValidationError`."""
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
    return LanguageModel(_read_alphabet(place, characters), {}, config, {}), directions


def _read_alphabet(place: Path, characters: Sequence[Any]) -> Alphabet:
    if not all(isinstance(character, str) for character in characters):
        raise damaged(place, "characters that are no text")
    try:
        return Alphabet(characters)
    except ValueError as error:
        raise damaged(place, str(error)) from None


def read_weights(
    stored: StoredTensors,
    plans: Mapping[str, tuple[int, ModelConfig]],
    dtype: type[np.floating[Any]] = np.float32,
) -> dict[str, Arrays]:
    """The weights of the networks in a file, by the prefix of the names of their tensors.

    `plans` have the size of the alphabet and the settings of each; weights are stored as `dtype`.
    Raises `ValidationError` for a file that does not fit, before it takes any memory.
    """
    # A layer has four tensors: no file can ask for more layers than it has tensors for.
    if sum(4 * config.layers for _, config in plans.values()) > len(stored.entries):
        raise damaged(stored.path, "does not fit the other files: too few tensors")
    names = {prefix: [*_forms(*plan)] for prefix, plan in plans.items()}
    stored.expect(
        {
            prefix + name: Form(np.dtype(dtype), form.shape)
            for prefix, forms in names.items()
            for name, form in forms
        }
    )
    weights = stored.read()
    return {
        prefix: {name: weights[prefix + name].astype(np.float32) for name, _ in forms}
        for prefix, forms in names.items()
    }


def _forms(characters: int, config: ModelConfig) -> Iterator[tuple[str, Form]]:
    """The forms of the weights of a `CharacterNetwork`."""
    single, hidden = np.dtype(np.float32), config.hidden
    yield "embed.weight", Form(single, (characters, config.embedding))
    for number in range(config.layers):
        inputs = hidden if number else config.embedding
        yield from layer_forms(f"layers.{number}", config.cell, inputs, hidden)
    yield "out.weight", Form(single, (characters, hidden))
    yield "out.bias", Form(single, (characters,))
