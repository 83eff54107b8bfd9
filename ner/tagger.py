"""`Tagger`: text in, entities out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from ner.bundle import Bundle, load_bundle
from ner.config import Config
from ner.model.device import choose_device
from ner.predict import predict, predict_sentences
from ner.text import Document, Entity, Sentence, entities_of
from ner.tokenize import sentences_of

# Tokens gathered before the network is asked: enough to fill its batches,
# few enough that a stream of any length runs in bounded memory.
CHUNK_TOKENS = 16_384
FIRST_TOKENS = 256  # the first chunk is small and each next one twice as big: output soon begins


class Tagger:
    """A trained model at work.

    ::

        tagger = Tagger.load("runs/demo")
        for entity in tagger.tag("Angela Merkel visited Paris."):
            print(entity.text, entity.label, entity.start, entity.end, entity.score)
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    @classmethod
    def load(cls, path: str | Path | None = None, device: str = "auto") -> Self:
        """Load the model of a run folder or bundle; None: the newest finished run in ``runs/``.

        Raises `BundleError` or `UsageError` when there is none, or it cannot be read.
        """
        return cls(load_bundle(path, choose_device(device)))

    @property
    def labels(self) -> list[str]:
        """The entity types that the model knows."""
        return self._bundle.labels

    @property
    def config(self) -> Config:
        """The settings of the model's training."""
        return self._bundle.config

    def tag(self, text: str) -> list[Entity]:
        """The entities of a text, in order; ``text[entity.start:entity.end] == entity.text``."""
        return list(self.tag_document(text).entities)

    def tag_document(self, text: str) -> Document:
        """A text with its entities and the sentences they stand in."""
        return next(self.stream([text]))

    def stream(self, texts: Iterable[str]) -> Iterator[Document]:
        """Tag texts one after the other, in bounded memory for any number of them.

        Each document comes out in its order; a text without a word has no entities.
        """
        style = self.config.data.tokenizer
        return self.stream_sentences((text, sentences_of(text, style)) for text in texts)

    def stream_sentences(
        self, documents: Iterable[tuple[str, Sequence[Sentence]]]
    ) -> Iterator[Document]:
        """Tag documents that are already cut: texts, each with its sentences (with `offsets`)."""
        waiting: list[tuple[str, Sequence[Sentence]]] = []
        tokens, enough = 0, min(FIRST_TOKENS, CHUNK_TOKENS)
        for text, sentences in documents:
            waiting.append((text, sentences))
            tokens += 1 + sum(len(sentence) for sentence in sentences)
            if tokens >= enough:
                yield from self._tag_chunk(waiting)
                waiting, tokens, enough = [], 0, min(2 * enough, CHUNK_TOKENS)
        yield from self._tag_chunk(waiting)

    def _tag_chunk(self, documents: Sequence[tuple[str, Sequence[Sentence]]]) -> Iterator[Document]:
        sentences = [sentence for _, cut in documents for sentence in cut]
        predictions = iter(predict(self._bundle.model, [s.tokens for s in sentences]))
        for text, cut in documents:
            entities: list[Entity] = []
            tagged = []
            for sentence, prediction in zip(cut, predictions, strict=False):
                tagged.append(replace(sentence, spans=prediction.spans))
                entities += entities_of(text, tagged[-1], prediction.scores)
            yield Document(text, tuple(entities), tuple(tagged))

    def predict(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The same tokenised sentences with the spans that the model finds."""
        return predict_sentences(self._bundle.model, sentences)
