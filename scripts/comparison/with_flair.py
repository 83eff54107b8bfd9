"""flair: `ColumnCorpus`, `SequenceTagger` with word and character embeddings, `ModelTrainer`."""

from pathlib import Path
from typing import Any

import flair
import torch
from flair.data import Corpus, Dictionary, Sentence
from flair.datasets import ColumnCorpus
from flair.embeddings import CharacterEmbeddings, StackedEmbeddings, WordEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer

from comparison.tool import Span, Tokens, Tool, run

COLUMNS = {0: "text", 1: "ner"}


def _characters(corpus: Corpus) -> Dictionary:
    """The characters of train: flair's own list of them would be downloaded."""
    found = Dictionary()
    for character in {c for sentence in corpus.train for token in sentence for c in token.text}:
        found.add_item(character)
    return found


def _spans(sentence: Sentence) -> list[Span]:
    """Spans of labels; tags that are not of a scheme it knows are labels of single tokens."""
    return [
        (point.tokens[0].idx - 1, point.tokens[-1].idx, value)
        if hasattr(point, "tokens")
        else (point.idx - 1, point.idx, value)
        for point, value in ((x.data_point, x.value) for x in sentence.get_labels("ner"))
    ]


class Flair(Tool):
    """BiLSTM-CRF as in flair's tutorial for classic embeddings."""

    package = "flair"

    def train(self, corpus: Path, out: Path) -> None:
        """SGD from 0.1, halved when valid stands still, batches of 32, 150 epochs at most."""
        files = {"train_file": "train.conll", "dev_file": "valid.conll", "test_file": "test.conll"}
        data = ColumnCorpus(corpus, COLUMNS, comment_symbol=None, **files)
        words = WordEmbeddings(str(corpus / "vectors.txt"))
        tagger = SequenceTagger(
            embeddings=StackedEmbeddings([words, CharacterEmbeddings(_characters(data))]),
            tag_dictionary=data.make_label_dictionary("ner", add_unk=False),
            tag_type="ner",
            hidden_size=256,
        )
        trainer = ModelTrainer(tagger, data)
        trainer.train(out, learning_rate=0.1, mini_batch_size=32, max_epochs=150)

    def load(self, out: Path) -> Any:
        """`SequenceTagger.load`."""
        return SequenceTagger.load(out / "best-model.pt" if out.is_dir() else out)

    def tokens(self, model: Any, sentences: list[Tokens]) -> list[list[Span]]:
        """A `Sentence` of tokens each."""
        made = [Sentence(list(tokens)) for tokens in sentences]
        model.predict(made)
        return [_spans(sentence) for sentence in made]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        """A `Sentence` of a text each, which flair cuts into tokens."""
        made = [Sentence(text) for text in texts]
        model.predict(made)
        return [
            [
                {
                    "start": label.data_point.start_position,
                    "end": label.data_point.end_position,
                    "label": label.value,
                    "score": label.score,
                }
                for label in sentence.get_labels("ner")
            ]
            for sentence in made
        ]

    def read(self, path: Path) -> list[tuple[Tokens, list[Span]]]:
        """`ColumnCorpus`, told which column has tokens; tags come last."""
        first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].split()
        columns = {int(path.stem == "numbered"): "text", max(len(first) - 1, 1): "ner"}
        corpus = ColumnCorpus(
            path.parent, columns, train_file=path.name, sample_missing_splits=False
        )
        return [([t.text for t in sentence], _spans(sentence)) for sentence in corpus.train]


if __name__ == "__main__":
    torch.set_num_threads(1)
    flair.set_seed(1)
    run(Flair())
