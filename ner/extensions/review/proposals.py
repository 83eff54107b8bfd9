"""Proposals of a model for the sentences of a review, found while somebody is already at work.

The doubt about a token is one less the probability of its most probable tag; that about a sentence
is the doubt about its most doubtful token (least confidence, Culotta and McCallum 2005, of a token
in place of the sequence, so that long sentences do not come first for their length alone).
"""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner.corpus import placed_entities
from ner.frozen import frozen
from ner.tagger import Tagger
from ner.tags import OUTSIDE
from ner.text import Sentence, Span, in_reading_order

_CHUNK = 256  # sentences that are tagged at once


@frozen()
class Proposal:
    """Proposals for a sentence: spans of its tokens, their probabilities, doubts about tokens."""

    spans: tuple[Span, ...]
    scores: tuple[float, ...]
    doubts: tuple[float, ...]

    @property
    def doubt(self) -> float:
        """The doubt about the sentence, from 0 to 1."""
        return max(self.doubts, default=0.0)

    def disagreement(self, labels: Sequence[Span]) -> float:
        """The probability that the model gives to the surest of its differences from labels."""
        scores = dict(zip(self.spans, self.scores, strict=True))
        added = [scores[span] for span in scores.keys() - {*labels}]
        missing = [span for span in labels if span not in scores]
        sure = [1 - max(self.doubts[span.start : span.end]) for span in missing]
        return max([*added, *sure], default=0.0)


class Proposals:
    """The proposals of a tagger for sentences, those that are there already."""

    def __init__(self, tagger: Tagger, sentences: Sequence[Sentence]) -> None:
        self._tagger, self._sentences = tagger, sentences
        self._found: list[Proposal | None] = [None] * len(sentences)
        self._columns = _columns(tagger.tags)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self.find, name="proposals", daemon=True)
        self.failed = ""
        self.ready = 0

    def start(self) -> None:
        """Begin to find them, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End that thread."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def find(self) -> None:
        """Find the proposals for all sentences; `failed` says why where that ends early."""
        try:
            for start in range(0, len(self._sentences), _CHUNK):
                if self._ending.is_set():
                    return
                self._find(start, self._sentences[start : start + _CHUNK])
        except Exception as error:  # of the thread: the page says so, and work goes on
            self.failed = f"{type(error).__name__}: {error}"

    def _find(self, start: int, sentences: Sequence[Sentence]) -> None:
        found = self._tagger.predictions(sentences)
        marginals = self._tagger.marginals(sentences)
        for number, (spans, scores), rows in zip(
            range(start, start + len(sentences)), found, marginals, strict=True
        ):
            self._found[number] = Proposal(spans, scores, _doubts(rows, self._columns))
            self.ready = number + 1

    def __getitem__(self, number: int) -> Proposal | None:
        """The proposals for a sentence, unless they are still to be found."""
        return self._found[number]

    def entities(self, number: int) -> tuple[Span, ...]:
        """The proposals for a sentence as entities of characters; none before they are found."""
        found = self._found[number]
        return placed_entities(self._sentences[number], found.spans) if found else ()

    def scored(self, number: int) -> list[tuple[Span, float]]:
        """Entities of characters with their probabilities, in reading order."""
        found = self._found[number]
        if not found:
            return []
        ordered = in_reading_order(found.spans)
        scores = dict(zip(found.spans, found.scores, strict=True))
        places = placed_entities(self._sentences[number], ordered)
        return [(place, scores[span]) for place, span in zip(places, ordered, strict=True)]


def _columns(tags: Sequence[str]) -> list[int]:
    """The columns of marginals at which the tags of a layer begin: each has O first."""
    starts = [number for number, tag in enumerate(tags) if tag.split(":")[-1] == OUTSIDE]
    return starts or [0]


def _doubts(marginals: NDArray[np.float64], columns: Sequence[int]) -> tuple[float, ...]:
    """The doubt about each token, of several tag layers the largest, from marginals ``[T, K]``."""
    if not len(marginals):
        return ()
    sure = np.maximum.reduceat(marginals, columns, axis=1).min(axis=1)  # [T]
    return tuple(np.clip(1 - sure, 0, 1).tolist())
