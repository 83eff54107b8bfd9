"""Spellings of tags other than ``B-PER``, as the tags of a whole file show them.

Understood, with a note: the type before the prefix (``PER-B``), prefixes in lower case (``b-PER``),
prefixes without a type (``B``), and other marks than ``O`` for tokens outside entities. Refused,
with a remedy: whatever may mean two things, and under IO any tag that looks like another scheme.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ner.corpus.diagnostics import SHOWN
from ner.errors import CorpusError, shorten
from ner.tags import OUTSIDE, parse_tag

_LETTERS = "BIESLUMW"
_BARE = re.compile(f"(?i:[{_LETTERS}])")
_LOWER = re.compile(f"([{_LETTERS.lower()}])-(.+)", re.DOTALL)
_PREFIXED = re.compile(f"(?:.*[=:|])?(?i:[{_LETTERS}])-.+", re.DOTALL)  # NER=B-PER, too
_SUFFIXED = re.compile(f"(.+)[-_](?i:([{_LETTERS}]))", re.DOTALL)
_ALWAYS_OUTSIDE = ("o", "0")
_MAYBE_OUTSIDE = ("_", "-")  # elsewhere, an unknown tag


class Spelling(NamedTuple):
    """The odd tags of a file: what each is read as, a note about that, and what is wrong."""

    reads_as: Mapping[str, str]
    note: str
    wrong: Mapping[str, str]


def is_plausible(tag: str, bare: bool) -> bool:
    """True if a tag is one, or may turn out to be one in the light of the whole file."""
    if bare or _is_tag(tag) or tag in _ALWAYS_OUTSIDE + _MAYBE_OUTSIDE:
        return True
    return any(p.fullmatch(tag) for p in (_BARE, _LOWER)) or bool(
        _SUFFIXED.fullmatch(tag) and tag[1:2] != "_"  # B_B is a prefix in want of a hyphen
    )


def not_a_tag(tag: str) -> str:
    """The message about a text that is no tag, "" about a tag."""
    try:
        parse_tag(tag)
    except CorpusError as error:
        return str(error).replace(repr(tag), shorten(tag))
    return ""


def read_spelling(tags: Iterable[str], scheme: str, label: str) -> Spelling:
    """Tell how the distinct tags of a file (unknown ones left out) are spelled.

    Under the scheme ``io`` types may stand alone; `label` is the type of tags without one.
    """
    tags = {*tags}
    reads_as, wrong = _outside(tags)
    entities = sorted(tags - {OUTSIDE, *reads_as, *wrong})
    if scheme == "io":
        wrong |= _of_other_schemes(entities)
    elif not all(map(_is_tag, entities)):
        reads_as |= _within(entities, label)
        wrong |= {t: _remedy(t) for t in entities if t not in reads_as and not _is_tag(t)}
    if not reads_as:
        return Spelling({}, "", wrong)
    first = ", ".join(f"{shorten(t)} as {r!r:.60}" for t, r in [*reads_as.items()][:SHOWN])
    more = f" and {len(reads_as) - SHOWN} more" * (len(reads_as) > SHOWN)
    named = "; --label names the type" * any(map(_BARE.fullmatch, entities))
    return Spelling(reads_as, f"tags of another spelling are read: {first}{more}{named}", wrong)


def _outside(tags: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The marks of tokens outside entities, and those that may as well be unknown tags."""
    marks, maybe = tags & {*_ALWAYS_OUTSIDE}, tags & {*_MAYBE_OUTSIDE}
    if len(maybe) == 1 and not marks and OUTSIDE not in tags:
        marks, maybe = maybe, set()
    wrong = {
        mark: f"{mark!r} is not a tag; write O for tokens outside entities, "
        f"or give --unknown-tag {mark} if nobody knows their labels"
        for mark in maybe
    }
    return dict.fromkeys(sorted(marks), OUTSIDE), wrong


def _within(entities: Sequence[str], label: str) -> dict[str, str]:
    """The usual spelling of the tags of entities, of those that have one."""
    if _are_bare(entities):
        return {tag: f"{tag.upper()}-{label}" for tag in entities}
    suffixed = [_SUFFIXED.fullmatch(tag) for tag in entities]
    if all(suffixed):
        return {match[0]: f"{match[2].upper()}-{match[1]}" for match in suffixed if match}
    return {tag: tag[0].upper() + tag[1:] for tag in entities if _LOWER.fullmatch(tag)}


def _are_bare(entities: Sequence[str]) -> bool:
    return all(map(_BARE.fullmatch, entities)) and not {*"BIbi"}.isdisjoint(entities)


def _remedy(tag: str) -> str:
    """The message about a tag that is odd among tags like ``B-PER``."""
    match = _SUFFIXED.fullmatch(tag)
    if match:
        usual = f"{match[2].upper()}-{match[1]}"
        return f"{shorten(tag)} is not a tag; the prefix stands before the type: {usual!r:.60}"
    if _BARE.fullmatch(tag):
        return f"{shorten(tag)} is not a tag; the type is missing: {tag.upper()}-TYPE"
    return not_a_tag(tag)


def _of_other_schemes(entities: Sequence[str]) -> dict[str, str]:
    """Messages about tags that are no types of an IO file."""
    odd = [tag for tag in entities if _PREFIXED.fullmatch(tag) and not tag.startswith("I-")]
    if _are_bare(entities) or all(map(_SUFFIXED.fullmatch, entities)):
        odd = [*entities]
    plain = any(not _PREFIXED.fullmatch(tag) for tag in entities) and len(odd) < len(entities)
    return {
        tag: f"{shorten(tag)} looks like a tag of another scheme than io; "
        + (f"if it is a type, write {f'I-{tag}'!r:.60}" if plain else "leave --scheme io out")
        for tag in odd
    }


def _is_tag(tag: str) -> bool:
    return not not_a_tag(tag)
