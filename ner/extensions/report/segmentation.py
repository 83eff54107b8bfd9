"""Raw text: scores where the model itself cuts the text into tokens and sentences.

Test scores are of the tokens and sentences of a corpus. Here its documents (its sentences, where it
has no documents) are written as text, as their script is written, and tagged as a user's text is.
An entity is right if its characters and its type are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ner.evaluation import CountedScores
from ner.predict import WINDOW
from ner.tagger import Tagger
from ner.text import Document, Sentence
from ner.tokenize import measure_agreement, written

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The segmentation of `texts` of one kind, and the scores that are left with it.

    `tokens` and `borders` are the shares of tokens and entity borders that the tokenizer
    reproduces; `ends` are the scores of sentence ends; `windows` counts the sentences that are so
    long that they are read in parts.
    """

    unit: str
    texts: int
    tokens: float
    borders: float
    ends: CountedScores
    entities: CountedScores
    windows: int

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON object with the names of the attributes as keys."""
        return asdict(self)


def measure_segmentation(tagger: Tagger, sentences: Sequence[Sentence]) -> Segmentation:
    """Write labelled sentences as raw text, tag it, and compare."""
    groups = _documents(sentences)
    unit = "documents" if len(groups) > 1 else "sentences"
    texts = groups if len(groups) > 1 else [[sentence] for sentence in sentences]
    ends, entities = [0, 0, 0], [0, 0, 0]
    raw = [_RawText(group) for group in texts]
    for text, document in zip(raw, tagger.pipe(each.text for each in raw), strict=True):
        _add(ends, text.ends, {s.offsets[-1][1] for s in document.sentences if s.offsets})
        _add(entities, text.entities, set(_entities(document, text.unannotated)))
    cut = measure_agreement(sentences, tagger.config.data.tokenizer)
    return Segmentation(
        unit,
        len(texts),
        cut.tokens,
        cut.borders,
        CountedScores.of(*ends),
        CountedScores.of(*entities),
        sum(len(sentence) > WINDOW for sentence in sentences),
    )


def _documents(sentences: Sequence[Sentence]) -> list[list[Sentence]]:
    groups: defaultdict[tuple[str, str, int], list[Sentence]] = defaultdict(list)
    for sentence in sentences:
        groups[sentence.corpus, sentence.source, sentence.document].append(sentence)
    return [*groups.values()]


class _RawText:
    """Sentences as one text, with the characters of their ends and entities."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.text, ranges = written([token for s in sentences for token in s.tokens])
        self.unannotated = sentences[0].unannotated
        self.ends: set[int] = set()
        self.entities: set[tuple[int, int, str, str]] = set()
        first = 0
        for sentence in sentences:
            for span in sentence.spans:
                start, end = ranges[first + span.start][0], ranges[first + span.end - 1][1]
                self.entities.add((start, end, span.label, span.layer))
            first += len(sentence)
            self.ends.add(ranges[first - 1][1])


def _entities(
    document: Document, unannotated: frozenset[str]
) -> Iterator[tuple[int, int, str, str]]:
    for entity in document.entities:
        if entity.label not in unannotated:
            yield entity.start, entity.end, entity.label, entity.layer


def _add(counts: list[int], wanted: set[Any], found: set[Any]) -> None:
    """Add the wanted, the found, and those that are both."""
    for place, items in enumerate((wanted, found, wanted & found)):
        counts[place] += len(items)
