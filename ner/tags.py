"""Tags and spans: every scheme, one function each way, and what may follow what.

A *tag* is ``O`` or a prefix, a hyphen and a type (``B-PER``). Schemes differ in
the prefixes they use and in what may stand beside what:

===========  ===========================  ==========================================
scheme       prefixes                     an entity is
===========  ===========================  ==========================================
``iob1``     I, and B                     I I I; B only right after one of its type
``iob2``     B I          (also ``bio``)  B I I
``io``       I                            I I I; adjacent ones of one type merge
``iobes``    B I E S      (``bioes``)     B I E, or S alone
``bilou``    B I L U                      the same with other letters
``bmes``     B M E S                      the same with other letters
``bmewo``    B M E W                      the same with other letters
===========  ===========================  ==========================================

`spans_of` reads all of them, legal or not, with the rules of the CoNLL scorer
(``conlleval``, Sang and De Meulder 2003): what it makes of an illegal sequence
is what we call its repair. `tags_of` writes any scheme. Of partly labelled
sentences, `boundary_constraint` decides if an entity goes on from tag to tag.
"""

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from ner.errors import CorpusError, UsageError
from ner.frozen import frozen
from ner.text import BoundaryConstraint, Span

OUTSIDE = "O"


@frozen()
class Scheme:
    """A way of writing spans as tags."""

    name: str
    letters: dict[str, str]  # its own prefixes, and the canonical B, I, E, S for each

    @property
    def closes(self) -> bool:
        """True if the end of an entity is marked (the IOBES family)."""
        return "E" in self.letters.values()

    def spell(self, prefix: str) -> str:
        """The scheme's own letter for a canonical prefix."""
        return next(own for own, canonical in self.letters.items() if canonical == prefix)


SCHEMES = {
    name: Scheme(name, dict(zip(letters, "BIES", strict=False)))
    for name, letters in [
        ("iob1", "BI"),
        ("iob2", "BI"),
        ("iobes", "BIES"),
        ("bilou", "BILU"),
        ("bmes", "BMES"),
        ("bmewo", "BMEW"),
    ]
} | {"io": Scheme("io", {"I": "I"})}

ALIASES = {"bio": "iob2", "bioes": "iobes"}


def scheme_named(name: str) -> Scheme:
    """Look a scheme up by name or alias; raises `UsageError` that lists the known ones."""
    key = name.lower()
    if found := SCHEMES.get(ALIASES.get(key, key)):
        return found
    known = ", ".join([*SCHEMES, *ALIASES])
    raise UsageError(f"unknown tag scheme {name!r}; choose one of {known}")


class Tag(NamedTuple):
    """A tag taken apart: canonical prefix (O, B, I, E or S) and type (empty for O)."""

    prefix: str
    label: str


TAG_OUTSIDE = Tag(OUTSIDE, "")
TAG_UNKNOWN = Tag("?", "")
"""An unknown tag, in place of any other; never the result of `parse_tag`."""
_CANONICAL = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}


@functools.lru_cache(maxsize=65536)
def parse_tag(text: str, bare: bool = False) -> Tag:
    """Take ``B-PER`` apart, whatever letters its scheme uses.

    With `bare`, a tag without prefix (``PER``) is read as inside, as in some IO files. Raises
    `CorpusError` for anything else.
    """
    if text == OUTSIDE:
        return TAG_OUTSIDE
    prefix, hyphen, label = text.partition("-")
    if hyphen and label and prefix in _CANONICAL:
        return Tag(_CANONICAL[prefix], label)
    if bare and text:
        return Tag("I", text)
    raise CorpusError(f"{text!r} is not a tag; {_remedy(text)}")


def _remedy(text: str) -> str:
    if len(text) > 2 and text[0] in _CANONICAL and text[1] in "_:/|":
        label = text[2:] if len(text) < 60 and text.isprintable() else "TYPE"
        return f"a hyphen stands between prefix and type: {text[0]}-{label}"
    remedy = "tags are O or like B-PER; choose the column with --tag-column"
    if any(f"{mark}{prefix}-" in text for mark in "=:|" for prefix in _CANONICAL):
        return remedy  # a prefix after something else, as in NER=B-PER
    return f"{remedy}, or give --scheme io if the types have no prefix"


