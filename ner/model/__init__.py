"""The network: embed, encode, score."""

from ner.model.embedder import Inputs
from ner.model.network import Network
from ner.model.tagging import Model
from ner.model.token_embedders import TokenEmbedder

__all__ = ["Inputs", "Model", "Network", "TokenEmbedder"]
