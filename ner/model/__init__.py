"""The network: embed, encode, score."""

from ner.model.embedder import Sizes, TableSize
from ner.model.network import Network
from ner.model.tagging import Model

__all__ = ["Model", "Network", "Sizes", "TableSize"]
