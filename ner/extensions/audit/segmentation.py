"""Entities across a split between sentences: their parts together are an entity elsewhere."""

from collections.abc import Collection, Mapping, Sequence

from ner.extensions.audit.places import Place
from ner.text import Sentence

LONGEST = 3
"""Tokens on either side of a split that are tried."""

Text = tuple[str, ...]
Cuts = Mapping[tuple[int, bool], Text]
"""The entity that is cut at the start (False) or the end (True) of a sentence, by its number."""


def find_cuts(
    sentences: Sequence[Sentence], documents: Sequence[int], entities: Collection[Text]
) -> Cuts:
    """The cuts between neighbours of one document; `entities` are the strings of the corpus's."""
    found: dict[tuple[int, bool], Text] = {}
    for number in range(len(sentences) - 1):
        if documents[number] == documents[number + 1]:
            before, after = sentences[number], sentences[number + 1]
            if text := _cut(before.tokens, after.tokens, entities):
                found[number, True] = found[number + 1, False] = text
    return found


def _cut(before: Text, after: Text, entities: Collection[Text]) -> Text:
    """The longest entity that begins in one sentence and ends in the next; () without one."""
    tails = [before[-size:] for size in range(min(LONGEST, len(before)), 0, -1)]
    heads = [after[:size] for size in range(min(LONGEST, len(after)), 0, -1)]
    joined = (tail + head for tail in tails for head in heads)
    return next((text for text in joined if text in entities), ())


def cut_at(place: Place, sentence: Sentence, cuts: Cuts) -> Text:
    """The entity that is cut where a place stands; () without one."""
    if place.span.end == len(sentence) and (text := cuts.get((place.number, True))):
        return text
    return cuts.get((place.number, False), ()) if place.span.start == 0 else ()
