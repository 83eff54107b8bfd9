"""Embed: what a word contributes before any context is read."""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ner.config import ModelConfig
from ner.features import PADDING, Batch
from ner.features.indexer import CASINGS


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
    if config.chars == "cnn":
        return CharacterCNN(characters, config.char_dim, config.char_hidden, config.char_kernel)
    if config.chars == "lstm":
        return CharacterLSTM(characters, config.char_dim, config.char_hidden)
    return None


class Embedder(nn.Module):
    """Word, character and casing features of each distinct word, spread over the tokens.

    Words of the training split have rows that learn; the spare ones behind
    them, known from a vectors file alone, stay as they are, in half precision.
    """

    spare: Tensor

    def __init__(
        self, words: int, spare: int, characters: int, word_dim: int, config: ModelConfig
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, word_dim, padding_idx=PADDING)
        bound = (3.0 / word_dim) ** 0.5
        nn.init.uniform_(self.words.weight, -bound, bound)
        nn.init.zeros_(self.words.weight[PADDING].detach())
        self.register_buffer("spare", torch.zeros(spare, word_dim, dtype=torch.float16))
        self.characters = character_encoder(characters, config)
        self.casings = nn.Embedding(len(CASINGS), config.casing_dim) if config.casing_dim else None
        self.out_dim = word_dim + config.casing_dim
        if self.characters is not None:
            self.out_dim += self.characters.out_dim

    def load_vectors(self, rows: Tensor, spare: Tensor, *, train: bool) -> None:
        """Put pre-trained vectors in place.

        `rows` is ``[words, D]`` with NaN where there is none: those rows keep a
        random vector of the same spread. `spare` is ``[spare, D]``.
        """
        with torch.no_grad():
            known = ~rows.isnan().any(1)
            weight = self.words.weight
            if known.any():
                weight *= rows[known].std() / weight.std()
                weight[known] = rows[known]
            largest = torch.finfo(self.spare.dtype).max
            self.spare.copy_(spare.clamp(-largest, largest))
        self.words.weight.requires_grad_(train)

    def _word_features(self, words: Tensor) -> Tensor:
        """``[U]`` word numbers → ``[U, D]``."""
        if not len(self.spare):
            found: Tensor = self.words(words)
            return found
        limit = self.words.num_embeddings
        trained = self.words(words.clamp(max=limit - 1))
        fixed = self.spare[(words - limit).clamp(min=0)].to(trained.dtype)
        return torch.where((words >= limit)[:, None], fixed, trained)

    def forward(self, batch: Batch) -> Tensor:
        """``[B, T, D]`` features; zero at padding of the words and characters."""
        parts = [self._word_features(batch.words)]
        if self.characters is not None:
            parts.append(self.characters(batch.characters))
        if self.casings is not None:
            parts.append(self.casings(batch.casings))
        return torch.cat(parts, dim=1)[batch.forms]
