"""The networks that embed words and characters; those of other features are plain embeddings."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ner.features.vocabulary import PADDING, TableSize


class WordEmbedding(nn.Module):
    """Vectors of words: some rows learn, and out-of-training ones are frozen, in half precision.

    If `projected`, vectors from a file go through a linear map that learns, at first the identity.
    """

    spare: Tensor  # the frozen rows

    def __init__(self, size: TableSize, mode: str) -> None:
        super().__init__()
        self.size = size
        self.trained = nn.Embedding(size.trained, size.dim, padding_idx=PADDING)
        bound = (3.0 / size.dim) ** 0.5
        nn.init.uniform_(self.trained.weight, -bound, bound)
        nn.init.zeros_(self.trained.weight[PADDING].detach())
        self.register_buffer("spare", torch.zeros(size.frozen, size.dim, dtype=torch.float16))
        self.projection: nn.Linear | None = None
        if size.pretrained and mode == "projected":
            self.projection = nn.Linear(size.dim, size.dim, bias=False)
            nn.init.eye_(self.projection.weight)

    def load_vectors(self, rows: Tensor, frozen: Tensor) -> None:
        """Put pre-trained vectors in place.

        `rows` is ``[trained, D]``, `frozen` ``[frozen, D]``. Rows of NaN keep a random vector of
        the same spread.
        """
        known = ~rows.isnan().any(1)
        with torch.no_grad():
            weight = self.trained.weight
            largest = torch.finfo(self.spare.dtype).max
            fixed = frozen.clamp(-largest, largest)
            weight *= torch.cat([rows[known], fixed]).std() / weight.std()
            weight[known] = rows[known]
            self.spare.copy_(fixed)

    def rows(self, words: Tensor) -> Tensor:
        """The rows ``[U]`` of the words that learn; frozen ones read the last, to no effect."""
        return words.clamp(max=self.trained.num_embeddings - 1)

    def forward(self, words: Tensor) -> Tensor:
        """Word ids ``[U]`` → ``[U, D]``."""
        limit = self.trained.num_embeddings
        found: Tensor = self.trained(self.rows(words))
        if len(self.spare):
            fixed = self.spare[(words - limit).clamp(min=0)].to(found.dtype)
            found = torch.where((words >= limit)[:, None], fixed, found)
        return found if self.projection is None else self.projection(found)


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
        if characters.is_cuda:
            return self.padded(characters)
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

    def padded(self, characters: Tensor) -> Tensor:
        """The same for a GPU, which would be waited for to count: padding is computed, too."""
        gap = self.filters.kernel_size[0] - 1
        there = characters != PADDING
        table = self.dropout(self.embed.weight)  # drawn once for each character
        line = nn.functional.pad(characters, (gap, gap))  # [U, C + 2 · gap]
        embedded = nn.functional.embedding(line, table, PADDING).transpose(1, 2)
        found = nn.functional.conv1d(embedded, self.filters.weight)  # [U, filters, gap + C]
        inside = nn.functional.pad(there, (gap, 0), value=True)  # [U, gap + C]
        best = found.masked_fill(~inside[:, None], -torch.inf).amax(2)
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
