"""Usage: how the same string is labelled elsewhere, in its document, and between the same words."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ner.text import Sentence, Span

NONE = ""
"""Stands for a string that is no entity."""
PART = "/"
"""Stands for a string that overlaps with another entity; such places have no vote."""
LONGEST = 12
"""Tokens of a string whose other places are looked for."""
ENOUGH, MOST = 3, 0.8
"""Places, and the share of them with one label, from which on a string has a usual label."""

Text = tuple[str, ...]
_DIGIT = re.compile(r"\d")


def folded(word: str) -> str:
    """A word without its case and its digits."""
    return _DIGIT.sub("0", word.lower())


class Votes(NamedTuple):
    """Other places of a string: how many have a label, and how many another one or none."""

    with_it: int = 0
    without: int = 0


class Uses(NamedTuple):
    """The votes of the whole corpus, of the document, and of places between the same words."""

    corpus: Votes = Votes()
    document: Votes = Votes()
    context: Votes = Votes()


class Usage:
    """All places of the strings that are an entity somewhere."""

    def __init__(self, sentences: Sequence[Sentence], documents: Sequence[int]) -> None:
        """`documents` numbers that of each sentence."""
        self._sentences, self._documents = sentences, documents
        self.entities = {s.tokens[p.start : p.end] for s in sentences for p in s.spans}
        self._lengths: defaultdict[str, set[int]] = defaultdict(set)
        for text in self.entities:
            if len(text) <= LONGEST:
                self._lengths[text[0]].add(len(text))
        self._counts: defaultdict[object, Counter[str]] = defaultdict(Counter)
        self._bare: list[tuple[int, int, int]] = []
        for number in range(len(sentences)):
            self._count(number)

    def _count(self, number: int) -> None:
        for start, end, label in self._labelled(number):
            if label != PART:
                for key in self._keys(number, start, end):
                    self._counts[key][label] += 1
            if label == NONE:
                self._bare.append((number, start, end))

    def _labelled(self, number: int) -> Iterator[tuple[int, int, str]]:
        """The places in a sentence, each with its label, `NONE` or `PART`."""
        sentence = self._sentences[number]
        labels = {(span.start, span.end): span.label for span in sentence.spans}
        inside = {i for span in sentence.spans for i in range(span.start, span.end)}
        for start, end in self._places(sentence.tokens):
            free = inside.isdisjoint(range(start, end))
            yield start, end, labels.get((start, end), NONE if free else PART)

    def _places(self, tokens: Text) -> Iterator[tuple[int, int]]:
        for start, token in enumerate(tokens):
            for length in self._lengths.get(token, ()):
                if tokens[start : start + length] in self.entities and start + length <= len(
                    tokens
                ):
                    yield start, start + length

    def _keys(self, number: int, start: int, end: int) -> tuple[object, ...]:
        tokens = self._sentences[number].tokens
        text = tokens[start:end]
        before = tokens[start - 1] if start else ""
        after = tokens[end] if end < len(tokens) else ""
        near = folded(before), folded(after)
        return text, (text, self._documents[number]), (text, near)

    def uses(self, number: int, span: Span) -> Uses:
        """The votes of other places on the label of a span."""
        own = self.label(number, span)
        votes = []
        for key in self._keys(number, span.start, span.end):
            counts = self._counts.get(key, Counter())
            with_it = counts[span.label] - (own == span.label)
            without = counts.total() - counts[span.label] - (own not in (span.label, PART))
            votes.append(Votes(max(0, with_it), max(0, without)))
        return Uses(*votes)

    def label(self, number: int, span: Span) -> str:
        """The label that stands at precisely these tokens, `NONE` or `PART`."""
        spans = self._sentences[number].spans
        near = [s for s in spans if s.start < span.end and span.start < s.end]
        here = (s.label for s in near if (s.start, s.end) == (span.start, span.end))
        return next(here, PART if near else NONE)

    def usual(self, number: int, start: int, end: int) -> str:
        """The label that a string usually has in its other places; `NONE` without one."""
        counts = self._counts.get(self._sentences[number].tokens[start:end], Counter()).copy()
        counts[self.label(number, Span(start, end, ""))] -= 1
        label, count = max(counts.items(), key=lambda pair: pair[1], default=(NONE, 0))
        return label if count >= ENOUGH and count >= MOST * counts.total() else NONE

    def places(self) -> Iterator[tuple[int, Text, str]]:
        """All places with a vote: the number of the sentence, the string and its label."""
        for number, sentence in enumerate(self._sentences):
            for start, end, label in self._labelled(number):
                if label != PART:
                    yield number, sentence.tokens[start:end], label

    def unlabelled(self) -> Iterator[tuple[int, Span]]:
        """Places outside of entities of strings that usually are one."""
        for number, start, end in self._bare:
            if label := self.usual(number, start, end):
                yield number, Span(start, end, label)
