"""A language model on disk: a folder of JSON and safetensors, written as a whole.

::

    config.json            format number, settings, what is known of the model
    alphabet.json          the characters that it knows, the most frequent first
    forward.safetensors    weights of the forward model, if there is one
    backward.safetensors   weights of the backward model, if there is one
    checksums.json         SHA-256 of all of these
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ner.errors import BundleError, ConfigError, UsageError
from ner.extensions.charlm.config import TRAIN, CharLMConfig, ModelConfig
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import Alphabet
from ner.model import choose_device, without_weights
from ner.run_folder import find_bundle
from ner.stored import (
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

FORMAT = 1
KIND = "character language model"
DIRECTIONS = ("forward", "backward")
_WEIGHTS = {direction: f"{direction}.safetensors" for direction in DIRECTIONS}
_FILES = {"config.json", "alphabet.json", *_WEIGHTS.values()}


@dataclass(frozen=True)
class LanguageModel:
    """Networks by direction, over one alphabet."""

    alphabet: Alphabet
    networks: Mapping[str, CharacterNetwork]
    config: CharLMConfig
    about: Mapping[str, Any]

    def network(self, direction: str) -> CharacterNetwork:
        """The network of a direction. Raises `UsageError` if there is none."""
        if direction not in self.networks:
            has = " and ".join(self.networks)
            raise UsageError(
                f"this language model is {has} only, and this needs a {direction} one; train it "
                f"with --direction {direction} or both"
            )
        return self.networks[direction]

    def described(self) -> dict[str, Any]:
        """Its settings, alphabet and directions as plain values; `read_described` reads them."""
        return {
            "config": self.config.to_dict(),
            "alphabet": list(self.alphabet.characters),
            "directions": list(self.networks),
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
    for direction, network in model.networks.items():
        files[_WEIGHTS[direction]] = to_safetensors(network.state_dict())
    write_stored(folder, files)


def load_model(path: str | Path, device: str = "cpu") -> LanguageModel:
    """Read a language model from its folder, or from the run folder around it.

    `device` is a name as of `choose_device`. Raises `UsageError` where there is no model or no such
    device, and `BundleError` for a model that is damaged or written by a newer version.
    """
    chosen = choose_device(device)
    with open_model(find_bundle(path, TRAIN)) as files:
        return _load(files, chosen)


def _load(files: StoredFolder, device: torch.device) -> LanguageModel:
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
    networks = {}
    for direction in DIRECTIONS:
        if files.has(_WEIGHTS[direction]):
            with files.tensors(_WEIGHTS[direction]) as stored:
                read = read_networks(stored, {"": (len(alphabet), config.model)})
            networks[direction] = read[""].to(device)
    if not networks:
        raise damaged(place, "neither a forward nor a backward model")
    return LanguageModel(alphabet, networks, config, about)


def read_described(place: Path, entry: Any) -> tuple[LanguageModel, Sequence[str]]:
    """A model without networks, and its directions, from `described`. Raises `ValidationError`."""
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


def read_networks(
    stored: StoredTensors,
    plans: Mapping[str, tuple[int, ModelConfig]],
    dtype: torch.dtype = torch.float32,
) -> dict[str, CharacterNetwork]:
    """The networks in a file, by the prefix of the names of their tensors.

    `plans` have the arguments of each `CharacterNetwork`; weights are stored as `dtype`. It takes
    no memory before the file is known to fit: raises `ValidationError` if it does not.
    """
    # A layer has four tensors: no file can ask for more layers than it has tensors for.
    if sum(4 * config.layers for _, config in plans.values()) > len(stored.entries):
        raise damaged(stored.path, "does not fit the other files: too few tensors")
    try:
        with without_weights():
            networks = {key: CharacterNetwork(*plan).to(dtype) for key, plan in plans.items()}
    except (RuntimeError, OverflowError, TypeError):
        raise damaged(stored.path, "does not fit the other files: sizes beyond all") from None
    outlines = {key: network.state_dict() for key, network in networks.items()}
    stored.expect({key + name: t for key, part in outlines.items() for name, t in part.items()})
    weights = stored.read()
    for key, network in networks.items():
        network.load_state_dict({name: weights[key + name] for name in outlines[key]}, assign=True)
    return {key: network.float().eval() for key, network in networks.items()}
