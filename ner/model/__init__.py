"""The network: embed, encode, score."""

from ner.model.embedder import Sizes, TableSize
from ner.model.engine import Contextual
from ner.model.network import Network
from ner.model.tagging import Model

__all__ = ["Contextual", "Model", "Network", "Sizes", "TableSize"]
