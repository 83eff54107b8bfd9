"""Tagging by a trained model of ours, as orders say."""

import time
from collections.abc import Mapping
from typing import Any

from benchmarks.serving import read_lines, seconds
from ner import Tagger, load_corpus
from ner.bundle.format import load_bundle
from ner.config import predict_config
from ner.predict.predictions import predict
from ner.predict.spans import Prediction
from ner.render import renderer
from ner.text import Sentence


class Tagging:
    """A model with settings, and the splits to tag."""

    def __init__(self, data: str, model: str) -> None:
        self._path = model
        self._splits = load_corpus(data).splits()

    def load(self, settings: Mapping[str, Any]) -> None:
        """Load the model anew: nothing that it kept of any word is left."""
        self._model = load_bundle(self._path).model
        self._settings = predict_config(settings)
        self._tagger = Tagger.load(self._path, "cpu", settings)

    def tag(self, split: str, scores: bool = False) -> dict[str, Any]:
        """Tag a split; the time is that from tokens to spans."""
        tokens = [sentence.tokens for sentence in self._splits[split]]
        found: list[Prediction] = []

        def work() -> None:
            found.extend(predict(self._model, tokens, with_scores=scores, settings=self._settings))

        took = seconds(work)
        spans = [[(s.start, s.end, s.label) for s in prediction.spans] for prediction in found]
        return {"seconds": took, "spans": spans}

    def lines(self, path: str) -> dict[str, float]:
        """Tag the lines of a file; the time is that from lines to JSON Lines."""
        lines = read_lines(path)
        write = renderer("jsonl", self._tagger.labels, "", ())

        def work() -> None:
            for document in self._tagger.pipe(lines):
                write.document(document)

        return {"seconds": seconds(work)}

    def one(self, length: int, calls: int, text: bool) -> list[float]:
        """Tag one sentence of so many tokens after the other: the seconds of each call.

        As tokens (tags only), or as raw text (entities with offsets and scores).
        """
        chosen = [s for s in self._splits["test"] if len(s) == length]
        sentences = [Sentence(chosen[i % len(chosen)].tokens) for i in range(calls)]
        texts = [" ".join(sentence.tokens) for sentence in sentences]
        took = []
        for sentence, line in zip(sentences, texts, strict=True):
            started = time.perf_counter()
            if text:
                self._tagger.tag(line)
            else:
                self._tagger.predict([sentence])
            took.append(time.perf_counter() - started)
        return took
