"""The outputs of a tagger on disk, ``tags.json``: its tags, or those of each tag layer by name."""

from collections.abc import Iterable, Mapping

from ner.config import ModelConfig
from ner.runtime import head_forms
from ner.stored import Form, StoredFolder
from ner.tags import OUTSIDE, TagLayer, tag_layers, tag_set

MOST_OUTPUTS = 4096
"""Transitions are a square of the tags: a small file must not take much memory."""
_TAGS = "tags.json"


def stored_tags(layers: Iterable[TagLayer]) -> list[str] | dict[str, list[str]]:
    """The value of ``tags.json``."""
    by_name = {layer.name: list(layer.tags) for layer in layers}
    return by_name.get("", by_name)


def read_tags(files: StoredFolder, scheme: str) -> tuple[TagLayer, ...]:
    """Read the tags of each layer, or of the only one without a name. Raises `ValidationError`."""
    value = files.json(_TAGS, object)
    by_name = value if isinstance(value, dict) else {"": value}
    if isinstance(value, dict) and not (value and all(map(_is_name, value))):
        raise files.damaged(_TAGS, "no names of tag layers")
    if not all(isinstance(tags, list) for tags in by_name.values()):
        raise files.damaged(_TAGS, "no JSON list")
    if sum(map(len, by_name.values())) > MOST_OUTPUTS:
        raise files.damaged(_TAGS, f"no set of {scheme} tags")
    for tags in by_name.values():
        _check_tags(files, files.different(_TAGS, tags), scheme)
    return tag_layers([tag for tags in by_name.values() for tag in tags], [*filter(None, by_name)])


def _is_name(name: str) -> bool:
    return name.isprintable() and name != ""


def _check_tags(files: StoredFolder, tags: list[str], scheme: str) -> None:
    labels = labels_of(tags)
    if "" in labels or tags != tag_set(labels, scheme):
        raise files.damaged(_TAGS, f"no set of {scheme} tags")
    if not all(label.isprintable() for label in labels):  # they would reach a terminal as they are
        raise files.damaged(_TAGS, "types that cannot be printed")


def labels_of(tags: Iterable[str]) -> list[str]:
    """The entity types of tags, each once, in order."""
    return list(dict.fromkeys(tag.partition("-")[2] for tag in tags if tag != OUTSIDE))


def types_of(layers: Iterable[TagLayer]) -> list[str]:
    """The entity types of all layers, each behind the name of its layer: ``outer:PER``."""
    return [
        f"{layer.name}:{label}" if layer.name else label
        for layer in layers
        for label in labels_of(layer.tags)
    ]


def all_head_forms(config: ModelConfig, layers: tuple[TagLayer, ...]) -> Mapping[str, Form]:
    """The forms of the weights of the head, or of those of several layers."""
    if not layers[0].name:
        return head_forms(config, len(layers[0].tags))
    parts = (head_forms(config, len(own.tags), f"heads.{i}") for i, own in enumerate(layers))
    return {name: form for part in parts for name, form in part.items()}
