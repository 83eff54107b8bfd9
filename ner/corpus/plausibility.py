"""Signs that a corpus was read otherwise than it was meant, whatever its format."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ner.corpus.diagnostics import SHOWN
from ner.corpus.layout import counts_up
from ner.errors import shorten
from ner.text import Sentence

ERROR, WARNING, INFO = "error", "warning", "info"
_LONG, _ENDLESS = 1000, 5000  # tokens of a sentence, one that is all of its split and any
_ENOUGH = 20  # distinct tokens whose common beginning is no accident
_SEPARATORS = ",|"


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of questionable thing: how often (`count`) and where first (`places`, bounded)."""

    severity: str
    kind: str
    message: str
    count: int = 1
    places: tuple[str, ...] = ()
    unlisted: int = 0  # places that are left out


def implausible(splits: Mapping[str, Sequence[Sentence]]) -> Iterator[Finding]:
    """List what hints at a wrong reading of sentences, by split."""
    for split, sentences in splits.items():
        if sentences:
            yield from _numbers(split, sentences)
            yield from _unsplit(split, sentences)
            yield from _prefix(split, sentences)
    yield from _types(sentence for split in splits.values() for sentence in split)


def _numbers(split: str, sentences: Sequence[Sentence]) -> Iterator[Finding]:
    """Tokens that are the numbers of tokens."""
    tokens = (token for sentence in sentences for token in sentence.tokens)
    if counts_up(tokens):
        message = (
            f"{split}: the tokens are the numbers 1, 2, 3 …; choose theirs with --token-column"
        )
        yield Finding(WARNING, "index column", message, places=(sentences[0].place,))


def _unsplit(split: str, sentences: Sequence[Sentence]) -> Iterator[Finding]:
    """Sentences so long that the blank lines between sentences are missing."""
    least = _LONG if len(sentences) == 1 else _ENDLESS
    long = [sentence for sentence in sentences if len(sentence) >= least]
    if long:
        message = (
            f"{split}: sentences of {least:,} tokens or more; if blank lines between sentences "
            "are missing, give --split-sentences"
        )
        places = tuple(f"{s.place}: {len(s):,} tokens" for s in long[:SHOWN])
        yield Finding(
            WARNING, "endless sentence", message, len(long), places, len(long) - len(places)
        )


def _prefix(split: str, sentences: Sequence[Sentence]) -> Iterator[Finding]:
    """A beginning that all tokens have, as the ``de:`` of WikiANN."""
    words = {token for sentence in sentences for token in sentence.tokens}
    low, high = min(words), max(words)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    prefix = "".join(character for character, _ in same)
    if len(prefix) > 1 and not prefix.isalnum() and len(words) >= _ENOUGH:
        message = f"{split}: all tokens begin with {shorten(prefix)}; remove that from the file"
        yield Finding(WARNING, "common prefix", message, places=(sentences[0].place,))


def _types(sentences: Iterable[Sentence]) -> Iterator[Finding]:
    """Types that are one, several, or none that a model takes."""
    first: dict[str, str] = {}
    for sentence in sentences:
        for label in sentence.labels:
            first.setdefault(label, sentence.place)
    alike: dict[str, list[str]] = defaultdict(list)
    for label in sorted(first):
        alike[label.casefold()].append(label)
        if not label.isprintable():
            message = (
                f"the type {shorten(label)} has characters that cannot be printed; "
                "ner train refuses it"
            )
            yield Finding(ERROR, "unprintable type", message, places=(first[label],))
        elif any(mark in label for mark in _SEPARATORS):
            message = f"the type {shorten(label)} looks like several types in one cell"
            yield Finding(WARNING, "several types", message, places=(first[label],))
    for labels in alike.values():
        if len(labels) > 1:
            message = f"types that differ in case only: {', '.join(map(shorten, labels))}"
            places = tuple(first[label] for label in labels)
            yield Finding(WARNING, "types alike", message, len(labels), places)
