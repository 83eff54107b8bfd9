"""Sentences as tokens and tags, of whatever format: spelling, scheme and spans.

The whole file decides the spelling of the tags (`ner.corpus.spelling`) and their scheme. A tag may
be unknown (``?``): `ner.corpus.partial` reads what the others tell.
"""

import functools
import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ner.corpus.partial import read_partial_labels, with_partial_labels
from ner.corpus.records import InvalidRecord, ParseContext, ParseResult, TaggedRecord, named_label
from ner.corpus.spelling import read_spelling
from ner.errors import shorten
from ner.tags import (
    OUTSIDE,
    TAG_UNKNOWN,
    SchemeCounts,
    illegal_positions,
    parse_tag,
    scheme_named,
    spans_of,
)
from ner.text import SURROGATE, Sentence, Span
from ner.tokenize import split_sentences

Wording = Mapping[str, str]
_DIGITS = 9


def parse_tagged_records(records: Iterable[TaggedRecord], context: ParseContext) -> ParseResult:
    """Turn records into sentences with spans; the whole file decides the tag scheme.

    Raises `CorpusError` (through the diagnostics) with ``source:line`` for empty tokens, malformed
    tags and, if strict, for illegal tag sequences.
    """
    checked: list[TaggedRecord] = []
    documents: dict[int | None, int] = {}
    for record in records:
        fault = _fault(record)
        if fault:
            context.error(*fault)
        elif record.tokens:
            number = documents.setdefault(record.document, len(documents))
            tokens, tags = map(sys.intern, record.tokens), map(sys.intern, record.tags)
            checked.append(record._replace(tokens=[*tokens], tags=tuple(tags), document=number))
    return parse_checked_records(checked, context)


def parse_checked_records(records: list[TaggedRecord], context: ParseContext) -> ParseResult:
    """`parse_tagged_records` for records that hold good tokens and the numbers of documents.

    Raises `CorpusError` (through the diagnostics) for what is no tag and, if strict, for illegal
    sequences.
    """
    config = context.config
    scheme = "" if config.scheme == "auto" else scheme_named(config.scheme).name
    records = _spelled(records, context)
    if config.split_sentences:
        records = [part for record in records for part in _split(record)]
    scheme = scheme or _detect(records, config.unknown_tag or None)
    sentences = (
        _partial_sentence(record, scheme, context)
        if config.unknown_tag in record.tags
        else _sentence(record, scheme, context)
        for record in records
    )
    return ParseResult(tuple(sentences), scheme)


def _fault(record: TaggedRecord) -> tuple[int, str] | None:
    """The line and message of what is wrong with a record."""
    if len(record.tokens) != len(record.tags):
        tokens, tags = len(record.tokens), len(record.tags)
        return record.lines[0], f"there are {tokens} tokens but {tags} tags; each needs one"
    together = "".join(record.tokens) + "".join(record.tags)
    sound = together.isascii() or not SURROGATE.search(together)
    if sound and all(map(str.strip, record.tokens)):
        return None  # the short way of nearly every sentence
    for token, tag, line in zip(record.tokens, record.tags, record.lines, strict=True):
        if not token.strip():
            return line, f"the token {token!r:.60} is empty; give it some text, or leave it out"
        if SURROGATE.search(token) or SURROGATE.search(tag):
            return line, f"half a surrogate pair in the token {shorten(token)} or its tag"
    return None


def _spelled(records: list[TaggedRecord], context: ParseContext) -> list[TaggedRecord]:
    """The records with their tags in the usual spelling; lines without a tag are reported."""
    config = context.config
    tags = {tag for record in records for tag in record.tags} - {config.unknown_tag}
    names, nameless = _numbered(tags, config.labels, bare=config.scheme == "io")
    tags = {names.get(tag, tag) for tag in tags - nameless.keys()}
    spelling = read_spelling(tags, config.scheme, config.label)
    if spelling.note:
        context.diagnostics.note(context.source, spelling.note)
    for reads_as, wrong in ((names, nameless), (spelling.reads_as, spelling.wrong)):
        if reads_as or wrong:
            records = [_renamed(record, reads_as, wrong, context) for record in records]
    return [record for record in records if record.tokens]


def _numbered(tags: Iterable[str], labels: str, *, bare: bool) -> tuple[Wording, Wording]:
    """The names of tags that are numbers, and messages about those without one.

    Without `labels`, a 0 may stand for O, and any number for a type where types may be `bare`.
    """
    numbers = {tag for tag in tags if tag.isdecimal() and tag.isascii() and len(tag) <= _DIGITS}
    if not labels and (bare or numbers <= {"0"}):
        return {}, {}
    names: dict[str, str] = {}
    nameless: dict[str, str] = {}
    for tag in numbers:
        try:
            names[tag] = named_label(int(tag), labels)
        except InvalidRecord as error:
            nameless[tag] = str(error)
    return names, nameless


