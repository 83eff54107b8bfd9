"""Patched copies of column files: the tags of corrected entities change, and no other byte.

Corrections are items of a queue. A new tag is spelled as the file spells it elsewhere, and the copy
is read again: its entities are the wanted ones, or it is refused.
"""

import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ner.config import SEPARATORS, DataConfig
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.formats import FORMATS, read
from ner.corpus.layout import HEAD, TOKEN, ColumnLayout
from ner.corpus.queue import QueueItem
from ner.corpus.records import ParseResult
from ner.errors import CorpusError, UsageError
from ner.files import open_binary, write_binary
from ner.tags import OUTSIDE, parse_tag, tags_of
from ner.text import Sentence

_CELL = re.compile("[^ \t]+")


def patch_columns(
    source: str | Path, target: str | Path, items: Sequence[QueueItem], config: DataConfig
) -> int:
    """Write a copy of a column file with the proposals of `items` in it; returns their number.

    A proposal takes the place of what is labelled and of all that it overlaps. Raises `CorpusError`
    for a file of another format, and for an item that is not in it (any more).
    """
    with open_binary(source) as file:
        raw = file.read()
    config = replace(config, format="columns" if config.format == "auto" else config.format)
    before = _read(raw, source, config)
    after = corrected(before.sentences, items)
    text = _decoded(raw, source, config.encoding)
    layout_lines = [(n, line.rstrip("\r")) for n, line in enumerate(text.split("\n")[:HEAD], 1)]
    lines = _TaggedLines(text.split("\n"), ColumnLayout(config, layout_lines, str(source)), config)
    lines.spell(before, after)
    patched = "\n".join(lines.lines).encode(config.encoding)
    if not _reads_as(patched, after, source, config):
        raise CorpusError(
            f"{source}: cannot be patched, as its tags cannot say what is proposed; convert it "
            "to other tags with ner data convert, and audit that"
        )
    with write_binary(target) as copy:
        copy.write(patched)
    return len(items)


def corrected(sentences: Sequence[Sentence], items: Iterable[QueueItem]) -> list[Sentence]:
    """Sentences with the proposals of `items` in place of what is labelled there.

    Raises `CorpusError` for an item whose sentence or label is not among them.
    """
    numbers = {(s.source, s.line): number for number, s in enumerate(sentences)}
    found = list(sentences)
    for item in items:
        number = numbers.get((item.source, item.line))
        if number is None or not item.concerns(found[number]):
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
    """Read a column file from memory, as the file `source`. Raises `CorpusError`."""
    stream = io.BytesIO(raw)
    stream.name = str(source)
    recognised = FORMATS[config.format]
    if recognised.name != "columns" or raw[:1] in (b"{", b"["):
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
        f"{source}: only column files are patched byte for byte; write the corpus as columns with "
        "ner data convert, and audit that"
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
