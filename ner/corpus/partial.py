"""Partial annotation: sentences some of whose tags are unknown, read and written.

A tag constrains two things: the type of its token, and whether an entity goes through the boundary
between two tokens. `PartialLabel` keeps both, for tags of any scheme: the labellings that agree
with the partial labels of a sentence are just those of the legal ways to fill the gaps. A model
learns from such sentences by summing over all paths that agree (Tsuboi et al. 2008).
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
    boundary_constraint,
    constraint_after,
    constraint_before,
    illegal_positions,
    parse_tag,
    scheme_named,
    tags_of,
)
from ner.text import BoundaryConstraint, PartialLabel, Sentence, Span


class PartialAnnotation(NamedTuple):
    """The partial label of each token of a sentence, and the positions of illegal tags."""

    labels: tuple[PartialLabel, ...]
    illegal: tuple[int, ...]


def read_partial_labels(tags: Sequence[Tag], scheme: str) -> PartialAnnotation:
    """Read tags, of which some are `TAG_UNKNOWN`.

    Known neighbours are read as by `spans_of`, legal or not. Where two tags
    demand different types of an unknown one between them, as in IOBES
    ``B-PER ? E-LOC``, the first is believed, and an entity begins at the other.
    Thus there always is a labelling that agrees with all partial labels.
    """
    edges = itertools.pairwise([TAG_OUTSIDE, *tags, TAG_OUTSIDE])
    continues = [boundary_constraint(before, after, scheme) for before, after in edges]
    types = [None if tag == TAG_UNKNOWN else tag.label for tag in tags]
    illegal = {*illegal_positions(tags, scheme)}
    for i in range(1, len(tags)):
        # In IOB1, B follows a token of its type, which is another entity.
        demands = continues[i] == "yes" or (scheme == "iob1" and tags[i].prefix == "B")
        if demands and types[i - 1] is None:
            types[i - 1] = types[i]
        elif demands and types[i] is None:
            types[i] = types[i - 1]
        elif continues[i] == "yes" and types[i - 1] != types[i]:
            illegal.add(i)
    for i in range(1, len(tags)):
        if None not in (types[i - 1], types[i]) and types[i - 1] != types[i]:
            continues[i] = "no"
    labels = itertools.starmap(PartialLabel, zip(types, continues, strict=False))
    return PartialAnnotation(tuple(labels), tuple(sorted(illegal)))


def with_partial_labels(sentence: Sentence, labels: tuple[PartialLabel, ...]) -> Sentence:
    """The sentence with these partial labels, one a token, in place of its own."""
    full = all(token.label is not None and token.continues in ("yes", "no") for token in labels)
    return replace(sentence, spans=certain_spans(labels), partial=() if full else labels)


def certain_spans(labels: Sequence[PartialLabel]) -> tuple[Span, ...]:
    """The entities of which both ends, and all between them, are known."""
    spans: list[Span] = []
    start: int | None = None
    for position, (token, after) in enumerate(zip(labels, _after(labels), strict=True)):
        if token.continues != "yes":
            start = position if token.continues == "no" else None
        if token.label and after == "no" and start is not None:
            spans.append(Span(start, position + 1, token.label))
    return tuple(spans)


def partial_labels_within(
    labels: Sequence[PartialLabel], start: int, end: int
) -> tuple[PartialLabel, ...]:
    """The partial labels of a segment ``[start, end)``; no entity goes through its ends."""
    return (labels[start]._replace(continues="no"), *labels[start + 1 : end])


def _after(labels: Sequence[PartialLabel]) -> list[BoundaryConstraint]:
    """The constraint of the boundary behind each token."""
    return [*(token.continues for token in labels[1:]), "no"]


def agreeing_tags(
    labels: Sequence[PartialLabel],
    tags: Sequence[str],
    scheme: str,
    unannotated: frozenset[str] = frozenset(),
) -> list[tuple[bool, ...]]:
    """A mask of the K tags of a scheme that agree with each partial label, ``[T][K]``.

    In IOB2 and the IOBES family, the legal paths through agreeing tags are just
    the labellings that agree with the partial labels; but for ``same``, which
    links two tokens and so is read as ``open`` here. Tokens outside entities may
    be in one of an `unannotated` type (Greenberg et al. 2018).
    """
    parsed = tuple(parse_tag(tag) for tag in tags)
    labels = _opened(labels) if unannotated else labels
    rows = zip(labels, _after(labels), strict=True)
    return [_agreeing(*known, unannotated, parsed, scheme) for known in rows]


def possible_tags(
    sentence: Sentence, tags: Sequence[str], scheme: str
) -> list[tuple[bool, ...]] | None:
    """A mask of the tags that each token can have, ``[T][K]``; None where all tags are known."""
    if not sentence.partial and not sentence.unannotated:
        return None
    labels = sentence.partial or _exact_labels(sentence)
    return agreeing_tags(labels, tags, scheme, sentence.unannotated)


def _exact_labels(sentence: Sentence) -> tuple[PartialLabel, ...]:
    """The labels of a fully labelled sentence as partial ones."""
    tags = tags_of(sentence.spans, len(sentence), "iobes")
    return read_partial_labels([parse_tag(tag) for tag in tags], "iobes").labels


def _opened(labels: Sequence[PartialLabel]) -> list[PartialLabel]:
    """The labels with open boundaries between tokens that are not known to be in an entity."""
    opened = (
        token if before.label or token.label else token._replace(continues="open")
        for before, token in itertools.pairwise(labels)
    )
    return [labels[0], *opened]


@functools.lru_cache(maxsize=16384)
def _agreeing(
    token: PartialLabel,
    after: BoundaryConstraint,
    unannotated: frozenset[str],
    tags: tuple[Tag, ...],
    scheme: str,
) -> tuple[bool, ...]:
    types = {token.label, *unannotated} if token.label == "" else {token.label}
    return tuple(
        (token.label is None or tag.label in types)
        and {token.continues, constraint_before(tag, scheme)} != {"yes", "no"}
        and {after, constraint_after(tag, scheme)} != {"yes", "no"}
        for tag in tags
    )


def known_tags(sentence: Sentence, scheme: str) -> list[str | None]:
    """The tags of a sentence in a scheme; None where several agree with what is known."""
    if not sentence.partial:
        return [*tags_of(sentence.spans, len(sentence), scheme)]
    chosen = scheme_named(scheme)
    before = [PartialLabel("", "no"), *sentence.partial]
    rows = zip(before, sentence.partial, _after(sentence.partial), strict=False)
    return [_tag(*row, chosen) for row in rows]


def _tag(
    before: PartialLabel, token: PartialLabel, after: BoundaryConstraint, scheme: Scheme
) -> str | None:
    if token.label is None:
        return None
    if token.label == "":
        return OUTSIDE
    prefix = _prefix(before, token, after, scheme)
    return f"{scheme.spell(prefix)}-{token.label}" if prefix else None


_CLOSING = {("no", "no"): "S", ("no", "yes"): "B", ("yes", "yes"): "I", ("yes", "no"): "E"}


def _prefix(
    before: PartialLabel, token: PartialLabel, after: BoundaryConstraint, scheme: Scheme
) -> str | None:
    """The one canonical prefix that the tag can have, if there is only one."""
    if scheme.closes:
        return _CLOSING.get((token.continues, after))
    if scheme.name == "iob2":
        return {"no": "B", "yes": "I"}.get(token.continues)
    if scheme.name == "iob1" and token.continues == "no":
        return None if before.label is None else "B" if before.label == token.label else "I"
    return None if scheme.name == "iob1" and token.continues == "open" else "I"


def count_lost_labels(sentence: Sentence, scheme: str) -> int:
    """Count the tokens of which less is known once the sentence is written in a scheme."""
    tags = [TAG_UNKNOWN if t is None else parse_tag(t) for t in known_tags(sentence, scheme)]
    written = read_partial_labels(tags, scheme)
    return sum(a != b for a, b in zip(sentence.partial, written.labels, strict=False))
