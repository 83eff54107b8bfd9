"""flair's side of the benchmark; runs in an environment of its own.

::

    python -m benchmarks.peer_flair fit CORPUS OUT EPOCHS     trains, keeps the best on valid
    python -m benchmarks.peer_flair train CORPUS OUT          learns a slice of steps at a time
    python -m benchmarks.peer_flair tag CORPUS OUT            tags the test split when told

CORPUS holds ``train.conll``, ``valid.conll``, ``test.conll``: a token and its tag a line.
Nothing is downloaded: words and characters come from the training split.
"""

import sys
import time
from pathlib import Path
from typing import Any

import flair
import torch
from flair.data import Corpus, Dictionary, Sentence
from flair.datasets import ColumnCorpus
from flair.embeddings import CharacterEmbeddings, OneHotEmbeddings, StackedEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer
from flair.trainers.plugins.base import TrainerPlugin

from benchmarks.serving import answering, orders, read_columns, seconds, serve

BATCH = 32


def load_corpus(folder: str) -> Corpus:
    """The three splits, as they are."""
    files = {"train_file": "train.conll", "dev_file": "valid.conll", "test_file": "test.conll"}
    return ColumnCorpus(folder, {0: "text", 1: "ner"}, comment_symbol=None, **files)


def new_tagger(corpus: Corpus) -> SequenceTagger:
    """LSTM of 200 both ways, CRF, word embeddings of 100, character LSTM; else flair's defaults."""
    characters = Dictionary()
    for sentence in corpus.train:
        for token in sentence:
            for character in token.text:
                characters.add_item(character)
    return SequenceTagger(
        embeddings=StackedEmbeddings(
            [
                OneHotEmbeddings.from_corpus(corpus, embedding_length=100),
                CharacterEmbeddings(characters),
            ]
        ),
        tag_dictionary=corpus.make_label_dictionary("ner", add_unk=False),
        tag_type="ner",
        hidden_size=200,
        use_crf=True,
    )


def train(corpus: Corpus, out: str, epochs: int, plugins: list[TrainerPlugin]) -> dict[str, Any]:
    """Train as flair's trainer does by default: SGD from 0.1, halved when valid stands still."""
    trainer = ModelTrainer(new_tagger(corpus), corpus)
    return dict(
        trainer.train(
            out,
            learning_rate=0.1,
            mini_batch_size=BATCH,
            max_epochs=epochs,
            embeddings_storage_mode="none",
            plugins=plugins,
        )
    )


class Clock(TrainerPlugin):
    """Notes how long each epoch of training takes, without its judging."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[float] = []

    @TrainerPlugin.hook
    def before_training_epoch(self, **_: Any) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    @TrainerPlugin.hook
    def after_training_epoch(self, **_: Any) -> None:
        """Read it."""
        self.epochs.append(time.perf_counter() - self._started)


class Slices(TrainerPlugin):
    """Stops in the midst of flair's own training after as many steps as were ordered."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer, self._orders = answer, orders()
        self._left, self._tokens = 0, 0

    @TrainerPlugin.hook
    def before_training_batch(self, batch: list[Sentence], **_: Any) -> None:
        """Wait for an order if the last one is done; count tokens."""
        if self._left == 0:
            order = next(self._orders, None)
            if order is None:
                sys.exit()
            self._left, self._tokens, self._started = order["steps"], 0, time.perf_counter()
        self._tokens += sum(len(sentence) for sentence in batch)

    @TrainerPlugin.hook
    def after_training_batch(self, **_: Any) -> None:
        """Answer when as many steps as ordered are done."""
        self._left -= 1
        if self._left == 0:
            self._answer({"tokens": self._tokens, "seconds": time.perf_counter() - self._started})


def load_tagger(out: str) -> SequenceTagger:
    """The best model.

    flair orders the features of a token by the names of its embeddings and, in loading, forgets
    the name of one-hot ones in a stack: without their name back, the features change places.
    """
    tagger = SequenceTagger.load(str(Path(out) / "best-model.pt"))
    words = tagger.embeddings.embeddings[0]
    words.name = f"0-{words.name}"
    return tagger


def tag(tagger: SequenceTagger, sentences: list[list[str]], batch: int) -> dict[str, Any]:
    """Tag sentences of tokens; the time is that from tokens to labels."""
    made: list[Sentence] = []

    def work() -> None:
        made.extend(Sentence(tokens) for tokens in sentences)
        tagger.predict(made, mini_batch_size=batch)

    took = seconds(work)
    spans = [
        [
            [label.data_point[0].idx - 1, label.data_point[-1].idx, label.value]
            for label in sentence.get_labels("ner")
        ]
        for sentence in made
    ]
    return {"seconds": took, "spans": spans}


def main(work: str, folder: str, out: str, epochs: str = "1") -> None:
    """Do one of the three."""
    torch.set_num_threads(1)
    flair.set_seed(1)
    answer = answering()
    if work == "fit":
        clock = Clock()
        result = train(load_corpus(folder), out, int(epochs), [clock])
        answer({"test": result["test_score"], "epoch_seconds": clock.epochs})
    elif work == "train":
        train(load_corpus(folder), out, 1000, [Slices(answer)])
    else:
        tagger = load_tagger(out)
        tokens = [[t for t, _ in rows] for rows in read_columns(str(Path(folder) / "test.conll"))]
        serve({"tag": lambda batch: tag(tagger, tokens, batch)}, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
