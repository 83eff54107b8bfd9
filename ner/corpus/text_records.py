"""Texts with entities by offsets, of whatever format, and the one way to sentences.

The text is tokenised and cut into sentences, unless the record brings tokens: it is then one
sentence. Offsets are turned into code points (`ner.corpus.offset_units`), duplicates become one,
overlaps are settled as asked, and entities are laid over the tokens.
"""

import bisect
import itertools
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ner.corpus.offset_units import OffsetEvidence, converter
from ner.corpus.records import (
    CharacterSpan,
    InvalidRecord,
    Offsets,
    ParseContext,
    ParseResult,
    TextRecord,
)
from ner.errors import shorten
from ner.text import SURROGATE, Sentence, Span, in_reading_order
from ner.tokenize import detect_text_style, split_sentences, tokenize

SHOWN = 1000
"""Records that are looked at to choose the tokenizer."""


def parse_text_records(records: Iterable[TextRecord], context: ParseContext) -> ParseResult:
    """Turn records into sentences with offsets into their text.

    Raises `CorpusError` (through the diagnostics), with ``source:line``, for wrong offsets and
    labels, overlaps, and an entity that ends inside a token (unless ``align`` widens or drops it).
    """
    records = iter(records)
    shown = list(itertools.islice(records, SHOWN))
    style = context.config.tokenizer
    if style == "auto":
        style = detect_text_style([record.text for record in shown])
    reader = _TextReader(context, style)
    for record in shown:
        reader.weigh(record)
    for record in shown:
        reader.add(record)
    for record in records:
        reader.weigh(record)
        reader.add(record)
    return reader.finish()


