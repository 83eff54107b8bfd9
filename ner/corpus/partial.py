"""Partly labelled sentences: what tags with gaps tell, and what can be written of it.

Tags tell two things: the type of a token, and whether an entity goes through
the boundary between two tokens. These clues keep all that tags of any scheme
tell: the labellings that agree with them are just those of the legal ways to
fill the gaps. A model learns from such sentences by summing over all paths
that agree (Tsuboi et al. 2008).
"""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ner.tags import (
    OUTSIDE,
    TAG_OUTSIDE,
    TAG_UNKNOWN,
    Scheme,
    Tag,
    illegal_positions,
    joined,
    joined_after,
    joined_before,
    parse_tag,
    scheme_named,
    tags_of,
)
from ner.text import Clue, Joined, Sentence, Span


class Told(NamedTuple):
    """What a row of tags tells of each token, and the positions that are illegal."""

    clues: tuple[Clue, ...]
    illegal: tuple[int, ...]


def read_clues(tags: Sequence[Tag], scheme: str) -> Told:
    """Read tags, of which some are `TAG_UNKNOWN`.

    Known neighbours are read as by `spans_of`, legal or not. Where two tags
    demand different types of an unknown one between them, as in IOBES
    ``B-PER ? E-LOC``, the first is believed, and an entity begins at the other.
    Thus there always is a labelling that agrees with all clues.
    """
    edges = itertools.pairwise([TAG_OUTSIDE, *tags, TAG_OUTSIDE])
    joins = [joined(before, after, scheme) for before, after in edges]
    labels = [None if tag == TAG_UNKNOWN else tag.label for tag in tags]
    illegal = {*illegal_positions(tags, scheme)}
    for i in range(1, len(tags)):
        # In IOB1, B follows a token of its type, which is another entity.
        demands = joins[i] == "yes" or (scheme == "iob1" and tags[i].prefix == "B")
        if demands and labels[i - 1] is None:
            labels[i - 1] = labels[i]
        elif demands and labels[i] is None:
            labels[i] = labels[i - 1]
        elif joins[i] == "yes" and labels[i - 1] != labels[i]:
            illegal.add(i)
    for i in range(1, len(tags)):
        if None not in (labels[i - 1], labels[i]) and labels[i - 1] != labels[i]:
            joins[i] = "no"
    clues = itertools.starmap(Clue, zip(labels, joins, strict=False))
    return Told(tuple(clues), tuple(sorted(illegal)))


def with_clues(sentence: Sentence, clues: tuple[Clue, ...]) -> Sentence:
    """The sentence with these clues, one a token, in place of its labels."""
    whole = all(clue.label is not None and clue.joined in ("yes", "no") for clue in clues)
    return replace(sentence, spans=certain_spans(clues), partial=() if whole else clues)


def certain_spans(clues: Sequence[Clue]) -> tuple[Span, ...]:
    """The entities of which both ends, and all between them, are known."""
    spans: list[Span] = []
    start: int | None = None
    for position, (clue, after) in enumerate(zip(clues, _after(clues), strict=True)):
        if clue.joined != "yes":
            start = position if clue.joined == "no" else None
        if clue.label and after == "no" and start is not None:
            spans.append(Span(start, position + 1, clue.label))
    return tuple(spans)


def clues_within(clues: Sequence[Clue], start: int, end: int) -> tuple[Clue, ...]:
    """The clues of a piece ``[start, end)``; no entity goes through its ends."""
    return (clues[start]._replace(joined="no"), *clues[start + 1 : end])


def _after(clues: Sequence[Clue]) -> list[Joined]:
    """Of each token, whether the next one goes on with its entity."""
    return [*(clue.joined for clue in clues[1:]), "no"]


def agreeing_tags(
    clues: Sequence[Clue], tags: Sequence[str], scheme: str
) -> list[tuple[bool, ...]]:
    """Which of K tags of a scheme agree with what is known of each token, ``[T][K]``.

    In IOB2 and the IOBES family, the legal paths through agreeing tags are just
    the labellings that agree with the clues; but for ``same``, which links two
    tokens and so is read as ``open`` here.
    """
    parsed = tuple(parse_tag(tag) for tag in tags)
    return [_agreeing(*known, parsed, scheme) for known in zip(clues, _after(clues), strict=True)]


@functools.lru_cache(maxsize=16384)
def _agreeing(clue: Clue, after: Joined, tags: tuple[Tag, ...], scheme: str) -> tuple[bool, ...]:
    return tuple(
        clue.label in (None, tag.label)
        and {clue.joined, joined_before(tag, scheme)} != {"yes", "no"}
        and {after, joined_after(tag, scheme)} != {"yes", "no"}
        for tag in tags
    )


def known_tags(sentence: Sentence, scheme: str) -> list[str | None]:
    """The tags of a sentence in a scheme; none where more than one agrees with what is known."""
    if not sentence.partial:
        return [*tags_of(sentence.spans, len(sentence), scheme)]
    chosen = scheme_named(scheme)
    before = [Clue("", "no"), *sentence.partial]
    rows = zip(before, sentence.partial, _after(sentence.partial), strict=False)
    return [_tag(*row, chosen) for row in rows]


def _tag(before: Clue, clue: Clue, after: Joined, scheme: Scheme) -> str | None:
    if clue.label is None:
        return None
    if clue.label == "":
        return OUTSIDE
    prefix = _prefix(before, clue, after, scheme)
    return f"{scheme.spell(prefix)}-{clue.label}" if prefix else None


_CLOSING = {("no", "no"): "S", ("no", "yes"): "B", ("yes", "yes"): "I", ("yes", "no"): "E"}


def _prefix(before: Clue, clue: Clue, after: Joined, scheme: Scheme) -> str | None:
    """The one canonical prefix that the tag can have, if there is only one."""
    if scheme.closes:
        return _CLOSING.get((clue.joined, after))
    if scheme.name == "iob2":
        return {"no": "B", "yes": "I"}.get(clue.joined)
    if scheme.name == "iob1" and clue.joined == "no":
        return None if before.label is None else "B" if before.label == clue.label else "I"
    return None if scheme.name == "iob1" and clue.joined == "open" else "I"


def lost_clues(sentence: Sentence, scheme: str) -> int:
    """Of how many tokens less is known once the sentence is written in a scheme."""
    tags = [TAG_UNKNOWN if t is None else parse_tag(t) for t in known_tags(sentence, scheme)]
    told = read_clues(tags, scheme)
    return sum(a != b for a, b in zip(sentence.partial, told.clues, strict=False))
