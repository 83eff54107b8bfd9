"""JSON Lines: a text and its entities on a line, by character offsets.

::

    {"text": "Merkel visited Paris.", "entities": [{"start": 15, "end": 20, "label": "LOC"}]}

Offsets are half-open and count Unicode code points (Python's ``len``), not bytes and not UTF-16
units. Two more fields make what we write readable without loss: ``tokens``, the ``[start, end]`` of
every token (the record is then one sentence), and ``document``, a number shared by the sentences of
a document. Without them the text is tokenised and cut into sentences, and each record is a
document.
"""

import itertools
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TextIO

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics, shorten
from ner.corpus.parsed import ParseResult
from ner.errors import CorpusError
from ner.text import SURROGATE, Sentence, Span
from ner.tokenize import detect_style, detect_text_style, split_sentences, tokenize

Offsets = tuple[int, int]
_SHOWN = 1000
"""Records that are looked at to choose the tokenizer."""


class _CharacterSpan(NamedTuple):
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    text: str
    entities: list[_CharacterSpan]
    tokens: list[Offsets] | None
    document: int | None


class InvalidRecord(Exception):
    """A record that cannot be used; the message says why."""


def parse_jsonl(
    lines: Iterable[tuple[int, str]], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Read numbered lines as sentences with offsets into the text of their record.

    Raises `CorpusError` (through `diagnostics`) with ``source:line`` for what is
    not JSON, has wrong fields or offsets, or an entity that ends inside a token
    (unless ``config.align`` is ``expand``).
    """
    records = list(_records(lines, source, diagnostics))
    style = config.tokenizer
    if style == "auto":
        style = detect_text_style([record.text for record in records[:_SHOWN]])
    sentences: list[Sentence] = []
    document, previous = -1, None
    for record in records:
        if record.document is None or record.document != previous:
            document += 1
        previous = record.document
        try:
            sentences += _sentences(record, style, document, config, source, diagnostics)
        except InvalidRecord as error:
            diagnostics.error(f"{source}:{record.line}", str(error))
    return ParseResult(_renumbered(sentences), "")


def _renumbered(sentences: list[Sentence]) -> tuple[Sentence, ...]:
    """Sentences whose documents count from 0 without gaps (a record may hold no token)."""
    numbers: dict[int, int] = {}
    for sentence in sentences:
        numbers.setdefault(sentence.document, len(numbers))
    if all(old == new for old, new in numbers.items()):
        return tuple(sentences)
    return tuple(
        Sentence(s.tokens, s.spans, s.offsets, numbers[s.document], s.source, s.line)
        for s in sentences
    )


def _records(
    lines: Iterable[tuple[int, str]], source: str, diagnostics: Diagnostics
) -> Iterator[_Record]:
    for number, line in lines:
        if not line.strip(" \t\r"):
            continue
        try:
            yield _record(number, parse_json(line, "text and entities"))
        except InvalidRecord as error:
            diagnostics.error(f"{source}:{number}", str(error))


def parse_json(line: str, fields: str) -> Any:
    """The value on a line, which should be an object with some `fields`. Raises `InvalidRecord`."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidRecord(
            f"is not JSON ({error}); each line is one object with {fields}"
        ) from None


def _record(number: int, value: Any) -> _Record:
    """Check the fields of a record. Raises `InvalidRecord`."""
    if not isinstance(value, dict):
        raise InvalidRecord(f"is {kind_of(value)}, not an object with text and entities")
    text = field_of(value, "text", str)
    if SURROGATE.search(text):
        raise InvalidRecord("the text holds half a surrogate pair; write whole characters or pairs")
    entities = [_entity(item, text) for item in field_of(value, "entities", list)]
    tokens, document = value.get("tokens"), value.get("document")
    if document is not None and type(document) is not int:
        raise InvalidRecord(f"'document' is {kind_of(document)}, not a whole number")
    ranges = None if tokens is None else _parse_tokens(tokens, text)
    return _Record(number, text, _ordered(entities, text), ranges, document)


