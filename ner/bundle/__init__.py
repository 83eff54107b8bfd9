"""A model on disk: its format, where it is found, its card."""

from ner.bundle.card import Card, precision_in_words
from ner.bundle.export import export_bundle, pack_bundle
from ner.bundle.format import (
    BaseBundle,
    Bundle,
    has_rounded_weights,
    load_bundle,
    on_device,
    read_head,
    read_parts,
    resource_names,
    save_bundle,
    tagger_network,
)
from ner.bundle.outputs import MOST_OUTPUTS
from ner.run_folder import default_bundle, find_bundle, find_model, newest_bundle

__all__ = [
    "FINISHED", "MOST_OUTPUTS", "BaseBundle", "Bundle", "Card", "default_bundle",
    "export_bundle", "find_bundle", "find_model", "has_rounded_weights", "load_bundle",
    "newest_bundle", "on_device", "pack_bundle", "precision_in_words", "read_head",
    "read_parts", "resource_names", "save_bundle", "tagger_network",
]  # fmt: skip