class _TextReader:
    """The sentences of one file, as they come."""

    def __init__(self, context: ParseContext, style: str) -> None:
        self._config, self._style = context.config, style
        self._source, self._diagnostics = context.source, context.diagnostics
        self._evidence = OffsetEvidence(context.config.offsets)
        self._sentences: list[Sentence] = []
        self._document = -1
        self._previous: int | None = None

    def weigh(self, record: TextRecord) -> None:
        """Take a record as evidence for a unit of offsets."""
        if record.entities:
            self._evidence.add(record.text, ((e.start, e.end, e.text) for e in record.entities))

    def add(self, record: TextRecord) -> None:
        """Add the sentences of a record, or report what is wrong with it."""
        if record.document is None or record.document != self._previous:
            self._document += 1
        self._previous = record.document
        try:
            self._sentences += self._cut(record, self._place(record))
        except InvalidRecord as error:
            self._diagnostics.error(error.place or self._place(record), str(error))

    def finish(self) -> ParseResult:
        """All sentences; one warning if another unit of offsets explains misfits."""
        advice = self._evidence.advice()
        if advice and not self._diagnostics.errors.total:
            self._diagnostics.count(advice, self._source)
        return ParseResult(_renumbered(self._sentences), "")

    def _place(self, record: TextRecord) -> str:
        return f"{record.source or self._source}:{record.line}"

    def _cut(self, record: TextRecord, place: str) -> Iterator[Sentence]:
        """The sentences of a record; those that share an entity are joined."""
        text = record.text
        if SURROGATE.search(text):
            raise InvalidRecord(
                "the text holds half a surrogate pair; write whole characters or pairs"
            )
        layers = self._layers(self._located(record), place)
        settled = [self._settled(entities, text, place) for entities in layers]
        ranges = tokenize(text, self._style) if record.tokens is None else record.tokens
        parts = [self._spans(entities, ranges, text, place) for entities in settled]
        spans = in_reading_order(span for part in parts for span in part)
        whole = record.tokens is not None and not record.has_sentences
        cuts = [(0, len(ranges))] if whole else split_sentences(text, ranges)
        tokens = [text[start:end] for start, end in ranges]
        for start, end, inside in _join_sentences(cuts, spans):
            if start < end:
                before = text.count("\n", 0, ranges[start][0]) if record.source else 0
                yield Sentence(
                    tuple(tokens[start:end]),
                    tuple(Span(s.start - start, s.end - start, s.label, s.layer) for s in inside),
                    tuple(ranges[start:end]),
                    self._document,
                    record.source or self._source,
                    record.line + before,
                )

    def _located(self, record: TextRecord) -> list[CharacterSpan]:
        """The entities in code points, checked. Raises `InvalidRecord`."""
        convert = converter(record.text, self._config.offsets)
        located = []
        for entity in record.entities:
            start, end = convert(entity.start, entity.end)
            if message := _label_fault(entity):
                raise InvalidRecord(message, entity.place)
            if message := self._misfit(entity, start, end, record.text):
                self._drop(message, entity, self._place(record))
            else:
                located.append(entity._replace(start=start, end=end))
        return located

    def _drop(self, message: str, entity: CharacterSpan, place: str) -> None:
        """Leave an entity out that does not fit, if so asked. Raises `InvalidRecord` else."""
        if self._config.align != "drop":
            raise InvalidRecord(message, entity.place)
        self._diagnostics.count(
            "entities that fit no tokens of their text left out (--align drop)",
            entity.place or place,
        )

    def _misfit(self, entity: CharacterSpan, start: int, end: int, text: str) -> str:
        what = f"the entity {entity.start}-{entity.end}"
        advice = self._evidence.advice()
        if not 0 <= start < end <= len(text):
            units = f"of {len(text)} characters"
            known = "offsets are half-open and count code points"
            if self._config.offsets != "characters":
                known = f"offsets were read as --offsets {self._config.offsets}"
            return (
                f"{what} ({shorten(entity.label)}) does not lie in the text {units}; "
                f"{advice or known}"
            )
        if entity.text is not None and entity.text != text[start:end]:
            known = "offsets count Unicode code points, not bytes or UTF-16 units"
            return (
                f"{what} is {shorten(text[start:end])} but says {entity.text!r:.60}; "
                f"{advice or known}"
            )
        return ""

    def _layers(self, entities: list[CharacterSpan], place: str) -> Iterable[list[CharacterSpan]]:
        """The entities of each layer, none twice; overlapping ones are put into layers if asked.

        Those of a layer that the file names stay in it.
        """
        unique = list({(*e[:3], e.layer): e for e in reversed(entities)}.values())[::-1]
        if len(unique) < len(entities):
            self._diagnostics.count("entities given twice, read once", place)
        layers: defaultdict[str, list[CharacterSpan]] = defaultdict(list)
        for entity in unique:
            layers[entity.layer].append(entity)
        nameless = self._config.overlaps == "layers" and [*layers] == [""]
        if not nameless:
            return layers.values()
        return ([e._replace(layer=n) for e in own] for n, own in _numbered(unique).items())

    def _settled(self, unique: list[CharacterSpan], text: str, place: str) -> list[CharacterSpan]:
        """The entities of a layer in order, none overlapping. Raises `InvalidRecord`."""
        kept = _without_overlaps(unique, self._config.overlaps)
        if self._config.overlaps in ("error", "layers"):
            for one, other in itertools.pairwise(kept):
                if other.start < one.end:
                    raise InvalidRecord(
                        f"the entities {one.start}-{one.end} and {other.start}-{other.end} overlap "
                        f"({shorten(text[one.start : one.end])}); keep one of them, or give "
                        "--overlaps longest or first",
                        other.place,
                    )
        for _ in range(len(unique) - len(kept)):
            self._diagnostics.count(f"overlapping entities left out ({self._kept()})", place)
        return kept

    def _kept(self) -> str:
        return f"--overlaps {self._config.overlaps}"

    def _spans(
        self, entities: list[CharacterSpan], ranges: Sequence[Offsets], text: str, place: str
    ) -> list[Span]:
        """Entities as token spans. Raises `InvalidRecord` where they do not fit the tokens."""
        spans: list[Span] = []
        position = 0
        for entity in entities:
            while position < len(ranges) and ranges[position][1] <= entity.start:
                position += 1
            end = position
            while end < len(ranges) and ranges[end][0] < entity.end:
                end += 1
            quoted = f"{shorten(text[entity.start : entity.end])} as {shorten(entity.label)}"
            what = f"the entity {entity.start}-{entity.end} ({quoted})"
            if position == end:
                remedy = self._evidence.advice() or "correct its offsets"
                self._drop(f"{what} covers no token; {remedy}", entity, place)
                continue
            cut = _cut_token(entity, ranges, position, end)
            if cut is not None and self._config.align == "drop":
                self._drop("", entity, place)
                continue
            if cut is not None:
                self._widen(what, shorten(text[slice(*ranges[cut])]), entity.place or place)
            if not spans or position >= spans[-1].end:
                spans.append(Span(position, end, entity.label, entity.layer))
            elif self._config.overlaps in ("error", "layers"):
                raise InvalidRecord(
                    f"{what} shares a token with the entity before; give 'tokens' as well, or "
                    "--overlaps first",
                    entity.place,
                )
            else:
                self._diagnostics.count(f"overlapping entities left out ({self._kept()})", place)
        return spans

    def _widen(self, what: str, token: str, place: str) -> None:
        """Report an entity that ends inside a token. Raises `InvalidRecord` unless widening."""
        advice = self._evidence.advice()
        if advice or self._config.align != "expand":
            remedy = advice or (
                "correct its offsets, or give --align expand to take whole tokens, or drop"
            )
            raise InvalidRecord(f"{what} ends inside the token {token}; {remedy}", place)
        self._diagnostics.widen(place, f"{what} to the token {token}")