_KINDS = {str: "text", list: "a list", dict: "an object", int: "a whole number"}


def kind_of(value: Any) -> str:
    """A description of the type of a value, for a message."""
    return "null" if value is None else _KINDS.get(type(value), repr(value))


def field_of(value: dict[str, Any], name: str, kind: type) -> Any:
    """A field of the right type (a boolean is not a number). Raises `InvalidRecord`."""
    if name not in value:
        raise InvalidRecord(f"lacks the field {name!r}, which is {_KINDS[kind]}")
    if type(value[name]) is not kind:
        raise InvalidRecord(f"{name!r} is {kind_of(value[name])}, not {_KINDS[kind]}")
    return value[name]


def _entity(item: Any, text: str) -> _CharacterSpan:
    """Check one entity. Raises `InvalidRecord`."""
    if type(item) is not dict:
        raise InvalidRecord(
            f"an entity is {kind_of(item)}, not an object with start, end and label"
        )
    start, end = field_of(item, "start", int), field_of(item, "end", int)
    label = field_of(item, "label", str)
    if not label:
        raise InvalidRecord(f"the entity {start}-{end} has an empty label")
    if SURROGATE.search(label):
        raise InvalidRecord(f"the label {shorten(label)} holds half a surrogate pair; correct it")
    if not 0 <= start < end <= len(text):
        raise InvalidRecord(
            f"the entity {start}-{end} ({shorten(label)}) does not lie in the text of "
            f"{len(text)} characters; offsets are half-open and count code points"
        )
    quoted = item.get("text", text[start:end])
    if quoted != text[start:end]:
        raise InvalidRecord(
            f"the entity {start}-{end} is {shorten(text[start:end])} but says {quoted!r:.60}; "
            "offsets count Unicode code points, not bytes or UTF-16 units"
        )
    return _CharacterSpan(start, end, label)


def _ordered(entities: list[_CharacterSpan], text: str) -> list[_CharacterSpan]:
    """Entities by start. Raises `InvalidRecord` if two overlap."""
    entities = sorted(entities)
    for one, other in itertools.pairwise(entities):
        if other.start < one.end:
            raise InvalidRecord(
                f"the entities {one.start}-{one.end} and {other.start}-{other.end} overlap "
                f"({shorten(text[one.start : one.end])}); keep one of them"
            )
    return entities


def _parse_tokens(tokens: Any, text: str) -> list[Offsets]:
    """Check a `tokens` field. Raises `InvalidRecord`."""
    if type(tokens) is not list:
        raise InvalidRecord(f"'tokens' is {kind_of(tokens)}, not a list of [start, end]")
    ranges: list[Offsets] = []
    last = 0
    for token in tokens:
        is_pair = type(token) is list and [type(end) for end in token] == [int, int]
        if not is_pair or not last <= token[0] < token[1] <= len(text):
            raise InvalidRecord(
                f"the token {token!r:.60} is no [start, end] from {last} on "
                f"in the text of {len(text)} characters"
            )
        ranges.append((token[0], token[1]))
        last = token[1]
    return ranges


def _sentences(
    record: _Record,
    style: str,
    document: int,
    config: DataConfig,
    source: str,
    diagnostics: Diagnostics,
) -> list[Sentence]:
    """The sentences of a record; those that share an entity are joined. Raises `InvalidRecord`."""
    ranges = tokenize(record.text, style) if record.tokens is None else record.tokens
    spans = _spans(record, ranges, config.align == "expand", source, diagnostics)
    cuts = [(0, len(ranges))] if record.tokens is not None else split_sentences(record.text, ranges)
    tokens = [record.text[start:end] for start, end in ranges]
    return [
        Sentence(
            tuple(tokens[start:end]),
            tuple(Span(s.start - start, s.end - start, s.label) for s in inside),
            tuple(ranges[start:end]),
            document,
            source,
            record.line,
        )
        for start, end, inside in _join_sentences(cuts, spans)
        if start < end
    ]


