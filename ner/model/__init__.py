"""The network: embed, encode, score."""

from ner.model.network import Network

__all__ = ["Network"]
