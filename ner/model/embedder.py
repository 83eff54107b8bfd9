"""Embed: the features of each token before any context is read."""

from collections.abc import Iterator
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from ner.config import ModelConfig
from ner.features import Batch, Indexer
from ner.features.modules import WordEmbedding
from ner.model.encoder import VariationalDropout
from ner.model.token_embedders import TokenEmbedder


class Inputs(NamedTuple):
    """All that the shapes of a network's input depend on."""

    indexer: Indexer
    contextual: int = 0  # numbers of a contextual embedding

    @classmethod
    def of(cls, indexer: Indexer, contextual: TokenEmbedder | None) -> Self:
        """Take the size of the embedder's output, if there is one."""
        return cls(indexer, contextual.dim if contextual else 0)


class ContextualProjection(nn.Module):
    """A linear map of the contextual embedding of a token, with variational dropout before it.

    Its inputs are many, dense and without word dropout, so it would soon overfit. Adam moves every
    weight by about the learning rate: with M inputs, outputs move M times as fast as other
    features. So inputs are divided by √M, and weights begin √M times as large.
    """

    def __init__(self, in_dim: int, out_dim: int, dropout: float) -> None:
        super().__init__()
        self.scale = in_dim**-0.5
        self.dropout = VariationalDropout(dropout)
        self.linear = nn.Linear(in_dim, out_dim)
        nn.init.uniform_(self.linear.weight, -1.0, 1.0)

    def forward(self, states: Tensor) -> Tensor:
        """``[…, M]`` → ``[…, out]``; in training ``[B, T, M]``."""
        features: Tensor = self.linear(self.dropout(states) * self.scale)
        return features


class Embedder(nn.Module):
    """Features of distinct words, spread over the tokens, and projected contextual embeddings."""

    def __init__(self, inputs: Inputs, config: ModelConfig) -> None:
        super().__init__()
        features = inputs.indexer
        # Modules draw their first weights in this order.
        tables = features.words.modules(config)
        self.words = nn.ModuleList(tables)
        self.characters = features.characters.module(config)
        self.kinds = nn.ModuleList()
        self._columns: list[int] = []  # of `batch.categorical`, for each of `kinds`
        self.out_dim = sum(table.size.dim for table in tables)
        if self.characters is not None:
            self.out_dim += self.characters.out_dim
        column = 0
        for feature in features.categorical:
            own = feature.modules(config)
            self.kinds.extend(own)
            self._columns += range(column, column + len(own))
            self.out_dim += sum(table.embedding_dim for table in own)
            column += len(feature.sizes)
        self.contextual: ContextualProjection | None = None
        if inputs.contextual:
            self.contextual = ContextualProjection(
                inputs.contextual, config.contextual_dim, config.dropout
            )
            self.out_dim += config.contextual_dim

    @property
    def tables(self) -> list[WordEmbedding]:
        """The tables of words."""
        return [table for table in self.words if isinstance(table, WordEmbedding)]

    def lookups(self, batch: Batch) -> Iterator[tuple[nn.Embedding, Tensor]]:
        """The tables of words and categories that learn, with the rows ``[U]`` that are read."""
        for i, table in enumerate(self.tables):
            yield table.trained, table.rows(batch.words[:, i])
        for column, kind in zip(self._columns, self.kinds, strict=True):
            assert isinstance(kind, nn.Embedding)
            yield kind, batch.categorical[:, column]

    def forward(self, batch: Batch) -> Tensor:
        """Features ``[B, T, D]``, arbitrary at padding."""
        return self.in_context(self.of_words(batch), batch)

    def in_context(self, features: Tensor, batch: Batch) -> Tensor:
        """Features `of_words`, with the contextual embeddings beside them."""
        if self.contextual is None:
            return features
        assert batch.contextual is not None, "this model reads contextual embeddings"
        return torch.cat([features, self.contextual(batch.contextual)], dim=2)

    def of_words(self, batch: Batch) -> Tensor:
        """Only the features ``[B, T, D]`` that are the same wherever a word stands."""
        parts = [table(batch.words[:, i]) for i, table in enumerate(self.words)]
        if self.characters is not None:
            parts.append(self.characters(batch.characters))
        for column, table in zip(self._columns, self.kinds, strict=True):
            parts.append(table(batch.categorical[:, column]))
        # Not by an index, whose gradient several threads add up in whatever order they come.
        return nn.functional.embedding(batch.forms, torch.cat(parts, dim=1))
