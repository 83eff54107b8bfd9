"""Column files: a token and its tag on a line, an empty line after each sentence.

Columns are separated by runs of spaces or tabs and nothing else, so a no-break space, an
ideographic space or a zero-width character stays in its token. ``-DOCSTART-`` lines start a new
document (CoNLL-2003); the whole file decides the tag scheme. A tag may be unknown (``?``):
`ner.corpus.partial` reads what the others tell.
"""

import functools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics, shorten
from ner.corpus.parsed import ParseResult
from ner.corpus.partial import known_tags, read_partial_labels, with_partial_labels
from ner.errors import CorpusError
from ner.tags import (
    OUTSIDE,
    TAG_UNKNOWN,
    SchemeCounts,
    illegal_positions,
    parse_tag,
    scheme_named,
    spans_of,
)
from ner.text import Sentence, Span

DOCSTART = "-DOCSTART-"


def is_comment(line: str) -> bool:
    """Recognise a line of metadata as in CoNLL-U files."""
    return line.startswith("# ") or line == "#"


@dataclass(slots=True)
class Block:
    """The lines of one sentence."""

    document: int
    tokens: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def parse_columns(
    lines: Iterable[tuple[int, str]], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Read numbered lines as sentences with spans.

    Raises `CorpusError` (through `diagnostics`) with ``source:line`` for lines
    that do not fit and, if strict, for illegal tag sequences.
    """
    bare = config.scheme != "auto" and scheme_named(config.scheme).name == "io"
    layout = _ColumnLayout(config, source, diagnostics, bare)
    return parse_blocks(list(_blocks(lines, layout, config.comments)), config, source, diagnostics)


def parse_blocks(
    blocks: Sequence[Block], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Turn tokens with tags into a sentence for each block.

    Raises `CorpusError` (through `diagnostics`) for illegal tag sequences, if strict.
    """
    scheme = "" if config.scheme == "auto" else scheme_named(config.scheme).name
    scheme = scheme or _detect(blocks, config.unknown_tag or None)
    sentences = (
        _partial_sentence(block, source, scheme, config.unknown_tag, diagnostics)
        if config.unknown_tag in block.tags
        else _sentence(block, source, scheme, diagnostics)
        for block in blocks
    )
    return ParseResult(tuple(sentences), scheme)


def _blocks(
    lines: Iterable[tuple[int, str]], layout: "_ColumnLayout", comments: bool
) -> Iterator[Block]:
    """Group lines into sentences; a document gets its number with its first sentence."""
    document, filled = 0, False
    block = Block(document)
    for number, line in lines:
        if comments and is_comment(line):
            continue
        parts = [part for part in line.replace("\t", " ").split(" ") if part]
        if parts and parts[0] != DOCSTART:
            layout.put(block, line, parts, number)
            continue
        if block.tokens:
            yield block
            filled = True
        if parts and filled:
            document, filled = document + 1, False
        block = Block(document)
    if block.tokens:
        yield block


class _ColumnLayout:
    """The columns of token and tag in one file; the first line decides their number."""

    def __init__(
        self, config: DataConfig, source: str, diagnostics: Diagnostics, bare: bool
    ) -> None:
        self._token, self._tag = config.token_column, config.tag_column
        self._unknown = config.unknown_tag
        self._source, self._diagnostics, self._bare = source, diagnostics, bare
        self._width, self._first = 0, 0

    def put(self, block: Block, line: str, parts: list[str], number: int) -> None:
        """Add a line to its sentence, or report what is wrong with it."""
        wrong = self._misfit(parts, number) or self._unfit(line, parts[self._tag])
        if wrong:
            self._diagnostics.error(f"{self._source}:{number}", wrong)
            return
        block.tokens.append(sys.intern(parts[self._token]))
        block.tags.append(sys.intern(parts[self._tag]))
        block.lines.append(number)

    def _misfit(self, parts: list[str], number: int) -> str:
        """A message about a wrong number of columns, or ""."""
        width = len(parts)
        if width == self._width:
            return ""
        text = shorten(" ".join(parts))
        if width == 1:
            return f"one column only ({text}); a line is a token and a tag with a space between"
        if self._width:
            return (
                f"{width} columns where line {self._first} has {self._width} ({text}); "
                "spaces and tabs separate columns, so no token can hold one"
            )
        for name, column in (("token", self._token), ("tag", self._tag)):
            if not -width <= column < width:
                return (
                    f"no column {column} among {width} ({text}); "
                    f"choose --{name}-column from {-width} to {width - 1}"
                )
        if self._token % width == self._tag % width:
            return f"token and tag are both column {self._token % width} ({text}); see --tag-column"
        self._width, self._first = width, number
        return ""

    def _unfit(self, line: str, tag: str) -> str:
        """A message about a wrong character in the line or a malformed tag, or ""."""
        if "\r" in line:
            return f"a carriage return within the line ({shorten(line)}); end lines with \\n"
        try:
            if tag != self._unknown:
                parse_tag(tag, self._bare)
        except CorpusError as error:
            return str(error).replace(repr(tag), shorten(tag))
        return ""


def _runs(tags: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The stretches between ``O`` tags: where each starts and its tags.

    ``O`` ends whatever stands before it, so each stretch can be read alone;
    there are few different ones in a corpus.
    """
    start = 0
    for position, tag in enumerate([*tags, OUTSIDE]):
        if tag == OUTSIDE:
            if start < position:
                yield start, tuple(tags[start:position])
            start = position + 1


def _detect(blocks: Iterable[Block], unknown: str | None) -> str:
    """The scheme of a file, or "" if it has no entity."""
    counts, seen = SchemeCounts(unknown), False
    for block in blocks:
        for _, run in _runs(block.tags):
            counts.add(run)
            seen = seen or {*run} != {unknown}
    return counts.scheme() if seen else ""


@functools.lru_cache(maxsize=16384)
def _read_run(run: tuple[str, ...], scheme: str) -> tuple[tuple[Span, ...], tuple[int, ...]]:
    """The spans of a stretch of tags, and its positions that are illegal in the scheme."""
    tags = [parse_tag(tag, scheme == "io") for tag in run]
    return tuple(spans_of(tags)), tuple(illegal_positions(tags, scheme))


def _sentence(block: Block, source: str, scheme: str, diagnostics: Diagnostics) -> Sentence:
    spans: list[Span] = []
    for start, run in _runs(block.tags):
        found, illegal = _read_run(run, scheme)
        spans.extend(Span(start + s.start, start + s.end, s.label) for s in found)
        for position in illegal:
            _repair(block, start + position, source, scheme, diagnostics)
    return Sentence(
        tuple(block.tokens),
        tuple(spans),
        document=block.document,
        source=source,
        line=block.lines[0],
    )


def _partial_sentence(
    block: Block, source: str, scheme: str, unknown: str, diagnostics: Diagnostics
) -> Sentence:
    tags = [TAG_UNKNOWN if t == unknown else parse_tag(t, scheme == "io") for t in block.tags]
    annotation = read_partial_labels(tags, scheme or "iob2")
    for position in annotation.illegal:
        _repair(block, position, source, scheme, diagnostics)
    sentence = Sentence(
        tuple(block.tokens), document=block.document, source=source, line=block.lines[0]
    )
    return with_partial_labels(sentence, annotation.labels)


def _repair(
    block: Block, position: int, source: str, scheme: str, diagnostics: Diagnostics
) -> None:
    location = f"{source}:{block.lines[position]}"
    diagnostics.repair(location, _illegal(block.tags, position, scheme))


def _illegal(tags: Sequence[str], position: int, scheme: str) -> str:
    """Describe an illegal place with its neighbours."""
    before = shorten(tags[position - 1]) if position else "the start"
    after = shorten(tags[position + 1]) if position + 1 < len(tags) else "the end"
    return f"{shorten(tags[position])} between {before} and {after} is illegal in {scheme}"


_UNWRITABLE = re.compile("[ \t\r\n\0]")


def write_columns(
    sentences: Iterable[Sentence], stream: TextIO, scheme: str = "iob2", unknown: str = "?"
) -> None:
    """Write sentences as two columns, token and tag, with a tab between.

    A tag is `unknown` where more than one agrees with what is known. A tab and not a space, so that
    the token ``#`` never looks like a comment. Documents, if there are several, start with a
    ``-DOCSTART-`` line. Raises `CorpusError` for a token or type that a column file cannot hold.
    """
    sentences = list(sentences)
    several = any(sentence.document != sentences[0].document for sentence in sentences)
    document: int | None = None
    if sentences and sentences[0].tokens[0].startswith("\ufeff"):
        stream.write("\n")  # else the reader would take it for a byte order mark
    for sentence in sentences:
        if several and sentence.document != document:
            stream.write(f"{DOCSTART}\t{OUTSIDE}\n\n")
        document = sentence.document
        _check_writable(sentence)
        pairs = zip(sentence.tokens, known_tags(sentence, scheme), strict=True)
        stream.write("".join(f"{token}\t{tag or unknown}\n" for token, tag in pairs))
        stream.write("\n")


def _check_writable(sentence: Sentence) -> None:
    """Refuse what would be read back as something else. Raises `CorpusError`."""
    for text in (*sentence.tokens, *sorted(sentence.labels)):
        if not text or text == DOCSTART or _UNWRITABLE.search(text):
            raise CorpusError(
                f"{sentence.place}: {shorten(text)} cannot stand in a column file "
                "(empty, a separator in it, or a document mark); write JSON Lines instead"
            )
