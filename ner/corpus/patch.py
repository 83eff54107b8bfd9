"""Patched copies of files: corrected entities change, and no byte of another line.

Corrections are items of a queue. In columns tags alone are replaced, spelled as the file spells
them elsewhere; in our JSON Lines the entities of a record. The copy is read again: its entities are
the wanted ones, or it is refused.
"""

import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ner.config import SEPARATORS, DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats import read
from ner.corpus.layout import HEAD, TOKEN, ColumnLayout
from ner.corpus.queue import QueueItem
from ner.corpus.records import ParseResult
from ner.errors import CorpusError, UsageError
from ner.files import open_binary, write_binary
from ner.tags import OUTSIDE, parse_tag, tags_of
from ner.text import Sentence, Span

_CELL = re.compile("[^ \t]+")


def patch_file(
    source: str | Path, target: str | Path, items: Sequence[QueueItem], config: DataConfig
) -> int:
    """Write a copy of a file with the proposals of `items` in it; returns their number.

    A proposal takes the place of what is labelled and of all that it overlaps. Raises `UsageError`
    for a file that is neither columns nor our JSON Lines, and `CorpusError` for an item that is not
    in it (any more).
    """
    with open_binary(source) as file:
        raw = file.read()
    config = _with_format(raw, source, config)
    before = _read(raw, source, config)
    after = corrected(before.sentences, items)
    lines = _decoded(raw, source, config.encoding).split("\n")
    if config.format == "jsonl":
        _patch_records(lines, before.sentences, after)
    else:
        head = [(number, line.rstrip("\r")) for number, line in enumerate(lines[:HEAD], 1)]
        _TaggedLines(lines, ColumnLayout(config, head, str(source)), config).spell(before, after)
    patched = "\n".join(lines).encode(config.encoding)
    if not _reads_as(patched, after, source, config):
        raise CorpusError(
            f"{source}: cannot be patched, as its labels cannot say what is proposed; convert it "
            "with ner data convert, and audit that"
        )
    with write_binary(target) as copy:
        copy.write(patched)
    return len(items)


def _with_format(raw: bytes, source: str | Path, config: DataConfig) -> DataConfig:
    """The configuration with the format of a file. Raises `UsageError` for one of no use here."""
    format = config.format
    if format == "auto":
        format = "jsonl" if raw[:1] == b"{" else "columns"
        first = raw.partition(b"\n")[0]
        if format == "jsonl" and not all(key in first for key in (b'"text"', b'"entities"')):
            raise _other_format(source)
    if format not in ("jsonl", "columns"):
        raise _other_format(source)
    return replace(config, format=format)


def _patch_records(lines: list[str], before: Sequence[Sentence], after: Sequence[Sentence]) -> None:
    """Replace the entities of records in which two readings of our JSON Lines differ."""
    for old, new in zip(before, after, strict=True):
        if old.spans != new.spans:
            record = json.loads(lines[old.line - 1].removeprefix("\ufeff"))
            gone = {_characters(old, span) for span in old.spans}
            kept = [e for e in record["entities"] if (e["start"], e["end"], e["label"]) not in gone]
            own = [
                dict(zip(("start", "end", "label"), _characters(new, s), strict=True))
                for s in new.spans
            ]
            record["entities"] = sorted([*kept, *own], key=lambda e: e["start"])
            end = "\r" if lines[old.line - 1].endswith("\r") else ""
            lines[old.line - 1] = json.dumps(record, ensure_ascii=False) + end


def _characters(sentence: Sentence, span: Span) -> tuple[int, int, str]:
    """The place of an entity in the text of its record, and its type."""
    assert sentence.offsets, "records of texts have offsets"
    return sentence.offsets[span.start][0], sentence.offsets[span.end - 1][1], span.label


def corrected(sentences: Sequence[Sentence], items: Iterable[QueueItem]) -> list[Sentence]:
    """Sentences with the proposals of `items` in place of what is labelled there.

    Raises `CorpusError` for an item whose sentence or label is not among them.
    """
    numbers = {(s.source, s.line, s.tokens): number for number, s in enumerate(sentences)}
    found = list(sentences)
    for item in items:
        number = numbers.get((item.source, item.line, item.tokens))
        if number is None:
            raise CorpusError(
                f"{item.source}:{item.line}: no sentence “{' '.join(item.tokens):.60}” begins "
                "here; the file has changed since the queue was written: audit it again"
            )
        found[number] = _corrected(found[number], item)
    return found


def _corrected(sentence: Sentence, item: QueueItem) -> Sentence:
    if item.labelled and item.labelled not in sentence.spans:
        raise CorpusError(
            f"{sentence.place}: has no entity {item.labelled.label} at the tokens "
            f"[{item.labelled.start}, {item.labelled.end}), which the queue corrects; another "
            "line of the queue may have changed it: keep one of them"
        )
    new = item.proposed
    kept = [
        span
        for span in sentence.spans
        if span != item.labelled and not (new and span.start < new.end and new.start < span.end)
    ]
    return replace(sentence, spans=tuple(sorted([*kept, *([new] if new else [])])))


