"""A request's texts on their way through a tagger, a part at a time.

So that a long text keeps no short one waiting, each goes through the tagger in parts of some
sentences, beside those of other requests. What is found in a sentence does not depend on that,
but with document context: then a document goes through as a whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from ner.extensions.server.models import ServedModel
from ner.tagger import Tagger
from ner.text import Document, Entity, NBest, SegmentedText, Sentence
from ner.tokenize import sentences_of

Settings = tuple[tuple[str, float], ...]


class Piece(NamedTuple):
    """Some sentences of a document of a job."""

    number: int
    document: SegmentedText


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, checked: texts, or sentences of tokens, and how they are tagged."""

    texts: Sequence[str] = ()
    tokens: Sequence[Sequence[str]] = ()
    settings: Settings = ()  # dotted keys, as "predict.o_bias"
    force: Mapping[str, Sequence[str]] = field(default_factory=dict)
    nbest: int = 0

    @property
    def characters(self) -> int:
        """The characters that are to be tagged; n best analyses count n times."""
        joined = sum(len(token) + 1 for tokens in self.tokens for token in tokens)
        return (sum(map(len, self.texts)) + joined) * max(self.nbest, 1)


class Job:
    """The documents of a request: sentences to be tagged, and what was found so far."""

    def __init__(
        self, model: ServedModel, asked: Asked, finish: Callable[[list[Document]], bytes]
    ) -> None:
        """`finish` makes the answer of the tagged documents."""
        self.model, self.asked, self.characters = model, asked, asked.characters
        self.abandoned = False  # nobody waits for it any more
        self._finish = finish
        self._rest = self._cut()
        self._open: tuple[int, str, Iterator[Sentence]] | None = None
        self._begun = False
        self._found: list[_Found] = []

    @property
    def group(self) -> tuple[object, ...]:
        """The same for jobs whose pieces one call of a tagger can take."""
        own = id(self) if self.asked.force else None
        return id(self.model), self.asked.settings, self.asked.nbest, own

    @property
    def done(self) -> bool:
        """True once all its sentences were taken."""
        return self._begun and self._open is None

    def tagger(self) -> Tagger:
        """The tagger with the settings of its request. Raises `NerError`."""
        return self.model.tagger(dict(self.asked.settings), self.asked.force)

    def take(self, tokens: int) -> list[Piece]:
        """The next pieces, of so many tokens or a little more. Raises `UsageError` for a text."""
        if not self._begun:
            self._begun, self._open = True, next(self._rest, None)
        pieces = []
        while tokens > 0 and self._open is not None:
            number, text, sentences = self._open
            taken: list[Sentence] = []
            for sentence in sentences:
                taken.append(sentence)
                tokens -= len(sentence)
                if tokens <= 0 and not self.model.whole:
                    break
            else:
                tokens -= 1
                self._open = next(self._rest, None)
            pieces.append(Piece(number, (text, taken)))
        return pieces

    def add(self, number: int, document: Document) -> None:
        """Add what was found in a piece of the document of that number, in order."""
        if number == len(self._found):
            self._found.append(_Found(document.text))
        self._found[number].add(document)

    def answer(self) -> bytes:
        """The answer, once all pieces were tagged."""
        return self._finish([found.document() for found in self._found])

    def _cut(self) -> Iterator[tuple[int, str, Iterator[Sentence]]]:
        """The documents with their sentences; each is cut when it is its turn."""
        tokenizer = self.model.tokenizer
        texts: Iterable[SegmentedText] = (
            map(_joined, self.asked.tokens)
            if self.asked.tokens
            else ((text, sentences_of(text, tokenizer)) for text in self.asked.texts)
        )
        for number, (text, sentences) in enumerate(texts):
            yield number, text, iter(sentences)


class _Found:
    """A document as far as it is tagged."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._entities: list[Entity] = []
        self._sentences: list[Sentence] = []
        self._nbest: list[NBest] | None = None

    def add(self, document: Document) -> None:
        """Add the next part of it."""
        self._entities += document.entities
        self._sentences += document.sentences
        if document.nbest is not None:
            self._nbest = [*(self._nbest or ()), *document.nbest]

    def document(self) -> Document:
        """All of it."""
        nbest = None if self._nbest is None else tuple(self._nbest)
        return Document(self._text, tuple(self._entities), tuple(self._sentences), nbest)


def _joined(tokens: Sequence[str]) -> SegmentedText:
    """A sentence of tokens as a text with blanks between them."""
    starts = accumulate((len(token) + 1 for token in tokens), initial=0)
    offsets = tuple(
        (start, start + len(token)) for token, start in zip(tokens, starts, strict=False)
    )
    return " ".join(tokens), [Sentence(tuple(tokens), offsets=offsets)] if tokens else []