def spans_of(tags: Iterable[str | Tag]) -> list[Span]:
    """Read tags of any scheme as spans, by the rules of the CoNLL scorer.

    Raises `CorpusError` for text that is not a tag.
    """
    spans: list[Span] = []
    start, previous = 0, TAG_OUTSIDE
    for position, given in enumerate(chain(tags, [TAG_OUTSIDE])):
        tag = given if isinstance(given, Tag) else parse_tag(given)
        if _ends(previous, tag):
            spans.append(Span(start, position, previous.label))
        if _starts(previous, tag):
            start = position
        previous = tag
    return spans


def _ends(previous: Tag, tag: Tag) -> bool:
    """True if an entity ends between two neighbours (``endOfChunk`` of conlleval)."""
    if previous.prefix == OUTSIDE:
        return False
    return previous.prefix in "ES" or tag.prefix in "BSO" or previous.label != tag.label


def _starts(previous: Tag, tag: Tag) -> bool:
    """True if an entity starts at `tag` (``startOfChunk`` of conlleval)."""
    if tag.prefix == OUTSIDE:
        return False
    return tag.prefix in "BS" or previous.prefix in "ESO" or previous.label != tag.label


def tags_of(spans: Iterable[Span], length: int, scheme: str = "iob2") -> list[str]:
    """Write spans as `length` tags of a scheme.

    Spans do not overlap and lie within the length (asserted). ``io`` cannot tell neighbours of one
    type apart.
    """
    chosen = scheme_named(scheme)
    tags = [OUTSIDE] * length
    previous: Span | None = None
    for span in sorted(spans):
        assert 0 <= span.start < span.end <= length, f"{span} does not fit {length} tokens"
        assert previous is None or previous.end <= span.start, f"{span} overlaps {previous}"
        for position, prefix in enumerate(_prefixes(span, previous, chosen), span.start):
            tags[position] = f"{chosen.spell(prefix)}-{span.label}"
        previous = span
    return tags


def _prefixes(span: Span, previous: Span | None, scheme: Scheme) -> str:
    """The canonical prefixes of one span, given the one before it."""
    length = span.end - span.start
    if scheme.closes:
        return "S" if length == 1 else "B" + "I" * (length - 2) + "E"
    if scheme.name == "io":
        return "I" * length
    touches = previous is not None and (previous.end, previous.label) == (span.start, span.label)
    return "B" + "I" * (length - 1) if scheme.name == "iob2" or touches else "I" * length


@functools.lru_cache(maxsize=65536)
def may_follow(scheme: str, previous: Tag | None, tag: Tag | None) -> bool:
    """True if `tag` may stand right after `previous` in a legal sequence of the scheme.

    None is the edge of the sentence. Beside `TAG_UNKNOWN`, every tag of the scheme may stand.
    """
    chosen = scheme_named(scheme)
    before, after = previous or TAG_OUTSIDE, tag or TAG_OUTSIDE
    same = before.label == after.label  # never so for O and an entity: O has no type
    own = (OUTSIDE, TAG_UNKNOWN.prefix, *chosen.letters.values())
    if any(t.prefix not in own for t in (before, after)):
        return False
    if TAG_UNKNOWN in (before, after):
        return True
    if chosen.closes:
        open_before, continues = before.prefix in "BI", after.prefix in "IE"
        return open_before == continues and (same or not continues)
    if chosen.name == "iob2":
        return after.prefix != "I" or same
    if chosen.name == "iob1":
        return after.prefix != "B" or same
    return True


def illegal_positions(tags: Sequence[Tag], scheme: str) -> list[int]:
    """Positions whose tag may not follow the one before, or may not end the sentence."""
    borders = enumerate(pairwise((None, *tags, None)))
    wrong = [border for border, pair in borders if not may_follow(scheme, *pair)]
    return list(dict.fromkeys(min(border, len(tags) - 1) for border in wrong))


def constraint_before(tag: Tag, scheme: str) -> BoundaryConstraint:
    """The constraint that a tag by itself puts on the boundary before its token."""
    if tag == TAG_UNKNOWN:
        return "open"
    if tag.prefix in "BSO":
        return "no"
    return "same" if scheme_named(scheme).name in ("iob1", "io") else "yes"


def constraint_after(tag: Tag, scheme: str) -> BoundaryConstraint:
    """The constraint that a tag by itself puts on the boundary after its token."""
    if tag != TAG_UNKNOWN and tag.prefix in "ESO":
        return "no"
    return "yes" if tag.prefix in "BI" and scheme_named(scheme).closes else "open"


