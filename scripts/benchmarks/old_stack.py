"""What taggers of this class commonly do, in our place: the stack that an epoch is compared with.

The same network, sizes, optimizer and corpus, but batches of random sentences, padded and
packed; the character CNN run for each token; loss and decoding by pytorch-crf.

::

    python -m benchmarks.old_stack DATA
"""

import sys
import time
from collections.abc import Iterator

import numpy as np
import torch
import torchcrf
from torch import Tensor, nn

from benchmarks.serving import answering, serve
from ner import load_corpus
from ner.config import LEARNING_RATE, Config
from ner.evaluation import count, score
from ner.features import Batch, Example, FeatureTable, TagBatch, Tags, collate
from ner.features.casing import CASINGS
from ner.features.modules import CharacterCNN
from ner.model.encoder import VariationalDropout
from ner.tags import parse_tag, spans_of, tag_set, tags_of
from ner.text import Sentence
from ner.training.build import build_model


class OldNetwork(nn.Module):
    """Embed each token, pack, read both ways, score."""

    def __init__(self, config: Config, words: int, characters: int, casings: int, tags: int):
        super().__init__()
        model = config.model
        self.words = nn.Embedding(words, model.word_dim, padding_idx=0)
        self.characters = CharacterCNN(
            characters, model.char_dim, model.char_hidden, model.char_kernel
        )
        self.casings = nn.Embedding(casings, model.casing_dim)
        inputs = model.word_dim + model.char_hidden + model.casing_dim
        self.lstm = nn.LSTM(inputs, model.hidden, batch_first=True, bidirectional=True)
        self.projection = nn.Linear(2 * model.hidden, tags)
        self.crf = torchcrf.CRF(tags, batch_first=True)
        self.dropout = VariationalDropout(model.dropout)

    def emissions(self, batch: Batch) -> Tensor:
        """Tag scores ``[B, T, K]``; what a token contributes is computed for each token."""
        words, casings = batch.words[batch.forms, 0], batch.categorical[batch.forms, 0]
        characters = batch.characters[batch.forms]  # [B, T, C]
        spelled = self.characters(characters.flatten(0, 1)).view(*words.shape, -1)
        x = torch.cat([self.words(words), spelled, self.casings(casings)], dim=2)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(x), batch.lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        scores: Tensor = self.projection(self.dropout(states))
        return scores


class OldStack:
    """Learns whole epochs and judges them."""

    def __init__(self, data: str, config: Config) -> None:
        torch.manual_seed(config.train.seed)
        self._config = config
        self._corpus = load_corpus(data)
        self._tags = tag_set(self._corpus.labels, config.model.scheme)
        ours = build_model(self._corpus.train, config, torch.device("cpu")).model
        self._table = FeatureTable(ours.indexer)
        self._network = OldNetwork(
            config,
            len(ours.indexer.words.tables[0].words),
            len(ours.indexer.characters.vocabulary),
            len(CASINGS),
            len(self._tags),
        )
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=LEARNING_RATE, weight_decay=0.0
        )

    def _examples(self, sentences: tuple[Sentence, ...]) -> list[Example]:
        number = {tag: i for i, tag in enumerate(self._tags)}
        scheme = self._config.model.scheme
        return [
            Example(
                self._table.rows(s.tokens),
                Tags(np.array([number[tag] for tag in tags_of(s.spans, len(s), scheme)])),
            )
            for s in sentences
        ]

    def _batches(self, examples: list[Example], order: Tensor) -> Iterator[Batch]:
        for part in torch.split(order, self._config.train.batch_sentences):
            yield collate(self._table, examples, part.tolist())

    def _learn(self, batch: Batch) -> None:
        assert isinstance(batch.target, TagBatch)
        loss = -self._network.crf(
            self._network.emissions(batch), batch.target.ids, batch.mask, reduction="mean"
        )
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._network.parameters(), self._config.train.clip)
        self._optimizer.step()

    def _judge(self) -> float:
        sentences = self._corpus.valid
        examples = self._examples(sentences)
        parsed = [parse_tag(tag) for tag in self._tags]
        found = []
        with torch.no_grad():
            for batch in self._batches(examples, torch.arange(len(examples))):
                rows = self._network.crf.decode(self._network.emissions(batch), batch.mask)
                found += [spans_of(parsed[number] for number in row) for row in rows]
        return score(count([s.spans for s in sentences], found)).f1

    def epoch(self) -> dict[str, float]:
        """Learn an epoch: seconds in all, of learning alone, and F1 on valid."""
        started = time.perf_counter()
        self._network.train()
        examples = self._examples(self._corpus.train)
        for batch in self._batches(examples, torch.randperm(len(examples))):
            self._learn(batch)
        learnt = time.perf_counter()
        self._network.eval()
        f1 = self._judge()
        ended = time.perf_counter()
        return {"seconds": ended - started, "learning": learnt - started, "f1": f1}


def main(data: str) -> None:
    """Take orders."""
    answer = answering()
    serve({"epoch": OldStack(data, Config()).epoch}, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
