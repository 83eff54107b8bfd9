"""Echoes: how the same word was tagged elsewhere in its document.

A name whose type is clear in one place mostly has that type in the whole
document (Krishnan and Manning 2006). So a document is read twice: what the
first reading says of a word at its other places is a feature of the second.
"""

from collections.abc import Hashable, Iterator, Sequence

from ner.tags import OUTSIDE
from ner.text import Span

Echo = tuple[int, int]
"""What is heard of the same word, and of the word without regard to case; 0: nothing."""

SILENCE: Echo = (0, 0)
Echoes = Sequence[Echo] | None
"""The echo of each token of a sentence; None where nothing is heard of any."""

_Counts = dict[Hashable, list[int]]
"""How often a word of a document is of each type; O is type 0."""


def echo_size(labels: Sequence[str]) -> int:
    """How many numbers an echo can have: nothing, or a type (or O), always or mostly."""
    return 1 + 2 * (len(labels) + 1)


def echoes(
    sentences: Sequence[Sequence[str]],
    spans: Sequence[Sequence[Span]],
    documents: Sequence[int],
    labels: Sequence[str],
) -> list[Echoes]:
    """For each token what its word is elsewhere in the document; None for sentences without any.

    `spans` are those of the first reading, `documents` tell apart to which one
    a sentence belongs, and `labels` are their types, in the order of the numbers.
    Only words that are in an entity somewhere in the document have an echo. Of
    types that are equally frequent, the last one is heard, and O the least.
    Takes time linear in the tokens.
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
    result: list[Echoes] = []
    for tokens, own, document in zip(sentences, places, documents, strict=True):
        heard = [SILENCE] * len(tokens)
        for place, label in own.items():
            token = tokens[place]
            heard[place] = (
                _elsewhere(exact[document, token], label),
                _elsewhere(folded[document, token.lower()], label),
            )
        result.append(heard if any(map(any, heard)) else None)
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
        # Most words are no names: this line is what the time goes into.
        types = {i: 0 for i, word in enumerate(map(str.lower, tokens)) if word in known}
        for span in found:
            types.update(dict.fromkeys(range(span.start, span.end), number[span.label]))
        yield types


def _elsewhere(counts: Sequence[int], own: int) -> int:
    """The echo of one of the places that were counted, which is of the type `own`."""
    if not any(counts[1:]):
        return 0  # nowhere in an entity
    others = list(counts)
    others[own] -= 1
    total = sum(others)
    if not total:
        return 0
    most, label = max(zip(others, range(len(others)), strict=True))
    return 1 + 2 * label + (most == total)
