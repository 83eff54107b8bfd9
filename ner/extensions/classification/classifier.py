"""`Classifier`: texts in, labels out."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from ner.extensions.classification.bundle import ClassifierBundle, load_classifier
from ner.extensions.classification.predict import LabelScores, evaluate_model, label_probabilities
from ner.extensions.classification.reading import label_of, read_records, sentences_of, tokens_of

_log = logging.getLogger("ner")

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
        """Load that of a run folder or bundle. Raises `BundleError` or `UsageError`."""
        return cls(load_classifier(path, device))

    def classify(self, texts: Iterable[str]) -> Iterator[Classified]:
        """Label texts one after the other, in bounded memory for any number of them."""
        model, config = self._bundle.model, self._bundle.config
        waiting = iter(texts)
        while chunk := list(islice(waiting, CHUNK)):
            sequences = [tokens_of(text, config.data.tokenizer) for text in chunk]
            found = label_probabilities(model, sequences, config.predict)
            best = zip(chunk, found.argmax(1).tolist(), found.max(1).tolist(), strict=True)
            for text, number, probability in best:
                if probability > 0:
                    yield Classified(text, model.outputs[number], probability)
                else:
                    yield Classified(text, None, None)

    def evaluate(self, path: Path, encoding: str) -> LabelScores:
        """Score it on a file of texts with labels. Raises `NerError` for what cannot be read.

        The log tells of texts that it has learnt from, and names labels that it does not know.
        """
        model, config = self._bundle.model, self._bundle.config
        records = read_records(path, encoding)
        sentences = list(sentences_of(records, config.data.tokenizer, str(path)))
        if known := self._bundle.seen.count(sentences):
            _log.warning(
                "%d of %d texts are among those that the model has learnt from; "
                "scores on them say little of new text", known, len(sentences),
            )  # fmt: skip
        if unknown := sorted({*map(label_of, sentences)} - {*model.outputs}):
            shown = ", ".join(unknown[:20])
            _log.warning("labels that the model does not know count as missed: %s", shown)
        return evaluate_model(model, sentences, config.predict)