def boundary_constraint(before: Tag, after: Tag, scheme: str) -> BoundaryConstraint:
    """The constraint of two neighbours on the boundary between them, read as by `spans_of`."""
    if before == TAG_UNKNOWN:
        return constraint_before(after, scheme)
    if after == TAG_UNKNOWN:
        return constraint_after(before, scheme)
    return "no" if after == TAG_OUTSIDE or _starts(before, after) else "yes"


class Transitions(NamedTuple):
    """The allowed transitions among K tags: ``start[K]``, ``between[K][K]``, ``end[K]``."""

    start: list[bool]
    between: list[list[bool]]
    end: list[bool]


def tag_set(labels: Iterable[str], scheme: str) -> list[str]:
    """All tags that a scheme needs for these types, ``O`` first."""
    letters = scheme_named(scheme).letters
    return [OUTSIDE, *(f"{own}-{label}" for label in labels for own in letters)]


def allowed_transitions(tags: Sequence[str], scheme: str) -> Transitions:
    """The legal starts, neighbours and ends among `tags` under a scheme."""
    parsed = [parse_tag(tag) for tag in tags]
    alike: defaultdict[str, list[int]] = defaultdict(list)
    for position, tag in enumerate(parsed):
        alike[tag.label].append(position)
    # What may follow a tag of another type; the type of O alone is "", and makes no difference.
    rows = {
        prefix: [may_follow(scheme, Tag(prefix, ""), tag) for tag in parsed]
        for prefix in {tag.prefix for tag in parsed}
    }
    between = [rows[tag.prefix].copy() for tag in parsed]
    for row, tag in zip(between, parsed, strict=True):
        for position in alike[tag.label]:
            row[position] = may_follow(scheme, tag, parsed[position])
    return Transitions(
        start=[may_follow(scheme, None, tag) for tag in parsed],
        between=between,
        end=[may_follow(scheme, tag, None) for tag in parsed],
    )


class TagLayer(NamedTuple):
    """A tag layer among the outputs of a model: its name, "" for the only one, and its tags.

    Its emissions stand from `start` on.
    """

    name: str
    start: int
    tags: tuple[str, ...]

    @property
    def columns(self) -> slice:
        """Its columns among those of all outputs."""
        return slice(self.start, self.start + len(self.tags))


def tag_layers(outputs: Sequence[str], names: Sequence[str] = ()) -> tuple[TagLayer, ...]:
    """Cut the tags of a model before each O, the first of each layer, into layers of these names.

    Without names there is one layer. Raises `ValueError` for other outputs than of so many layers.
    """
    starts = [number for number, tag in enumerate(outputs) if tag == OUTSIDE]
    borders = pairwise([*starts, len(outputs)])
    return tuple(
        TagLayer(name, start, tuple(outputs[start:end]))
        for name, (start, end) in zip(names or ("",), borders, strict=True)
    )


class SchemeCounts:
    """Evidence for the scheme of a whole file: its letters, and illegal places under each scheme.

    Tags that are `unknown` show nothing.
    """

    def __init__(self, unknown: str | None = None) -> None:
        self._unknown = unknown
        self._letters: Counter[str] = Counter()
        self._wrong = Counter({"iob1": 0, "iob2": 0})

    def add(self, tags: Sequence[str], times: int = 1) -> None:
        """Count a sentence of tags so many times; raises `CorpusError` for text that is no tag."""
        hidden = (self._unknown, OUTSIDE)
        parsed = [TAG_UNKNOWN if tag == self._unknown else parse_tag(tag) for tag in tags]
        self._letters.update(tag[0] for tag in tags if tag not in hidden)
        for scheme in self._wrong:
            self._wrong[scheme] += times * len(illegal_positions(parsed, scheme))

    def scheme(self) -> str:
        """The scheme that fits the file best.

        Letters decide where they can. Of B and I, the one with fewer illegal places (IOB2 among
        equals); I alone is IO.
        """
        for own, scheme in (("LU", "bilou"), ("W", "bmewo"), ("M", "bmes"), ("ES", "iobes")):
            if any(self._letters[letter] for letter in own):
                return scheme
        if self._letters["I"] and not self._letters["B"]:
            return "io"
        return "iob1" if self._wrong["iob1"] < self._wrong["iob2"] else "iob2"