def _join_sentences(
    cuts: list[Offsets], spans: list[Span]
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


def _spans(
    record: _Record, ranges: list[Offsets], expand: bool, source: str, diagnostics: Diagnostics
) -> list[Span]:
    """Entities as token spans. Raises `InvalidRecord` where they do not fit the tokens."""
    spans: list[Span] = []
    position = 0
    for entity in record.entities:
        while position < len(ranges) and ranges[position][1] <= entity.start:
            position += 1
        start = end = position
        while end < len(ranges) and ranges[end][0] < entity.end:
            end += 1
        what = f"the entity {entity.start}-{entity.end} ({_quote(record, entity)})"
        if start == end:
            raise InvalidRecord(f"{what} covers no token; correct its offsets")
        cut = _cut_token(entity, ranges, start, end)
        if cut is not None:
            token = shorten(record.text[slice(*ranges[cut])])
            if not expand:
                raise InvalidRecord(
                    f"{what} ends inside the token {token}; correct its offsets, "
                    "or give --align expand to take whole tokens"
                )
            diagnostics.widen(f"{source}:{record.line}", f"{what} to the token {token}")
        if spans and start < spans[-1].end:
            raise InvalidRecord(
                f"{what} shares a token with the entity before; give 'tokens' as well"
            )
        spans.append(Span(start, end, entity.label))
    return spans


def _quote(record: _Record, entity: _CharacterSpan) -> str:
    return f"{shorten(record.text[entity.start : entity.end])} as {shorten(entity.label)}"


def _cut_token(entity: _CharacterSpan, ranges: list[Offsets], start: int, end: int) -> int | None:
    """The token that an end of the entity falls into, if there is one."""
    if ranges[start][0] < entity.start:
        return start
    return end - 1 if entity.end < ranges[end - 1][1] else None


def write_jsonl(sentences: Iterable[Sentence], stream: TextIO) -> None:
    """Write one record per sentence, with ``tokens`` and ``document``.

    Where a sentence has no offsets, tokens are joined by a space, or by nothing
    if they are the characters of a script without spaces. Raises `CorpusError`
    for an empty token and for a partly labelled sentence.
    """
    sentences = list(sentences)
    if partly := [sentence for sentence in sentences if sentence.partial]:
        raise CorpusError(
            f"{partly[0].place}: has tokens with an unknown tag, which JSON Lines cannot hold; "
            "write columns instead, or label them"
        )
    style = detect_style(token for sentence in sentences[:_SHOWN] for token in sentence.tokens)
    gap = "" if style == "characters" else " "
    for sentence in sentences:
        json.dump(_to_record(sentence, gap), stream, ensure_ascii=False)
        stream.write("\n")


def _to_record(sentence: Sentence, gap: str) -> dict[str, Any]:
    ranges = _token_offsets(sentence, gap)
    text = ""
    for token, (start, _) in zip(sentence.tokens, ranges, strict=True):
        text += " " * (start - len(text)) + token
    return {
        "text": text,
        "entities": [
            {"start": ranges[s.start][0], "end": ranges[s.end - 1][1], "label": s.label}
            for s in sentence.spans
        ],
        "tokens": [list(range_) for range_ in ranges],
        "document": sentence.document,
    }


def _token_offsets(sentence: Sentence, gap: str) -> list[Offsets]:
    if sentence.offsets is not None:
        first = sentence.offsets[0][0]
        return [(start - first, end - first) for start, end in sentence.offsets]
    ranges: list[Offsets] = []
    start = 0
    for token in sentence.tokens:
        if not token:
            raise CorpusError(f"{sentence.place}: an empty token cannot be written; remove it")
        ranges.append((start, start + len(token)))
        start += len(token) + len(gap)
    return ranges
