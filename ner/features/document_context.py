"""Document context: the labels of the same word elsewhere in its document.

A name mostly has one type in a whole document (document-level label consistency, Krishnan and
Manning 2006). So a document is tagged in two passes: the first-pass labels of a word elsewhere are
a feature of the second.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import Self

from ner.features.feature import DocumentFeature, DocumentSpans, StoredData, TrainingData
from ner.frozen import frozen

NO_LABELS = (0, 0)

_Counts = dict[Hashable, list[int]]
"""Counts of the types of a word of a document; O is type 0."""


@frozen()
class DocumentContext(DocumentFeature):
    """Two columns: first-pass labels of the same word, and of the word without regard to case."""

    DIM = "first_pass_dim"
    ZEROED = True

    labels: tuple[str, ...]

    @classmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Take the types of the training split."""
        return cls._of(data.config.model.context, data.labels)

    @classmethod
    def read(cls, data: StoredData) -> Self | None:
        """Take the types of the model; there are no files."""
        return cls._of(data.config.context, data.labels)

    @classmethod
    def _of(cls, context: str, labels: Sequence[str]) -> Self | None:
        return cls(tuple(labels)) if context == "document" and labels else None

    def grown(self, data: TrainingData) -> Self:
        """Take the types of the training split."""
        return type(self)(tuple(data.labels))

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of the same types; new ones begin as no type at all."""
        number = {label: i for i, label in enumerate(("", *old.labels))}
        starts = [1 + 2 * number[x] if x in number else None for x in ("", *self.labels)]
        rows = [(0, 0) if start is None else (start, start + 1) for start in starts]
        return [(0, *chain.from_iterable(rows))] * 2

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of ids: none, or a type (or O) always or mostly; twice."""
        return (1 + 2 * (len(self.labels) + 1),) * 2

    def ids(self, found: DocumentSpans) -> Iterator[list[tuple[int, int]]]:
        """Find for each token the first-pass labels of its word elsewhere in the document.

        Only words inside an entity somewhere in the document have labels. Of equally frequent types
        the last one counts, and O the least. Takes linear time.
        """
        sentences, _, documents = found
        places = list(self._places(found))
        exact: _Counts = {}
        folded: _Counts = {}
        for tokens, own, document in zip(sentences, places, documents, strict=True):
            for place, label in own.items():
                for counts, word in ((exact, tokens[place]), (folded, tokens[place].lower())):
                    counts.setdefault((document, word), [0] * (len(self.labels) + 1))[label] += 1
        for tokens, own, document in zip(sentences, places, documents, strict=True):
            ids = [NO_LABELS] * len(tokens)
            for place, label in own.items():
                token = tokens[place]
                ids[place] = (
                    _elsewhere(exact[document, token], label),
                    _elsewhere(folded[document, token.lower()], label),
                )
            yield ids

    def _places(self, found: DocumentSpans) -> Iterator[dict[int, int]]:
        """The type at each place of a sentence whose word is in an entity of the document."""
        number = {label: i for i, label in enumerate(self.labels, 1)}
        names: dict[int, set[str]] = {}
        for tokens, spans, document in zip(*found, strict=True):
            for span in spans:
                inside = map(str.lower, tokens[span.start : span.end])
                names.setdefault(document, set()).update(inside)
        for tokens, spans, document in zip(*found, strict=True):
            known = names.get(document, ())
            # Most words are outside entities: this line takes most of the time.
            types = {i: 0 for i, word in enumerate(map(str.lower, tokens)) if word in known}
            for span in spans:
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
