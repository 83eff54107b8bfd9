"""A model on disk: its format, where it is found, its card."""

from ner.bundle.card import fill_card
from ner.bundle.discovery import FINISHED, find_bundle, newest_bundle
from ner.bundle.format import (
    FILES,
    WEIGHTS,
    Bundle,
    ModelKind,
    building,
    load_bundle,
    read_head,
    read_weights,
    save_bundle,
    versions,
    write_bundle,
)
from ner.bundle.parts import read_parts, resource_names

__all__ = [
    "FILES", "FINISHED", "WEIGHTS", "Bundle", "ModelKind", "building", "fill_card",
    "find_bundle", "load_bundle", "newest_bundle", "read_head", "read_parts", "read_weights",
    "resource_names", "save_bundle", "versions", "write_bundle",
]  # fmt: skip