def _read(raw: bytes, source: str | Path, config: DataConfig) -> ParseResult:
    """Read a file from memory, as the file `source`. Raises `CorpusError`."""
    stream = io.BytesIO(raw)
    stream.name = str(source)
    if config.format == "columns" and raw[:1] in (b"{", b"["):
        raise _other_format(source)
    return read(stream, config, Diagnostics(strict=config.strict))


def _reads_as(
    raw: bytes, wanted: Sequence[Sentence], source: str | Path, config: DataConfig
) -> bool:
    """Tell if a file is read as these sentences."""
    try:
        found = _read(raw, source, config).sentences
    except CorpusError:
        return False
    return [(s.tokens, s.spans) for s in found] == [(s.tokens, s.spans) for s in wanted]


def _other_format(source: str | Path) -> UsageError:
    return UsageError(
        f"{source}: only columns and our JSON Lines are patched byte for byte; write the corpus as "
        "columns with ner data convert, and audit that"
    )


def _decoded(raw: bytes, source: str | Path, encoding: str) -> str:
    """The text of a file, if it gives the same bytes again. Raises `UsageError`."""
    text = raw.decode(encoding)
    if text.encode(encoding) != raw:
        raise _other_format(source)
    return text


class _TaggedLines:
    """The lines of a file, of which tags can be replaced."""

    def __init__(self, lines: list[str], layout: ColumnLayout, config: DataConfig) -> None:
        self.lines = lines
        self._layout = layout
        self._separator = SEPARATORS.get(config.separator, config.separator)

    def spell(self, before: ParseResult, after: Sequence[Sentence]) -> None:
        """Replace the tags in which two readings of the file differ."""
        scheme = before.scheme or "iob2"
        usual = self._spellings(before.sentences, scheme)
        for old, new in zip(before.sentences, after, strict=True):
            if old.spans != new.spans:
                tags = zip(_tags(old, scheme), _tags(new, scheme), strict=True)
                for line, (one, other) in zip(self._rows(old), tags, strict=False):
                    if one != other:
                        self._replace(line, _spelled(other, usual))

    def _spellings(self, sentences: Iterable[Sentence], scheme: str) -> Mapping[str, str]:
        """The usual cell of each tag; nothing where tags are spelled as we spell them.

        Cells may differ from tags for another reason, too: these are repaired.
        """
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for sentence in sentences:
            if not sentence.partial:
                for line, tag in zip(self._rows(sentence), _tags(sentence, scheme), strict=False):
                    start, end = self._range(line)
                    counts[tag][self.lines[line][start:end]] += 1
        if any(tag != OUTSIDE and found[tag] for tag, found in counts.items()):
            return {}
        return {tag: found.most_common(1)[0][0] for tag, found in counts.items()}

    def _rows(self, sentence: Sentence) -> Iterator[int]:
        """The numbers, from 0, of the lines of the tokens of a sentence."""
        line = sentence.line - 1
        for token in sentence.tokens:
            rows = (self._layout.row(text) for text in self._from(line))
            line += next(i for i, row in enumerate(rows) if (row.kind, row.token) == (TOKEN, token))
            yield line
            line += 1

    def _from(self, line: int) -> Iterator[str]:
        texts = map(self.lines.__getitem__, range(line, len(self.lines)))
        return (text.rstrip("\r").removeprefix("\ufeff") for text in texts)

    def _range(self, line: int) -> tuple[int, int]:
        """The characters of the tag of a line."""
        text = self.lines[line].rstrip("\r")
        if not self._separator:
            return [match.span() for match in _CELL.finditer(text)][self._layout.tag]
        cells = text.split(self._separator)
        start = sum(len(cell) + 1 for cell in cells[: self._layout.tag])
        cell = cells[self._layout.tag]
        start += len(cell) - len(cell.lstrip(" \t"))
        return start, start + len(cell.strip(" \t"))

    def _replace(self, line: int, tag: str) -> None:
        start, end = self._range(line)
        self.lines[line] = self.lines[line][:start] + tag + self.lines[line][end:]


def _spelled(tag: str, usual: Mapping[str, str]) -> str:
    """The cell of a tag: that of the file, or like that of the same prefix with another type."""
    prefix, label = parse_tag(tag)
    if tag in usual or not label:
        return usual.get(tag, tag)
    for known, cell in usual.items():
        other = parse_tag(known)
        if other.prefix == prefix and other.label and other.label in cell:
            return cell.replace(other.label, label)
    return tag


def _tags(sentence: Sentence, scheme: str) -> list[str]:
    return tags_of(sentence.spans, len(sentence), scheme)
