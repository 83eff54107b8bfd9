"""`Classifier`: texts in, labels out."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ner.config import Config
from ner.extensions.classification.bundle import ClassifierBundle, load_classifier
from ner.extensions.classification.predict import evaluate_model, label_probabilities
from ner.extensions.classification.reading import tokens_of
from ner.extensions.classification.scores import LabelScores
from ner.model import choose_device
from ner.text import Sentence

CHUNK = 512  # texts read together: a stream of any length runs in bounded memory


class Classified(NamedTuple):
    """A text with its likeliest label and that label's probability; neither without a word."""

    text: str
    label: str | None
    probability: float | None


class Classifier:
    """A trained classifier at work.

    ::

        classifier = Classifier.load("runs/kinds")
        for found in classifier.classify(["Rain in the north."]):
            print(found.label, found.probability)
    """

    def __init__(self, bundle: ClassifierBundle) -> None:
        self._bundle = bundle

    @classmethod
    def load(cls, path: str | Path, device: str = "auto") -> Self:
        """Load the classifier of a run folder or bundle.

        Raises `BundleError` or `UsageError` when there is none, or it cannot be read.
        """
        return cls(load_classifier(path, choose_device(device)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The L labels, in the order of `probabilities`."""
        return self._bundle.model.labels

    @property
    def config(self) -> Config:
        """The settings of its training."""
        return self._bundle.config

    def classify(self, texts: Iterable[str]) -> Iterator[Classified]:
        """Label texts one after the other, in bounded memory for any number of them."""
        style = self.config.data.tokenizer
        waiting = iter(texts)
        while chunk := list(islice(waiting, CHUNK)):
            found = self.probabilities([tokens_of(text, style) for text in chunk])
            best = zip(chunk, found.argmax(1).tolist(), found.max(1).tolist(), strict=True)
            for text, number, probability in best:
                known = probability > 0
                yield Classified(
                    text, self.labels[number] if known else None, probability if known else None
                )

    def probabilities(self, sequences: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """The probability of each label for sequences of tokens, ``[N, L]``."""
        return label_probabilities(self._bundle.model, sequences, self.config.predict)

    def evaluate(self, sentences: Sequence[Sentence]) -> LabelScores:
        """Score it on texts with labels, as `read_texts` reads them."""
        return evaluate_model(self._bundle.model, sentences, self.config.predict)

    def contamination(self, sentences: Sequence[Sentence]) -> int:
        """Count the texts, whatever their labels, that it has learnt from."""
        return self._bundle.seen.count(sentences)