def _renamed(
    record: TaggedRecord, reads_as: Wording, wrong: Wording, context: ParseContext
) -> TaggedRecord:
    """A record with its tags as they are read, and without its lines of wrong ones."""
    if wrong:
        record = _without(record, wrong, context)
    return record._replace(tags=tuple(reads_as.get(tag, tag) for tag in record.tags))


def _without(record: TaggedRecord, wrong: Wording, context: ParseContext) -> TaggedRecord:
    """A record without its lines of wrong tags, each of which is reported."""
    kept = []
    for position, tag in enumerate(record.tags):
        if tag in wrong:
            context.error(record.lines[position], wrong[tag])
        else:
            kept.append(position)
    return record.of(kept)


def _split(record: TaggedRecord) -> Iterator[TaggedRecord]:
    """Split a record into sentences as raw text is split, never within an entity."""
    ends = list(itertools.accumulate(len(token) + 1 for token in record.tokens))
    offsets = [
        (end - len(token) - 1, end - 1) for end, token in zip(ends, record.tokens, strict=True)
    ]
    start = 0
    for _, end in split_sentences(" ".join(record.tokens), offsets):
        if end == len(record.tags) or OUTSIDE in record.tags[end - 1 : end + 1]:
            yield record.of(range(start, end))
            start = end


def _runs(tags: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The stretches between ``O`` tags: where each starts and its tags.

    ``O`` ends whatever stands before it, so each stretch can be read alone;
    there are few different ones in a corpus.
    """
    inside = [position for position, tag in enumerate(tags) if tag != OUTSIDE]
    first = 0
    for i, position in enumerate(inside, 1):
        if i == len(inside) or inside[i] != position + 1:
            start = inside[first]
            yield start, tuple(tags[start : position + 1])
            first = i


def _detect(records: Iterable[TaggedRecord], unknown: str | None) -> str:
    """The scheme of a file, or "" if it has no entity."""
    times = Counter(run for record in records for _, run in _runs(record.tags))
    counts = SchemeCounts(unknown)
    for run, number in times.items():
        counts.add(run, number)
    return counts.scheme() if any({*run} != {unknown} for run in times) else ""


@functools.lru_cache(maxsize=16384)
def _read_run(run: tuple[str, ...], scheme: str) -> tuple[tuple[Span, ...], tuple[int, ...]]:
    """The spans of a stretch of tags, and its positions that are illegal in the scheme."""
    tags = [parse_tag(tag, scheme == "io") for tag in run]
    return tuple(spans_of(tags)), tuple(illegal_positions(tags, scheme))


def _sentence(record: TaggedRecord, scheme: str, context: ParseContext) -> Sentence:
    spans: list[Span] = []
    for start, run in _runs(record.tags):
        found, illegal = _read_run(run, scheme)
        spans.extend(Span(start + s.start, start + s.end, s.label) for s in found)
        for position in illegal:
            _repair(record, start + position, scheme, context)
    return _placed(record, context.source, tuple(spans))


def _placed(record: TaggedRecord, source: str, spans: tuple[Span, ...] = ()) -> Sentence:
    document, line = record.document or 0, record.lines[0]
    return Sentence(tuple(record.tokens), spans, record.offsets, document, source, line)


def _partial_sentence(record: TaggedRecord, scheme: str, context: ParseContext) -> Sentence:
    unknown = context.config.unknown_tag
    tags = [TAG_UNKNOWN if t == unknown else parse_tag(t, scheme == "io") for t in record.tags]
    annotation = read_partial_labels(tags, scheme or "iob2")
    for position in annotation.illegal:
        _repair(record, position, scheme, context)
    return with_partial_labels(_placed(record, context.source), annotation.labels)


def _repair(record: TaggedRecord, position: int, scheme: str, context: ParseContext) -> None:
    location = f"{context.source}:{record.lines[position]}"
    context.diagnostics.repair(location, _illegal(record.tags, position, scheme))


def _illegal(tags: Sequence[str], position: int, scheme: str) -> str:
    """Describe an illegal place with its neighbours."""
    before = shorten(tags[position - 1]) if position else "the start"
    after = shorten(tags[position + 1]) if position + 1 < len(tags) else "the end"
    return f"{shorten(tags[position])} between {before} and {after} is illegal in {scheme}"
