"""Embed: what a word contributes before any context is read."""

from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ner.config import ModelConfig
from ner.features import PADDING, Batch
from ner.features.indexer import Kind
from ner.model.encoder import VariationalDropout


class CharacterCNN(nn.Module):
    """Filters over a word's characters, the strongest answer of each (Ma and Hovy 2016).

    The words are written one behind the other, with as much padding between
    them as keeps them out of each other's windows: no long word makes a batch
    of short ones long.
    """

    def __init__(self, characters: int, dim: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(characters, dim, padding_idx=PADDING)
        self.filters = nn.Conv1d(dim, filters, kernel)
        self.dropout = nn.Dropout(0.25)
        self.out_dim = filters

    def forward(self, characters: Tensor) -> Tensor:
        """``[U, C]`` character numbers → ``[U, filters]``; 0 for words without any."""
        # One kernel less one of padding before each word, and behind the last:
        # every character meets every column of the filters.
        gap = self.filters.kernel_size[0] - 1
        there = characters != PADDING
        inside = nn.functional.pad(there, (gap, 0), value=True)  # [U, gap + C]
        line = nn.functional.pad(characters, (gap, 0))[inside]
        embedded = self.dropout(self.embed(nn.functional.pad(line, (0, gap))))  # [P + gap, dim]
        found = self._filter(embedded, len(line))
        answers = found.new_full((*inside.shape, self.out_dim), float("-inf"))
        answers[inside] = found
        best: Tensor = answers.amax(1).relu()
        return best.masked_fill(~there.any(1)[:, None], 0.0)

    def _filter(self, embedded: Tensor, windows: int) -> Tensor:
        """``[P + gap, dim]`` → the filters' answers to each of the P windows, ``[P, filters]``.

        A product for each column of the filters: faster than a convolution on a CPU.
        """
        answers = cast(Tensor, self.filters.bias).expand(windows, -1)
        for offset, column in enumerate(self.filters.weight.unbind(2)):
            answers = torch.addmm(answers, embedded[offset : offset + windows], column.t())
        return answers


class CharacterLSTM(nn.Module):
    """Last states of an LSTM from each end of the word (Lample et al. 2016)."""

    def __init__(self, characters: int, dim: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(characters, dim, padding_idx=PADDING)
        self.dropout = nn.Dropout(0.25)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.out_dim = 2 * hidden

    def forward(self, characters: Tensor) -> Tensor:
        """``[U, C]`` character numbers → ``[U, 2 · hidden]``."""
        lengths = (characters != PADDING).sum(1).clamp(min=1).cpu()
        embedded = self.dropout(self.embed(characters))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        state: Tensor = self.lstm(packed)[1][0]  # [2, U, hidden]
        return state.transpose(0, 1).flatten(1)


def character_encoder(characters: int, config: ModelConfig) -> Any:
    """The character encoder that the configuration asks for, or None."""
    if config.chars in ("auto", "cnn"):
        return CharacterCNN(characters, config.char_dim, config.char_hidden, config.char_kernel)
    if config.chars == "lstm":
        return CharacterLSTM(characters, config.char_dim, config.char_hidden)
    return None


class TableSize(NamedTuple):
    """The shape of a table of words."""

    trained: int  # words that learn, padding and unknown included
    spare: int  # words with a fixed vector
    dim: int
    pretrained: bool  # whether the vectors come from a file


class Sizes(NamedTuple):
    """All shapes of an embedder that depend on the corpus."""

    words: tuple[TableSize, ...]
    characters: int
    kinds: tuple[Kind, ...]
    contextual: int = 0  # numbers that language models give for each token


class WordEmbedding(nn.Module):
    """Vectors of words: of some the rows learn, of others they are fixed, in half precision.

    Where the configuration says `projected`, vectors that come from a file go
    through a linear map that learns, at first the identity.
    """

    spare: Tensor

    def __init__(self, size: TableSize, mode: str) -> None:
        super().__init__()
        self.size = size
        self.trained = nn.Embedding(size.trained, size.dim, padding_idx=PADDING)
        bound = (3.0 / size.dim) ** 0.5
        nn.init.uniform_(self.trained.weight, -bound, bound)
        nn.init.zeros_(self.trained.weight[PADDING].detach())
        self.register_buffer("spare", torch.zeros(size.spare, size.dim, dtype=torch.float16))
        self.projection: nn.Linear | None = None
        if size.pretrained and mode == "projected":
            self.projection = nn.Linear(size.dim, size.dim, bias=False)
            nn.init.eye_(self.projection.weight)

    def load_vectors(self, rows: Tensor, spare: Tensor) -> None:
        """Put pre-trained vectors in place.

        `rows` is ``[trained, D]`` with NaN where there is none: those rows keep
        a random vector of the same spread. `spare` is ``[spare, D]``.
        """
        known = ~rows.isnan().any(1)
        with torch.no_grad():
            weight = self.trained.weight
            largest = torch.finfo(self.spare.dtype).max
            fixed = spare.clamp(-largest, largest)
            weight *= torch.cat([rows[known], fixed]).std() / weight.std()
            weight[known] = rows[known]
            self.spare.copy_(fixed)

    def forward(self, words: Tensor) -> Tensor:
        """``[U]`` word numbers → ``[U, D]``."""
        found: Tensor = self._look_up(words)
        return found if self.projection is None else self.projection(found)

    def _look_up(self, words: Tensor) -> Tensor:
        if not len(self.spare):
            found: Tensor = self.trained(words)
            return found
        limit = self.trained.num_embeddings
        trained = self.trained(words.clamp(max=limit - 1))
        fixed = self.spare[(words - limit).clamp(min=0)].to(trained.dtype)
        return torch.where((words >= limit)[:, None], fixed, trained)


class ContextualProjection(nn.Module):
    """A linear map of what language models say of a token, with variational dropout before it.

    Its inputs are many, dense and not hidden as words are, so a sentence would
    soon be learnt by heart. Adam moves every weight by about the learning rate:
    with M inputs, what comes out moves M times as fast as other features. So
    inputs are divided by √M, and weights begin √M times as large as they would.
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
    """Word, character and other features of each distinct word, spread over the tokens.

    Behind these stand, if there are any, those of each token in its sentence:
    what language models say of it, through a linear map that learns.
    """

    def __init__(self, sizes: Sizes, config: ModelConfig) -> None:
        super().__init__()
        self.words = nn.ModuleList(WordEmbedding(size, config.vectors) for size in sizes.words)
        self.characters = character_encoder(sizes.characters, config)
        dims = {
            "casing": config.casing_dim,
            "cluster": config.cluster_dim,
            "gazetteer": config.gazetteer_dim,
            "pair": config.bigram_dim,
            "echo": config.first_pass_dim,
        }
        self._used = [i for i, kind in enumerate(sizes.kinds) if dims[kind.name]]
        self.kinds = nn.ModuleList(
            nn.Embedding(sizes.kinds[i].size, dims[sizes.kinds[i].name]) for i in self._used
        )
        for index, table in zip(self._used, self.kinds, strict=True):
            if sizes.kinds[index].name in ("pair", "echo"):
                assert isinstance(table, nn.Embedding)
                nn.init.zeros_(table.weight)  # many are rare: what is not learnt says nothing
        self.out_dim = sum(size.dim for size in sizes.words)
        self.out_dim += sum(dims[kind.name] for kind in sizes.kinds)
        if self.characters is not None:
            self.out_dim += self.characters.out_dim
        self.contextual: ContextualProjection | None = None
        if sizes.contextual:
            self.contextual = ContextualProjection(
                sizes.contextual, config.contextual_dim, config.dropout
            )
            self.out_dim += config.contextual_dim

    @property
    def tables(self) -> list[WordEmbedding]:
        """The tables of words."""
        return [table for table in self.words if isinstance(table, WordEmbedding)]

    def forward(self, batch: Batch) -> Tensor:
        """``[B, T, D]`` features; those at padding mean nothing."""
        features = self.of_words(batch)
        if self.contextual is None:
            return features
        assert batch.contextual is not None, "what the language models say of a batch"
        return torch.cat([features, self.contextual(batch.contextual)], dim=2)

    def of_words(self, batch: Batch) -> Tensor:
        """``[B, T, D]``: only the features that are the same wherever a word stands."""
        parts = [table(batch.words[:, i]) for i, table in enumerate(self.words)]
        if self.characters is not None:
            parts.append(self.characters(batch.characters))
        for index, table in zip(self._used, self.kinds, strict=True):
            parts.append(table(batch.kinds[:, index]))
        return torch.cat(parts, dim=1)[batch.forms]