def _label_fault(entity: CharacterSpan) -> str:
    if not entity.label:
        return f"the entity {entity.start}-{entity.end} has an empty label"
    if SURROGATE.search(entity.label):
        return f"the label {shorten(entity.label)} holds half a surrogate pair; correct it"
    return ""


def _without_overlaps(entities: list[CharacterSpan], policy: str) -> list[CharacterSpan]:
    """Entities by start; but under ``error`` and ``layers``, no two share a character.

    ``longest`` prefers the longer and then the earlier; ``first`` the earlier, and of those that
    begin together the one that the file gives first. ``layer-1`` is ``longest``, and each next
    layer is that of the entities which are in none before: of nested ones, outer before inner.
    """
    if policy in ("error", "layers"):
        return sorted(entities, key=lambda entity: entity[:3])
    if policy.startswith("layer-"):
        return _numbered(entities).get(policy, [])
    longest = policy == "longest"
    ranked = sorted(entities, key=lambda e: (longest * (e.start - e.end), e.start))
    kept: list[CharacterSpan] = []
    for entity in ranked:
        position = bisect.bisect(kept, entity.start, key=lambda other: other.start)
        free_before = position == 0 or kept[position - 1].end <= entity.start
        if free_before and (position == len(kept) or entity.end <= kept[position].start):
            kept.insert(position, entity)
    return kept


def _numbered(entities: list[CharacterSpan]) -> dict[str, list[CharacterSpan]]:
    """Entities in layers without overlaps: the longest, then the longest of those left, …"""
    layers: dict[str, list[CharacterSpan]] = {}
    while entities:
        layers[f"layer-{len(layers) + 1}"] = taken = _without_overlaps(entities, "longest")
        known = {*taken}
        entities = [entity for entity in entities if entity not in known]
    return layers


def _cut_token(
    entity: CharacterSpan, ranges: Sequence[Offsets], start: int, end: int
) -> int | None:
    """The token that an end of the entity falls into, if there is one."""
    if ranges[start][0] < entity.start:
        return start
    return end - 1 if entity.end < ranges[end - 1][1] else None


def _join_sentences(
    cuts: Sequence[Offsets], spans: list[Span]
) -> Iterator[tuple[int, int, list[Span]]]:
    """Token ranges of sentences, with the spans in each; no boundary cuts a span."""
    within = {position for span in spans for position in range(span.start + 1, span.end)}
    whole: list[Offsets] = []
    for start, end in cuts:
        if start in within:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    rest = deque(spans)
    for start, end in whole:
        inside = []
        while rest and rest[0].start < end:
            inside.append(rest.popleft())
        yield start, end, inside


def _renumbered(sentences: list[Sentence]) -> tuple[Sentence, ...]:
    """Sentences whose documents count from 0 without gaps (a record may hold no token)."""
    numbers: dict[int, int] = {}
    for sentence in sentences:
        numbers.setdefault(sentence.document, len(numbers))
    if all(old == new for old, new in numbers.items()):
        return tuple(sentences)
    return tuple(replace(sentence, document=numbers[sentence.document]) for sentence in sentences)
