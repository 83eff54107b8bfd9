"""Document context: the labels of the same word elsewhere in its document.

A name mostly has one type in a whole document (document-level label consistency, Krishnan and
Manning 2006). So a document is tagged in two passes: the first-pass labels of a word elsewhere are
a feature of the second.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from ner.config import ModelConfig
from ner.features.feature import FirstPass, SentenceFeature, TokenLabels, TrainingData
from ner.stored import StoredFolder
from ner.tags import OUTSIDE
from ner.text import Span

NO_LABELS: TokenLabels = (0, 0)

_Counts = dict[Hashable, list[int]]
"""Counts of the types of a word of a document; O is type 0."""


@dataclass(frozen=True)
class DocumentContext(SentenceFeature):
    """Two columns: first-pass labels of the same word, and of the word without regard to case."""

    DIM = "first_pass_dim"
    ZEROED = True

    labels: tuple[str, ...]

    @classmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Take the types of the training split."""
        return cls._of(data.config.model, data.labels)

    @classmethod
    def read(cls, files: StoredFolder, config: ModelConfig, labels: Sequence[str]) -> Self | None:
        """Take the types of the model; there are no files."""
        return cls._of(config, labels)

    @classmethod
    def _of(cls, config: ModelConfig, labels: Sequence[str]) -> Self | None:
        return cls(tuple(labels)) if config.context == "document" and labels else None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of ids: none, or a type (or O) always or mostly; twice."""
        return (1 + 2 * (len(self.labels) + 1),) * 2

    def ids(self, tokens: Sequence[str], first_pass: FirstPass) -> Sequence[tuple[int, ...]]:
        """The first-pass labels of each token, or that there are none."""
        return first_pass or [NO_LABELS] * len(tokens)


def first_pass_labels(
    sentences: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    documents: Sequence[int],
    labels: Sequence[str],
) -> list[FirstPass]:
    """Find for each token the labels of its word elsewhere in the document, as ids.

    `spans` are those of the first pass, `documents` the document of each sentence, and `labels` the
    types, in the order of the ids. Only words inside an entity somewhere in the document have
    labels. Of equally frequent types the last one counts, and O the least. Takes linear time.
    """
    number = {label: i for i, label in enumerate((OUTSIDE, *labels))}
    places = list(_places(sentences, spans, documents, number))
    exact: _Counts = {}
    folded: _Counts = {}
    for tokens, own, document in zip(sentences, places, documents, strict=True):
        for place, label in own.items():
            token = tokens[place]
            exact.setdefault((document, token), [0] * len(number))[label] += 1
            folded.setdefault((document, token.lower()), [0] * len(number))[label] += 1
    result: list[FirstPass] = []
    for tokens, own, document in zip(sentences, places, documents, strict=True):
        ids = [NO_LABELS] * len(tokens)
        for place, label in own.items():
            token = tokens[place]
            ids[place] = (
                _elsewhere(exact[document, token], label),
                _elsewhere(folded[document, token.lower()], label),
            )
        result.append(ids if any(map(any, ids)) else None)
    return result


def _places(
    sentences: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    documents: Sequence[int],
    number: dict[str, int],
) -> Iterator[dict[int, int]]:
    """The type at each place of a sentence whose word is in an entity of the document."""
    names: dict[int, set[str]] = {}
    for tokens, found, document in zip(sentences, spans, documents, strict=True):
        for span in found:
            names.setdefault(document, set()).update(map(str.lower, tokens[span.start : span.end]))
    for tokens, found, document in zip(sentences, spans, documents, strict=True):
        known = names.get(document, ())
        # Most words are outside entities: this line takes most of the time.
        types = {i: 0 for i, word in enumerate(map(str.lower, tokens)) if word in known}
        for span in found:
            types.update(dict.fromkeys(range(span.start, span.end), number[span.label]))
        yield types


def _elsewhere(counts: Sequence[int], own: int) -> int:
    """The id for one of the places that were counted, which is of the type `own`."""
    if not any(counts[1:]):
        return 0  # nowhere in an entity
    others = list(counts)
    others[own] -= 1
    total = sum(others)
    if not total:
        return 0
    most, label = max(zip(others, range(len(others)), strict=True))
    return 1 + 2 * label + (most == total)
