"""Characters of a word, read by a small network of its own."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ner.config import ModelConfig
from ner.features.feature import Feature, StoredData, TrainingData
from ner.features.vocabulary import PADDING, Vocabulary, shortened

FILE = "characters.json"


@dataclass(frozen=True)
class Characters(Feature):
    """The characters of a word."""

    FILES = (FILE,)
    DEFAULTS: ClassVar = {"model.chars": ("none", "cnn")}

    vocabulary: Vocabulary

    @classmethod
    def build(cls, data: TrainingData) -> Self:
        """Count the characters of all tokens."""
        return cls(Vocabulary.count(character for token in data.tokens for character in token))

    @classmethod
    def read(cls, data: StoredData) -> Self:
        """Read the vocabulary. Raises `ValidationError`."""
        return cls(Vocabulary(data.files.strings(FILE)))

    def files(self) -> dict[str, Any]:
        """The vocabulary."""
        return {FILE: list(self.vocabulary)}

    def ids(self, word: str) -> tuple[int, ...]:
        """The ids of a word's characters, of the first and last ones if it is long."""
        return self.vocabulary.numbers(shortened(word))

    def module(self, config: ModelConfig) -> Any:
        """The character encoder that the configuration asks for, or None."""
        size = len(self.vocabulary)
        if config.chars in ("auto", "cnn"):
            return CharacterCNN(size, config.char_dim, config.char_hidden, config.char_kernel)
        if config.chars == "lstm":
            return CharacterLSTM(size, config.char_dim, config.char_hidden)
        return None


class CharacterCNN(nn.Module):
    """Filters over a word's characters, the strongest answer of each (Ma and Hovy 2016).

    Each column of the filters meets each distinct character once, in a table of products; what a
    filter answers to a window is a sum of rows of that table. The words stand one behind the
    other, with so much padding between them that no window sees two: a long word does not lengthen
    the others.
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
        line = nn.functional.pad(characters, (gap, 0))[inside]  # [P]
        line = nn.functional.pad(line, (0, gap))  # [P + gap]
        distinct, line = torch.unique(line, return_inverse=True)
        found = self._answers(distinct, line)  # [P, filters]
        best = torch.segment_reduce(found, "max", lengths=inside.sum(1), unsafe=True)
        answers: Tensor = (best + cast(Tensor, self.filters.bias)).relu()
        return answers.masked_fill(~there.any(1)[:, None], 0.0)

    def _answers(self, distinct: Tensor, line: Tensor) -> Tensor:
        """The filters' answers, less their bias, to the P windows of a line: ``[P, filters]``.

        The line ``[P + kernel - 1]`` counts in `distinct` ``[N]``. Dropout is drawn once for each
        of these.
        """
        embedded = self.dropout(self.embed(distinct))  # [N, dim]
        products = embedded @ self.filters.weight.permute(2, 1, 0)  # [kernel, N, filters]
        kernel, characters, _ = products.shape
        windows = len(line) - kernel + 1
        rows = [line[i : i + windows] + i * characters for i in range(kernel)]
        table = products.flatten(0, 1)  # [kernel · N, filters]
        return nn.functional.embedding_bag(torch.stack(rows, dim=1), table, mode="sum")


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
