"""A model on disk: its format, where it is found, its card."""

from ner.bundle.card import Card
from ner.bundle.format import (
    MOST_OUTPUTS,
    BaseBundle,
    Bundle,
    load_bundle,
    read_head,
    read_parts,
    resource_names,
    save_bundle,
)
from ner.run_folder import find_bundle, newest_bundle

__all__ = [
    "MOST_OUTPUTS", "BaseBundle", "Bundle", "Card", "find_bundle", "load_bundle",
    "newest_bundle", "read_head", "read_parts", "resource_names", "save_bundle",
]  # fmt: skip
