"""Tagging without torch: a network's weights at work in C, or in NumPy without a compiler."""

from ner.runtime.chain import compiled_chain
from ner.runtime.compact import compacted, expanded, is_compact, read_weights
from ner.runtime.engine import NativeEngine
from ner.runtime.forms import head_forms, network_forms
from ner.runtime.layers import layer_forms, layer_of, run_layers
from ner.runtime.model import AnyModel, StoredModel
from ner.runtime.twin import CELLS

__all__ = [
    "CELLS", "AnyModel", "NativeEngine", "StoredModel", "compacted", "compiled_chain", "expanded",
    "head_forms", "is_compact", "layer_forms", "layer_of", "network_forms", "read_weights",
    "run_layers",
]  # fmt: skip
